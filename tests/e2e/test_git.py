"""Git over HTTP, as real git and unusual clients speak it: branches, turns, protocols, large packs, wrong tokens."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.e2e.platform import Platform, commit, eventually, git, git_environment, git_run, repository

NOTHING = "0" * 40


@pytest.fixture
def app(platform: Platform, tmp_path: Path) -> tuple[str, Path]:
    """An app that runs a static site, and its repository."""
    name = platform.create()
    folder = repository(tmp_path / "app", "static_site")
    push = platform.push(folder, name)
    assert push.accepted, push.output
    return name, folder


def head(platform: Platform, folder: Path, app: str, ref: str = "refs/heads/main") -> str:
    """Where the platform's branch points to."""
    listed = git(folder, "ls-remote", platform.git_url(app), ref)
    return listed.split()[0] if listed else ""


def test_the_bare_domain_takes_pushes_too(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    commit(folder, {"index.html": "over the bare domain"})
    url = platform.git_url(name).replace("@git.", "@")

    assert git_run(folder, "push", url, "HEAD:main").returncode == 0

    assert "over the bare domain" in platform.get(name).text


def test_https_takes_pushes_with_the_local_authority(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    commit(folder, {"index.html": "over https"})
    url = f"https://any:{platform.token}@git.{platform.info['domain']}:{platform.info['https_port']}/{name}.git"

    done = git_run(folder, "-c", f"http.sslCAInfo={platform.info['ca_file']}", "push", url, "HEAD:main")

    assert done.returncode == 0, done.stderr
    assert "over https" in platform.get(name).text


@pytest.mark.parametrize("version", ["0", "2"])
def test_protocol_versions_push_and_clone(
    platform: Platform, app: tuple[str, Path], tmp_path: Path, version: str
) -> None:
    name, folder = app
    commit(folder, {"index.html": f"protocol {version}"})

    assert (
        git_run(folder, "-c", f"protocol.version={version}", "push", platform.git_url(name), "HEAD:main").returncode
        == 0
    )
    git(tmp_path, "-c", f"protocol.version={version}", "clone", "--quiet", platform.git_url(name), "copy")

    assert (tmp_path / "copy" / "index.html").read_text() == f"protocol {version}"


def test_other_branches_and_tags_are_kept_and_not_deployed(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    before = platform.current_release(name)
    made = commit(folder, {"index.html": "not yet"})

    push = platform.push(folder, name, "HEAD:refs/heads/feature")

    assert push.accepted
    assert "nothing was deployed" in push.output
    assert "feature:main" in push.output
    assert head(platform, folder, name, "refs/heads/feature") == made
    assert platform.current_release(name) == before


def test_master_deploys_too(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    commit(folder, {"index.html": "from master"})

    assert platform.push(folder, name, "HEAD:refs/heads/master").accepted

    assert "from master" in platform.get(name).text


def test_main_and_master_at_once_are_refused(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    commit(folder, {"index.html": "both"})

    both = git_run(folder, "push", platform.git_url(name), "HEAD:main", "HEAD:master")

    assert both.returncode != 0
    assert "only one of them can be deployed" in both.stderr
    assert "both" not in platform.get(name).text


def test_deleting_the_deployed_branch_is_refused(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app

    push = platform.push(folder, name, ":refs/heads/main")

    assert not push.accepted
    assert "can't be deleted" in push.output
    assert platform.get(name).status_code == 200


def test_a_forced_push_deploys_an_older_commit(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    first = git(folder, "rev-parse", "HEAD").strip()
    commit(folder, {"index.html": "newer"})
    assert platform.push(folder, name).accepted

    assert not platform.push(folder, name, f"{first}:refs/heads/main").accepted
    assert platform.push(folder, name, f"+{first}:refs/heads/main").accepted

    assert "newer" not in platform.get(name).text
    assert head(platform, folder, name) == first


def test_of_two_pushes_at_once_one_waits_and_is_told_so(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    folder = repository(tmp_path / "app", "python_flask", {"Procfile": "web: gunicorn app:app\nrelease: sleep 3\n"})
    assert platform.push(folder, name).accepted
    first = commit(folder, {"greeting.txt": "first"})
    other = tmp_path / "other"
    git(tmp_path, "clone", "--quiet", str(folder), str(other))
    commit(other, {"greeting.txt": "second"})

    with ThreadPoolExecutor() as pool:
        one = pool.submit(platform.push, folder, name, f"{first}:refs/heads/main")
        eventually(lambda: platform.containers(f"paas.app-name={name}", "paas.kind=release"))
        two = pool.submit(platform.push, other, name)
        pushes = [one.result(), two.result()]

    assert pushes[0].accepted, pushes[0].output
    assert "Another push to this app is under way" in pushes[1].output
    # The branch moved while it waited: it must not go live and be refused by git afterwards.
    assert not pushes[1].accepted
    assert "main" in pushes[1].output
    assert "first" in platform.get(name).text
    assert platform.push(other, name).accepted
    assert "second" in platform.get(name).text


def test_when_the_pusher_goes_away_the_build_goes_on_and_the_branch_moves(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    folder = repository(
        tmp_path / "app",
        "python_flask",
        {"greeting.txt": "left alone", "Procfile": "web: gunicorn app:app\nrelease: sleep 2\n"},
    )
    made = git(folder, "rev-parse", "HEAD").strip()
    pusher = subprocess.Popen(
        ["git", "push", platform.git_url(name), "HEAD:refs/heads/main"], cwd=folder, env=git_environment(),
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    eventually(lambda: platform.containers(f"paas.app-name={name}", "paas.kind=release"))

    os.killpg(pusher.pid, 9)
    pusher.wait()

    eventually(lambda: "left alone" in platform.get(name).text)
    eventually(lambda: head(platform, folder, name) == made)


def test_a_missing_app_says_how_to_create_it(platform: Platform, app: tuple[str, Path]) -> None:
    _, folder = app

    push = platform.push(folder, "no-such-app")

    assert not push.accepted
    assert "paas create no-such-app" in push.output
    assert platform.api("GET", "/apps/no-such-app").status_code == 404


@pytest.mark.parametrize("token", ["", "wrong", "paas-" + "0" * 64])
def test_wrong_tokens_are_turned_away(platform: Platform, app: tuple[str, Path], token: str) -> None:
    name, folder = app

    done = git_run(folder, "push", platform.git_url(name, token=token), "HEAD:main")

    assert done.returncode != 0
    assert "Authentication failed" in done.stderr or "could not read Password" in done.stderr


def test_anothers_app_looks_as_if_it_did_not_exist(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    stranger = platform.stranger()

    push = git_run(folder, "push", platform.git_url(name, token=stranger), "HEAD:main")

    assert push.returncode != 0
    assert f"There is no app {name} that you may push to" in push.stderr


def test_a_pack_of_two_hundred_megabytes_passes_without_being_held_in_memory(
    platform: Platform, app: tuple[str, Path]
) -> None:
    name, folder = app
    (folder / "large.bin").write_bytes(os.urandom(200 * 1024 * 1024))
    commit(folder, {})
    web = platform.pids("web")
    before = peak(web)

    push = platform.push(folder, name, "HEAD:refs/heads/large")

    assert push.accepted, push.output
    assert head(platform, folder, name, "refs/heads/large")
    assert peak(web) - before < 40 * 1024, "kilobytes more than before the push"


def peak(pids: list[int]) -> int:
    """The largest resident size (kB) that any of the processes ever had (proc(5), VmHWM)."""
    sizes = []
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                sizes.append(int(line.split()[1]))
    return max(sizes)


def test_gzip_and_chunked_bodies_are_understood(platform: Platform, app: tuple[str, Path]) -> None:
    name, folder = app
    want = head(platform, folder, name)
    lines = [f"want {want} no-progress\n", "", "done\n"]
    body = b"".join(f"{len(text) + 4:04x}{text}".encode() if text else b"0000" for text in lines)
    url = f"http://127.0.0.1:{platform.info['http_port']}/{name}.git/git-upload-pack"
    headers = {"Host": f"git.{platform.info['domain']}", "Content-Type": "application/x-git-upload-pack-request"}

    zipped = requests.post(
        url,
        gzip.compress(body),
        auth=("any", platform.token),
        headers={**headers, "Content-Encoding": "gzip"},
        timeout=30,
    )
    chunked = requests.post(url, (bytes([b]) for b in body), auth=("any", platform.token), headers=headers, timeout=30)

    for answer in (zipped, chunked):
        assert answer.status_code == 200, answer.text
        assert b"PACK" in answer.content


def test_a_client_that_stops_in_the_middle_leaves_nothing_behind(platform: Platform, app: tuple[str, Path]) -> None:
    name, _ = app
    head_lines = (
        f"POST /{name}.git/git-receive-pack HTTP/1.1\r\nHost: git.{platform.info['domain']}\r\nContent-Length: 100000\r\n"
        f"Authorization: Basic {requests.auth._basic_auth_str('any', platform.token).split()[1]}\r\n"
        "Content-Type: application/x-git-receive-pack-request\r\n\r\n0000"
    )
    with socket.create_connection(("127.0.0.1", platform.info["http_port"])) as client:
        client.sendall(head_lines.encode())
        eventually(lambda: any("http-backend" in command(pid) for pid in platform.pids("web")))

    eventually(lambda: not any("http-backend" in command(pid) for pid in platform.pids("web")))
    assert platform.get(name).status_code == 200


def command(pid: int) -> str:
    """A process's command line; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd.git/info/refs?service=git-upload-pack",
        "/%2e%2e%2fsecret.git/info/refs?service=git-upload-pack",
        "/{app}.git/HEAD",
        "/{app}.git/objects/info/packs",
        "/{app}.git/config",
        "/{app}.git/info/refs?service=git-evil",
        "/{app}.git/info/refs",
        "/internal/pushes/guess?branch=main&old=0&new=0",
    ],
)
def test_only_the_smart_protocol_is_served(platform: Platform, app: tuple[str, Path], path: str) -> None:
    name, _ = app
    url = f"http://127.0.0.1:{platform.info['http_port']}{path.format(app=name)}"

    answer = requests.get(
        url, auth=("any", platform.token), headers={"Host": f"git.{platform.info['domain']}"}, timeout=30
    )

    assert answer.status_code in (403, 404, 405)


def test_many_clients_cloning_at_once_are_all_served(platform: Platform, app: tuple[str, Path], tmp_path: Path) -> None:
    name, _ = app
    results: list[int] = []

    def clone(number: int) -> None:
        results.append(git_run(tmp_path, "clone", "--quiet", platform.git_url(name), f"copy-{number}").returncode)

    threads = [threading.Thread(target=clone, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [0] * 12
