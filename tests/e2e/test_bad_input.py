"""Bad input from every side: a clear error each, nothing lost, nothing executed."""

from __future__ import annotations

import functools
import http.server
import io
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.platform import Platform, commit, eventually, repository

Archive = Callable[[tarfile.TarFile], None]


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "Upper",
        "1digit",
        "dash-",
        "-dash",
        "under_score",
        "a" * 31,
        "api",
        "console",
        "x; rm -rf /",
        "$(id)",
        "../up",
        "a\nb",
        "é-clair",
    ],
)
def test_app_names(platform: Platform, name: str) -> None:
    answer = platform.api("POST", "/apps", {"name": name})

    assert answer.status_code == 422
    assert answer.json()["id"] == "invalid_params"
    assert "name" in answer.json()["message"].lower()


@pytest.mark.parametrize(
    "changes",
    [
        {"1A": "x"},
        {"A-B": "x"},
        {"": "x"},
        {"A=B": "x"},
        {"PORT": "80"},
        {"DYNO": "web.9"},
        {"A": "with\0nul"},
        {"A": "x" * 33_000},
        {"A": 1},
        {"A": ["x"]},
    ],
)
def test_config_vars_that_are_refused_change_nothing(platform: Platform, changes: dict[str, object]) -> None:
    name = platform.create()
    assert platform.api("PATCH", f"/apps/{name}/config-vars", {"KEPT": "yes"}).ok

    answer = platform.api("PATCH", f"/apps/{name}/config-vars", {"OTHER": "x", **changes})

    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["message"]
    assert platform.api("GET", f"/apps/{name}/config-vars").json() == {"KEPT": "yes"}


@pytest.mark.parametrize(
    "value", ["two\nlines", "'single' \"double\" `back` $HOME $(id) \\", "tab\t", "  spaces  ", "ünï😀", "x" * 30_000]
)
def test_any_other_value_reaches_the_process_as_it_is(platform: Platform, value: str, printer: str) -> None:
    assert platform.api("PATCH", f"/apps/{printer}/config-vars", {"GIVEN": value}).ok

    eventually(lambda: platform.get(printer, "/env/GIVEN").content.decode() == value)


