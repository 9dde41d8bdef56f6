"""Environment: suffixes, delimiters, paths, and who has the last word."""

from __future__ import annotations

from pathlib import Path

import pytest

from paas.lifecycle.build_environment import BuildEnvironment, operator_env
from paas.lifecycle.descriptor import Buildpack, Target
from paas.lifecycle.environment import BUILD_PATHS, Action, Change, apply, file_changes, path_changes
from paas.lifecycle.folder import Folder


@pytest.mark.parametrize(
    ("files", "before", "after"),
    [
        ({"A": b"new"}, "old", "new"),
        ({"A.override": b"new"}, "old", "new"),
        ({"A.default": b"new"}, "old", "old"),
        ({"A.default": b"new"}, "", "new"),
        ({"A.append": b"new"}, "old", "oldnew"),
        ({"A.append": b"new", "A.delim": b":"}, "old", "old:new"),
        ({"A.append": b"new", "A.delim": b":"}, "", "new"),
        ({"A.prepend": b"new", "A.delim": b", "}, "old", "new, old"),
        ({"A.prepend": b"new"}, "old", "newold"),
        ({"A.prepend": b"new", "A.delim": b":"}, "", "new"),
        ({"A.unknown": b"new"}, "old", "old"),
        ({"A.append.more": b"new"}, "old", "old"),
        ({"A": b"two\nlines\n"}, "old", "two\nlines\n"),
        ({"A": b"nul\0"}, "old", "old"),
        ({"A": b"x" * 200_000}, "old", "old"),
        ({".A": b"new"}, "old", "old"),
    ],
)
def test_files_change_variables_by_their_suffix(files: dict[str, bytes], before: str, after: str) -> None:
    assert apply(file_changes(files), {"A": before})["A"] == after


def test_bytes_that_are_not_utf8_survive() -> None:
    assert apply(file_changes({"A": b"\xff"}), {})["A"].encode("utf-8", "surrogateescape") == b"\xff"


def test_the_folders_of_a_layer_go_in_front_of_paths(tmp_path: Path) -> None:
    for name in ("bin", "lib", "include", "pkgconfig"):
        (tmp_path / name).mkdir()
    (tmp_path / "man").mkdir()

    with Folder(tmp_path) as layer:
        env = apply(path_changes(layer, "/layers/x/y", BUILD_PATHS), {"PATH": "/bin"})

    assert env == {
        "PATH": "/layers/x/y/bin:/bin",
        "LD_LIBRARY_PATH": "/layers/x/y/lib",
        "LIBRARY_PATH": "/layers/x/y/lib",
        "CPATH": "/layers/x/y/include",
        "PKG_CONFIG_PATH": "/layers/x/y/pkgconfig",
    }


def test_links_in_place_of_folders_bring_nothing(tmp_path: Path) -> None:
    (tmp_path / "bin").symlink_to("/bin")

    with Folder(tmp_path) as layer:
        assert list(path_changes(layer, "/layers/x/y", BUILD_PATHS)) == []


IMAGE = {"PATH": "/usr/bin", "LANG": "C", "CNB_USER_ID": "1000"}
TARGET = Target("linux", "amd64", "", (("debian", "12"),))


def environment(user: dict[str, str], operator: dict[str, str]) -> BuildEnvironment:
    return BuildEnvironment(IMAGE, user, operator, TARGET, "paas-12", "production")


def pack(api: str = "0.10", *, clear_env: bool = False) -> Buildpack:
    return Buildpack("test/x", "1", api, "/cnb/buildpacks/x", clear_env=clear_env)


def test_the_whole_environment_of_a_build() -> None:
    env = environment({"FOO": "bar", "PATH": "/mine"}, {"PIP_CERT": "/ca"})
    layer = Change(Action.PREPEND, "PATH", "/layers/a/b/bin", ":")

    assert env.for_build(pack(), "/plans/p", [layer, Change(Action.OVERRIDE, "FOO", "layer")]) == {
        "PATH": "/mine:/layers/a/b/bin:/usr/bin",
        "HOME": "/tmp/home",
        "HOSTNAME": "build",
        "FOO": "bar",
        "PIP_CERT": "/ca",
        "CNB_BUILDPACK_DIR": "/cnb/buildpacks/x",
        "CNB_PLATFORM_DIR": "/platform",
        "CNB_LAYERS_DIR": "/layers/test_x",
        "CNB_BP_PLAN_PATH": "/plans/p",
        "CNB_EXEC_ENV": "production",
        "CNB_TARGET_OS": "linux",
        "CNB_TARGET_ARCH": "amd64",
        "CNB_TARGET_ARCH_VARIANT": "",
        "CNB_TARGET_DISTRO_NAME": "debian",
        "CNB_TARGET_DISTRO_VERSION": "12",
    }


def test_an_old_buildpack_has_a_stack_and_its_paths_by_argument_only() -> None:
    env = environment({}, {}).for_detect(pack("0.7"), "/plans/p")

    assert env["CNB_STACK_ID"] == "paas-12"
    assert not {"CNB_PLATFORM_DIR", "CNB_BUILD_PLAN_PATH"} & env.keys()


def test_clear_env_keeps_the_users_variables_out_but_not_the_operators() -> None:
    env = environment({"FOO": "bar"}, {"PIP_CERT": "/ca"}).for_detect(pack(clear_env=True), "/plans/p")

    assert "FOO" not in env
    assert env["PIP_CERT"] == "/ca"


def test_the_user_may_overrule_the_operators_defaults_only() -> None:
    env = environment({"A": "user", "B": "user"}, {"A": "operator", "B.override": "operator"})

    made = env.for_detect(pack(), "/plans/p")

    assert (made["A"], made["B"]) == ("user", "operator")


def test_operator_variables() -> None:
    assert operator_env({"HTTP_PROXY": "http://p"}, "c0ffee", has_ca_bundle=False) == {
        "HTTP_PROXY": "http://p",
        "SOURCE_DATE_EPOCH": "315532801",
        "SOURCE_VERSION": "c0ffee",
    }
    with_bundle = operator_env({}, "", has_ca_bundle=True)
    assert with_bundle["NODE_EXTRA_CA_CERTS"] == with_bundle["PIP_CERT"] == "/platform/ca-certificates.crt"
