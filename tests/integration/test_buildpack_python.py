"""The python buildpack, run in the build image on real apps."""

from __future__ import annotations

import pytest

from tests.buildpacks import BuildBox


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["requirements.txt"], 0),
        (["pyproject.toml"], 0),
        (["manage.py", "package.json"], 0),
        (["app.py"], 0),
        (["app.py", "package.json"], 100),
        (["index.html"], 100),
    ],
)
def test_detect_passes_what_is_python_even_if_it_can_not_be_built(box: BuildBox, files: list[str], code: int) -> None:
    box.run("touch", *files)

    detected = box.detect("python")

    assert detected.code == code
    assert (box.plan() == {}) == (code == 100)


def test_requirements_become_a_launch_layer(box: BuildBox) -> None:
    box.push("python_flask")

    built = box.build("python")

    assert built.code == 0, built.output
    assert "-----> Python app detected\n-----> Using Python 3.11.2, the stack's\n" in built.output
    assert "        + flask==3.1.0\n" in built.output
    assert box.layer("python", "venv")["types"] == {"launch": True, "build": False, "cache": False}
    assert box.run("/layers/paas_python/venv/bin/gunicorn", "--version").output == "gunicorn (version 23.0.0)\n"
    assert box.run("sh", "-c", "head -c 1 /layers/paas_python/venv/env.launch/PYTHONUNBUFFERED.default").output == "1"


def test_bytecode_stays_valid_whatever_times_files_get(box: BuildBox) -> None:
    box.push("python_flask")
    box.build("python")

    # The second word of a .pyc is 1 for "goes by a hash, which nobody checks" (PEP 552).
    words = box.run(
        "sh", "-c", "find /layers -path '*flask*' -name '*.pyc' | while read f; do od -A n -t d4 -j 4 -N 4 $f; done"
    ).output.split()

    assert set(words) == {"1"}


def test_a_code_only_push_needs_nothing_but_the_key(box: BuildBox) -> None:
    box.push("python_flask")
    box.build("python")
    before = box.layer("python", "venv")
    box.restore("python")
    box.push("python_flask", {"app.py": "changed = True\n"})

    built = box.build("python")

    assert "-----> Using the requirements installed before" in built.output
    assert box.layer("python", "venv") == before
    assert box.run("test", "-e", "/layers/paas_python/venv").code == 1


def test_a_change_in_an_included_file_installs_anew(box: BuildBox) -> None:
    box.push("python_other_version")
    box.build("python")
    box.restore("python")
    box.push("python_other_version", {"requirements/base.txt": "itsdangerous==2.1.2\n"})

    built = box.build("python")

    assert "        + itsdangerous==2.1.2\n" in built.output


def test_requirements_that_name_the_app_itself_are_installed_each_time(box: BuildBox) -> None:
    project = '[project]\nname = "itself"\nversion = "1"\n[tool.setuptools]\npy-modules = ["itself"]\n'
    files = {"requirements.txt": "-e .\n", "pyproject.toml": project, "itself.py": ""}
    for _ in range(2):
        box.push("worker_only", files)
        built = box.build("python")
        assert "        + itself==1 (from file:///app)\n" in built.output
        box.restore("python")


def test_pip_installs_where_its_settings_are_used(box: BuildBox) -> None:
    box.push("python_other_version")

    built = box.build("python", {"PIP_PREFER_BINARY": "1"})

    assert built.code == 0, built.output
    assert "-----> Installing requirements with pip\n" in built.output
    assert "       Successfully installed itsdangerous-2.2.0\n" in built.output


def test_requirements_that_do_not_exist_fail_with_pips_words_and_ours(box: BuildBox) -> None:
    box.push("python_broken_requirements")

    built = box.build("python")

    assert built.code == 1
    assert "       ERROR: No matching distribution found for no-such-package-in-any-index-7f3a==1.0\n" in built.output
    blank = " !     \n"
    assert built.output.endswith(
        "\n !     Error: Unable to install requirements.txt with pip.\n"
        + blank
        + " !     pip's own words are above. If a package was not found, look for a typing error\n"
        " !     in its name or version, and whether it supports Python 3.11.2. If it failed to\n"
        " !     compile, ask for a version that has a ready wheel for Python 3.11.\n"
        + blank
        + " !     Mend requirements.txt, commit it and push again.\n\n"
    )


def test_another_version_of_python_is_told_and_does_not_stop_the_build(box: BuildBox) -> None:
    box.push("python_other_version")

    built = box.build("python")

    assert built.code == 0
    assert " !     Warning: .python-version asks for Python 3.99, but this stack has 3.11.2.\n" in built.output


def test_the_stacks_version_may_be_asked_for_in_either_file(box: BuildBox) -> None:
    for files, says in (
        ({".python-version": "3.11\n"}, ".python-version"),
        ({"runtime.txt": "python-3.11.2"}, "runtime.txt"),
    ):
        box.push("worker_only", files)
        assert f"-----> Using Python 3.11.2, as {says} says\n" in box.build("python").output


def test_a_poetry_project_is_told_how_to_go_on(box: BuildBox) -> None:
    box.push("python_no_requirements")

    built = box.build("python")

    assert built.code == 1
    assert " !     Error: There is no requirements.txt.\n" in built.output
    assert " !         poetry export --without-hashes -o requirements.txt\n" in built.output


def test_django_gets_its_static_files_and_a_web_process(box: BuildBox) -> None:
    box.push("python_django")

    built = box.build("python", {"SECRET_KEY": "s"})

    assert built.code == 0, built.output
    assert "       1 static file copied to '/app/staticfiles'.\n" in built.output
    assert "-----> No Procfile: the web process is `gunicorn shop.wsgi`\n" in built.output
    assert box.layer("python", "venv")["types"] == {"launch": True, "build": True, "cache": True}
    assert box.run("find", "/app", "-name", "__pycache__").output == ""
    assert "hello from django" in box.serve("python", env={"SECRET_KEY": "s"})
    box.restore("python")
    box.push("python_django")
    again = box.build("python", {"SECRET_KEY": "s"})
    assert "-----> Using the requirements installed before" in again.output
    assert "       1 static file copied" in again.output


def test_collectstatic_that_fails_says_which_setting_is_missing(box: BuildBox) -> None:
    box.push("python_django")

    built = box.build("python")

    assert built.code == 1
    assert "       KeyError: 'SECRET_KEY'\n" in built.output
    assert (
        " !     The settings ask for SECRET_KEY. Config vars are there while building: set it first.\n" in built.output
    )


def test_collectstatic_can_be_switched_off(box: BuildBox) -> None:
    box.push("python_django")

    built = box.build("python", {"DISABLE_COLLECTSTATIC": "1"})

    assert built.code == 0
    assert "-----> Skipping Django's collectstatic: DISABLE_COLLECTSTATIC is set\n" in built.output


def test_without_a_procfile_a_flask_app_with_gunicorn_gets_a_web_process(box: BuildBox) -> None:
    box.push("python_flask", {"Procfile": None})

    built = box.build("python")

    assert "-----> No Procfile: the web process is `gunicorn app:app`\n" in built.output
    assert "hello from nowhere" in box.serve("python")


def test_without_a_procfile_or_anything_to_go_by_the_log_says_what_to_write(box: BuildBox) -> None:
    box.push("worker_only", {"Procfile": None})

    built = box.build("python")

    assert built.code == 0
    assert " !     Warning: There is no Procfile, and no web process could be found.\n" in built.output
