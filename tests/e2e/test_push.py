"""The main job, as an app developer sees it: push, look, change, roll back; and pushes that are rejected with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.platform import Platform, Requests, commit, eventually, git, repository


@pytest.mark.parametrize("app", ["python_flask", "node_express", "static_site"])
def test_a_pushed_app_answers_through_the_router(platform: Platform, tmp_path: Path, app: str) -> None:
    name = platform.create()

    push = platform.push(repository(tmp_path / "app", app), name)

    assert push.accepted, push.output
    assert "Released v2" in push.output
    assert f"http://{name}.{platform.info['domain']}" in push.output
    assert "Verifying deploy... done." in push.output
    assert platform.get(name).status_code == 200
    assert platform.states(name) == {"web.1": "up"}


def test_a_good_push_over_a_running_app_fails_not_one_request(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    folder = repository(tmp_path / "app", "python_flask", {"greeting.txt": "before"})
    assert platform.push(folder, name).accepted

    with Requests(platform, name) as traffic:
        for number in range(3):
            commit(folder, {"greeting.txt": f"after {number}"})
            push = platform.push(folder, name)
            assert push.accepted, push.output
            assert f"after {number}" in platform.get(name).text
        eventually(lambda: len(platform.containers(f"paas.app-name={name}", "paas.kind=formation")) == 1)

    assert traffic.failures == []


@pytest.mark.parametrize(
    ("app", "says"),
    [
        ("python_broken_requirements", "requirements"),
        ("python_release_fails", "release command"),
        ("python_never_ready", "web.1"),
        ("python_crashes", "web.1"),
    ],
)
def test_a_bad_push_is_rejected_and_harms_nothing(strict: Platform, tmp_path: Path, app: str, says: str) -> None:
    platform = strict
    name = platform.create()
    good = repository(tmp_path / "good", "python_flask", {"greeting.txt": "good"})
    assert platform.push(good, name).accepted
    before = platform.current_release(name)

    with Requests(platform, name) as traffic:
        bad = platform.push(repository(tmp_path / "bad", app), name, "+HEAD:refs/heads/main")

    assert not bad.accepted
    assert says in bad.output.lower()
    assert "pre-receive hook declined" in bad.output
    assert traffic.failures == []
    assert "good" in platform.get(name).text
    assert platform.current_release(name) == before
    assert (
        git(good, "ls-remote", platform.git_url(name), "refs/heads/main").split()[0]
        == git(good, "rev-parse", "HEAD").strip()
    )
    eventually(lambda: len(platform.containers(f"paas.app-name={name}")) == 1)


def test_a_process_that_does_not_come_up_shows_the_end_of_its_log(strict: Platform, tmp_path: Path) -> None:
    name = strict.create()
    folder = repository(tmp_path / "app", "python_crashes", {"app.py": "raise RuntimeError('no such luck')\n"})

    push = strict.push(folder, name)

    assert not push.accepted
    assert "no such luck" in push.output


def test_a_health_path_decides_whether_a_push_goes_live(strict: Platform, tmp_path: Path) -> None:
    name = strict.create()
    check = '{"healthchecks": {"web": [{"path": "%s"}]}}'
    folder = repository(tmp_path / "app", "python_flask", {"app.json": check % "/env/NOT_SET"})

    unhealthy = strict.push(folder, name)
    commit(folder, {"app.json": check % "/env/DYNO"})
    healthy = strict.push(folder, name)

    assert not unhealthy.accepted
    assert "/env/NOT_SET" in unhealthy.output
    assert "404" in unhealthy.output
    assert healthy.accepted, healthy.output


def test_a_config_change_restarts_into_a_new_release(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    app = "import os\n\n\ndef app(environ, start):\n    start('200 OK', [])\n    return [os.environ.get('MOOD', 'none').encode()]\n"
    assert platform.push(repository(tmp_path / "app", "python_flask", {"app.py": app}), name).accepted
    value = 'fine "quoted" and\nover two lines, ünïcode'

    with Requests(platform, name) as traffic:
        assert platform.api("PATCH", f"/apps/{name}/config-vars", {"MOOD": value}).ok
        eventually(lambda: platform.get(name).content.decode() == value)

    assert traffic.failures == []
    assert platform.current_release(name)["description"] == "Set MOOD config vars"


def test_a_rollback_brings_code_and_config_back(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    folder = repository(tmp_path / "app", "python_flask", {"greeting.txt": "first"})
    assert platform.push(folder, name).accepted
    commit(folder, {"greeting.txt": "second"})
    assert platform.push(folder, name).accepted

    with Requests(platform, name) as traffic:
        answer = platform.api("POST", f"/apps/{name}/releases", {"release": "v2"})
        assert answer.status_code == 201, answer.text
        eventually(lambda: "first" in platform.get(name).text)

    assert traffic.failures == []
    assert platform.current_release(name)["description"] == "Rollback to v2"
    assert platform.current_release(name)["version"] == 4


def test_an_app_with_only_workers_has_no_route(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()

    push = platform.push(repository(tmp_path / "app", "worker_only"), name)
    assert push.accepted, push.output
    scaled = platform.api("PATCH", f"/apps/{name}/formation", {"updates": [{"type": "worker", "quantity": 2}]})

    assert scaled.ok, scaled.text
    eventually(lambda: platform.states(name) == {"worker.1": "up", "worker.2": "up"})
    assert platform.get(name).status_code == 503
    assert "H14" in platform.get(name).text


def test_a_process_that_crashes_is_started_again(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    assert platform.push(repository(tmp_path / "app", "python_flask"), name).accepted
    [container] = platform.containers(f"paas.app-name={name}", "paas.kind=formation")

    platform.run("docker", "kill", container)

    eventually(lambda: platform.containers(f"paas.app-name={name}", "paas.kind=formation") not in ([], [container]))
    eventually(lambda: platform.get(name).status_code == 200)
    eventually(lambda: "heroku[web.1]: Process exited with status 137" in platform.log(name))
    assert "heroku[web.1]: State changed from up to crashed" in platform.log(name)


def test_the_log_tells_what_happened(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    app = "def app(environ, start):\n    print('asked for', environ['PATH_INFO'], flush=True)\n    start('200 OK', [])\n    return [b'ok']\n"
    assert platform.push(repository(tmp_path / "app", "python_flask", {"app.py": app}), name).accepted

    platform.get(name, "/some/page")

    eventually(lambda: "app[web.1]: asked for /some/page" in platform.log(name))
    eventually(lambda: 'heroku[router]: at=info method=GET path="/some/page"' in platform.log(name))
    log = platform.log(name)
    assert "app[api]: Release v2 created by user" in log
    assert "heroku[web.1]: Starting process with command `" in log
    assert "heroku[web.1]: State changed from starting to up" in log


def test_maintenance_and_unknown_apps_have_pages_of_their_own(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    assert platform.push(repository(tmp_path / "app", "static_site"), name).accepted

    assert platform.api("PATCH", f"/apps/{name}", {"maintenance": True}).ok
    eventually(lambda: platform.get(name).status_code == 503)

    assert "H80" in platform.get(name).text
    assert platform.get("no-such-app").status_code == 404
    assert platform.api("PATCH", f"/apps/{name}", {"maintenance": False}).ok
    eventually(lambda: platform.get(name).status_code == 200)


def test_an_own_domain_answers(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    assert platform.push(repository(tmp_path / "app", "static_site"), name).accepted

    assert platform.api("POST", f"/apps/{name}/domains", {"hostname": "shop.example.org"}).status_code == 201

    eventually(lambda: platform.get(name, headers={"Host": "shop.example.org"}).status_code == 200)


def test_a_destroyed_app_is_gone(platform: Platform, tmp_path: Path) -> None:
    name = platform.create()
    assert platform.push(repository(tmp_path / "app", "static_site"), name).accepted

    assert platform.api("DELETE", f"/apps/{name}").ok

    eventually(lambda: platform.get(name).status_code == 404)
    eventually(lambda: platform.containers(f"paas.app-name={name}") == [])
    assert platform.api("GET", f"/apps/{name}").status_code == 404