@pytest.fixture(scope="module")
def printer(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app that answers with its config vars."""
    name = platform.create()
    push = platform.push(repository(tmp_path_factory.mktemp("printer") / "app", "python_flask"), name)
    assert push.accepted, push.output
    return name


@pytest.mark.parametrize(
    "procfile",
    [
        "no colon here\n",
        "web gunicorn\n",
        ": nothing\n",
        "we b: x\n",
        "\x00\x01\x02\n",
        "# only a comment\n",
        "web:\n",
        "w" * 40 + ": x\n",
    ],
)
def test_procfiles_that_say_nothing(platform: Platform, tmp_path: Path, procfile: str) -> None:
    name = platform.create()

    push = platform.push(repository(tmp_path / "app", "python_flask", {"Procfile": procfile}), name)

    assert not push.accepted
    assert "Procfile" in push.output
    assert "Traceback" not in push.output


def test_a_procfile_is_not_executed_while_it_is_read(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    procfile = "web: gunicorn app:app\nodd: $(touch /tmp/owned) `touch /tmp/owned`; touch /tmp/owned \"' \\\n"

    push = platform.push(repository(tmp_path / "app", "python_flask", {"Procfile": procfile}), name)

    assert push.accepted, push.output
    assert not Path("/tmp/owned").exists()
    formation = platform.api("GET", f"/apps/{name}/formation").json()
    assert "$(touch /tmp/owned)" in next(f["command"] for f in formation if f["type"] == "odd")


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b"") -> Archive:
    """An archive of one member more than a good page."""

    def add(archive: tarfile.TarFile) -> None:
        page = tarfile.TarInfo("index.html")
        page.size = 5
        archive.addfile(page, io.BytesIO(b"hello"))
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(content)
        archive.addfile(info, io.BytesIO(content))

    return add


def through_a_link(archive: tarfile.TarFile) -> None:
    """A link, and then a file below it."""
    member("escape", tarfile.SYMTYPE, "/tmp")(archive)
    info = tarfile.TarInfo("escape/owned")
    archive.addfile(info)


@pytest.fixture(scope="module")
def tarballs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder whose files are served on this machine, and its address."""
    folder = tmp_path_factory.mktemp("tarballs")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def build_from(platform: Platform, app: str, url: str) -> dict[str, str]:
    """Builds from a tarball's URL and waits for the end."""
    answer = platform.api("POST", f"/apps/{app}/builds", {"source_blob": {"url": url, "version": "v1"}})
    assert answer.status_code == 201, answer.text
    build = answer.json()
    eventually(lambda: platform.api("GET", f"/apps/{app}/builds/{build['id']}").json()["status"] != "pending")
    ended = platform.api("GET", f"/apps/{app}/builds/{build['id']}").json()
    return {"status": ended["status"], "log": requests.get(build["output_stream_url"], timeout=30).text}


@pytest.mark.parametrize(
    "add",
    [
        member("../up"),
        member("/tmp/absolute"),
        member("a/../../up"),
        member("out", tarfile.SYMTYPE, "/etc/passwd"),
        member("out", tarfile.SYMTYPE, "../../etc/passwd"),
        member("hard", tarfile.LNKTYPE, "/etc/passwd"),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
        through_a_link,
    ],
    ids=[
        "dotdot",
        "absolute",
        "dotdot inside",
        "link out",
        "relative link out",
        "hard link",
        "device",
        "fifo",
        "through a link",
    ],
)
def test_archives_that_reach_outside(strict: Platform, tarballs: tuple[Path, str], add: Archive) -> None:
    folder, url = tarballs
    name = strict.create()
    with tarfile.open(folder / f"{name}.tgz", "w:gz") as archive:
        add(archive)

    ended = build_from(strict, name, f"{url}/{name}.tgz")

    assert ended["status"] == "failed"
    assert "Push rejected" in ended["log"] or "refuse" in ended["log"].lower(), ended["log"]
    assert "Traceback" not in ended["log"]
    assert not Path("/tmp/owned").exists()
    assert not Path("/tmp/absolute").exists()


def test_a_good_tarball_goes_live(strict: Platform, tarballs: tuple[Path, str]) -> None:
    folder, url = tarballs
    name = strict.create()
    with tarfile.open(folder / f"{name}.tgz", "w:gz") as archive:
        member("about.html", content=b"about us")(archive)

    ended = build_from(strict, name, f"{url}/{name}.tgz")

    assert ended["status"] == "succeeded", ended["log"]
    assert strict.get(name, "/about.html").text == "about us"


@pytest.mark.parametrize("content", [b"", b"not an archive", os.urandom(5000)], ids=["empty", "text", "noise"])
def test_things_that_are_no_archives(strict: Platform, tarballs: tuple[Path, str], content: bytes) -> None:
    folder, url = tarballs
    name = strict.create()
    (folder / f"{name}.tgz").write_bytes(content)

    ended = build_from(strict, name, f"{url}/{name}.tgz")

    assert ended["status"] == "failed"
    assert "Traceback" not in ended["log"]


def test_oversized_pushes(strict: Platform, tmp_path: Path) -> None:
    name = strict.create()
    folder = repository(tmp_path / "app", "static_site")
    (folder / "noise").write_bytes(os.urandom(30 * 1024 * 1024))
    commit(folder, {})

    packed = strict.push(folder, name)
    (folder / "noise").write_bytes(bytes(60 * 1024 * 1024))  # a small pack, and a large tree
    commit(folder, {})
    git_squash = strict.push(squashed(folder, tmp_path / "squashed"), name)

    assert not packed.accepted
    assert "exceeds maximum allowed size" in packed.output
    assert not git_squash.accepted
    assert "20" in git_squash.output
    assert strict.api("GET", f"/apps/{name}").ok


def squashed(folder: Path, target: Path) -> Path:
    """The folder's files in a new repository, without its history."""
    target.mkdir()
    for path in folder.iterdir():
        if path.name != ".git":
            path.rename(target / path.name)
    from tests.e2e.platform import git

    git(target, "init", "--quiet", "--initial-branch=main")
    commit(target, {})
    return target


@pytest.mark.parametrize("token", ["wrong", "paas-" + "0" * 64, "a" * 5000])
def test_wrong_tokens(platform: Platform, token: str) -> None:
    answer = platform.api("GET", "/apps", token=token)

    assert answer.status_code == 401
    assert answer.json()["id"] == "unauthorized"


@pytest.mark.parametrize(
    "host", ["unknown.example.org", "no-such-app.localhost", "a.b.c.localhost", "x" * 200, 'evil"quoted']
)
def test_unknown_hosts(platform: Platform, host: str) -> None:
    answer = requests.get(f"http://127.0.0.1:{platform.info['http_port']}/", headers={"Host": host}, timeout=30)

    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"text"', b"\xff\xfe", b"{" * 10_000, b'{"updates": 1}', b'{"updates": [{"quantity": 1}]}']
)
def test_bodies_that_are_not_what_was_asked_for(platform: Platform, printer: str, body: bytes) -> None:
    answer = requests.patch(
        f"{platform.info['api']}/apps/{printer}/formation",
        data=body,
        headers={"Authorization": f"Bearer {platform.token}", "Content-Type": "application/json"},
        timeout=30,
    )

    assert 400 <= answer.status_code < 500
    assert set(answer.json()) >= {"id", "message"}


@pytest.mark.parametrize("quantity", [-1, 101, "many", "+1000", 1.5, True, "1; id"])
def test_quantities(platform: Platform, printer: str, quantity: object) -> None:
    before = platform.api("GET", f"/apps/{printer}/formation").json()

    answer = platform.api("PATCH", f"/apps/{printer}/formation", {"updates": [{"type": "web", "quantity": quantity}]})

    assert answer.status_code in (400, 422), answer.text
    assert [f["quantity"] for f in platform.api("GET", f"/apps/{printer}/formation").json()] == [
        f["quantity"] for f in before
    ]
