"""The launcher script, run by bash on folders as an image has them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from paas.lifecycle.build import Built
from paas.lifecycle.descriptor import Buildpack
from paas.lifecycle.image_config import launch_file
from paas.lifecycle.launch import Launch, LaunchProcess

LAUNCHER = Path(__file__).parents[3] / "paas" / "lifecycle" / "launcher.sh"


class Image:
    """`/layers` and `/app` of an image, in a folder."""

    def __init__(self, top: Path) -> None:
        self.layers, self.app = top / "layers", top / "app"
        self._processes = top / "process"
        for folder in (self.layers / "config", self.app, self._processes):
            folder.mkdir(parents=True)
        self.declare()

    def declare(self, *processes: LaunchProcess, buildpacks: tuple[str, ...] = ("one", "two")) -> None:
        built = [Built(Buildpack(name, "1", "0.10", "/x")) for name in buildpacks]
        (self.layers / "config" / "launch").write_bytes(launch_file(built, Launch(processes)))
        for process in processes:
            (self._processes / process.type).symlink_to(LAUNCHER)

    def write(self, path: str, content: str, mode: int = 0o644) -> None:
        """A file below /layers."""
        file = self.layers / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.fsencode(content))
        file.chmod(mode)

    def run(self, *args: str, process: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        program = self._processes / process if process else LAUNCHER
        variables = {"PATH": os.defpath, "CNB_LAYERS_DIR": str(self.layers), "CNB_APP_DIR": str(self.app), **env}
        return subprocess.run(
            ["bash", program, *args], env=variables, capture_output=True, text=True, check=False, cwd="/"
        )

    def prints(self, *args: str, **more: Any) -> str:
        done = self.run(*args, **more)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


# --- which process ----------------------------------------------------------------------------------------------------


def test_one_argument_is_a_shell_line(image: Image) -> None:
    assert image.prints('echo "$PORT" && echo $((1 + 1)) # comment', PORT="5000") == "5000\n2\n"


def test_several_arguments_are_evaluated_one_by_one(image: Image) -> None:
    assert image.prints("printf", "<%s>", "$GREETING", "a  b", "$(echo x)", GREETING="hi you") == "<hi you><a  b><x>"


def test_after_dashes_there_is_no_shell(image: Image) -> None:
    (image.app / ".profile").write_text("echo profile")

    assert image.prints("--", "printf", "%s|", "$HOME", "a  b") == "$HOME|a  b|"


def test_a_declared_process_is_started_by_its_name_either_way(image: Image) -> None:
    image.declare(LaunchProcess("web", ("printf", "%s|"), ("default", "args")))

    assert image.prints(process="web") == "default|args|"
    assert image.prints("--process", "web") == "default|args|"


def test_arguments_replace_the_default_ones(image: Image) -> None:
    image.declare(LaunchProcess("web", ("printf", "%s|"), ("default", "args")))

    assert image.prints("mine", process="web") == "mine|"
    assert image.prints("--process", "web", "mine") == "mine|"


def test_arguments_of_an_old_process_are_appended(image: Image) -> None:
    image.declare(LaunchProcess("web", ("printf",), ("%s|", "$X"), direct=False))

    assert image.prints("more", process="web", X="x y") == "x y|more|"


def test_an_old_process_is_a_shell_line(image: Image) -> None:
    image.declare(LaunchProcess("web", ("echo 'a  b'; echo $X",), direct=False))

    assert image.prints(process="web", X="it's") == "a  b\nit's\n"


def test_words_with_quotes_survive_being_written_down(image: Image) -> None:
    odd = 'it\'s "$X" `id` \\ \n *'
    image.declare(LaunchProcess("we.b-_", ("printf", "%s"), (odd,), working_dir="/"))

    assert image.prints(process="we.b-_") == odd


def test_the_working_directory_is_the_processs_else_the_apps(image: Image) -> None:
    (image.app / "sub").mkdir()
    image.declare(LaunchProcess("web", ("pwd",), working_dir="sub"), LaunchProcess("worker", ("pwd",)))

    assert image.prints(process="web") == f"{image.app}/sub\n"
    assert image.prints(process="worker") == f"{image.app}\n"
    assert image.prints("pwd") == f"{image.app}\n"


def test_the_process_takes_the_launchers_place_and_its_exit_code_is_its_own(image: Image) -> None:
    done = image.run("echo $$ $PPID; exit 42")

    assert done.returncode == 42
    assert int(done.stdout.split()[1]) == os.getpid()


@pytest.mark.parametrize(
    ("args", "code"), [(["--process", "nope"], 80), ([], 80), (["--"], 80), (["--", "no-such"], 127)]
)
def test_what_cannot_be_started(image: Image, args: list[str], code: int) -> None:
    done = image.run(*args)

    assert done.returncode == code
    assert done.stderr


def test_an_image_put_together_wrongly(image: Image) -> None:
    (image.layers / "config" / "launch").unlink()

    assert image.run("true").returncode == 11


# --- its environment --------------------------------------------------------------------------------------------------


def test_folders_of_layers_lead_paths_later_buildpacks_in_front(image: Image) -> None:
    for folder in ("one/b/bin", "one/a/bin", "two/c/bin", "two/c/lib"):
        (image.layers / folder).mkdir(parents=True)

    printed = image.prints("echo $PATH; echo $LD_LIBRARY_PATH", PATH="/bin:/usr/bin")

    here = image.layers
    assert printed == f"{here}/two/c/bin:{here}/one/b/bin:{here}/one/a/bin:/bin:/usr/bin\n{here}/two/c/lib\n"


def test_the_launchers_own_folders_and_variables_are_gone(image: Image) -> None:
    path = "/cnb/process:/bin:/cnb/lifecycle:/cnb/process:/usr/bin"

    printed = image.prints("env", PATH=path, CNB_PROCESS_TYPE="x", CNB_PLATFORM_API="0.15").splitlines()

    assert "PATH=/bin:/usr/bin" in printed
    assert not [line for line in printed if line.startswith(("CNB_", "__cnb"))]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("A", "config", "layer"),
        ("A.override", "config", "layer"),
        ("A.default", "config", "config"),
        ("A.default", "", "layer"),
        ("A.append", "config", "config,layer"),
        ("A.append", "", "layer"),
        ("A.prepend", "config", "layer,config"),
        ("A.prepend", "", "layer"),
        ("A.other", "config", "config"),
    ],
)
def test_environment_files(image: Image, file: str, before: str, after: str) -> None:
    image.write(f"one/x/env/{file}", "layer")
    image.write("one/x/env/A.delim", ",")

    assert image.prints('printf %s "$A"', A=before) == after


def test_values_are_verbatim(image: Image) -> None:
    odd = "two\nlines \\n 'q' \"d\" $X `id`\n\n"
    image.write("one/x/env/ODD", odd)

    assert image.prints('printf %s "$ODD"') == odd


def test_no_name_of_a_variable_trips_the_launcher(image: Image) -> None:
    for name in ("file", "name", "value", "line", "IFS_", "__cnb", "layer", "pack"):
        image.write(f"one/x/env/{name}", f"<{name}>")
    image.write("one/x/env/no-identifier", "x")

    printed = image.prints("env", type="t", value="v", command="c", words="w").splitlines()

    for name in ("file", "name", "value", "line", "layer", "pack"):
        assert f"{name}=<{name}>" in printed
    assert {"type=t", "command=c", "words=w"} <= set(printed)


def test_launch_files_come_after_and_those_of_the_process_type_last(image: Image) -> None:
    image.declare(LaunchProcess("web", ("sh", "-c", "echo $A")), LaunchProcess("worker", ("sh", "-c", "echo $A")))
    image.write("one/x/env/A.append", "1")
    image.write("one/x/env.launch/A.append", "2")
    image.write("one/x/env.launch/web/A.append", "3")
    image.write("one/x/env.build/A.append", "never")

    assert image.prints(process="web") == "123\n"
    assert image.prints(process="worker") == "12\n"


def test_the_platform_names_the_type_of_a_line(image: Image) -> None:
    image.write("one/x/env.launch/web/A", "of web")

    assert image.prints("echo $A", DYNO="web.3") == "of web\n"
    assert image.prints("echo $A", DYNO="run.3") == "\n"


# --- exec.d and profiles ----------------------------------------------------------------------------------------------


def test_programs_in_exec_d_set_variables_for_those_behind_them(image: Image) -> None:
    image.write("one/x/exec.d/1", '#!/bin/sh\necho seen; printf \'A = "one"\\nB = "x"\\n\' >&3', 0o755)
    image.write("two/y/exec.d/2", '#!/bin/sh\nprintf \'A = "%s two"\\n\' "$A" >&3', 0o755)

    assert image.prints("--", "sh", "-c", "echo $A $B") == "seen\none two x\n"


def test_programs_of_a_type_run_for_it_only(image: Image) -> None:
    image.declare(LaunchProcess("web", ("sh", "-c", "echo $A")), LaunchProcess("worker", ("sh", "-c", "echo $A")))
    image.write("one/x/exec.d/web/1", "#!/bin/sh\necho 'A = \"web\"' >&3", 0o755)

    assert image.prints(process="web") == "web\n"
    assert image.prints(process="worker") == "\n"


@pytest.mark.parametrize(
    ("toml", "value"),
    [
        (r'A = "plain"', "plain"),
        (r'  A="x"  # comment', "x"),
        (r'"A" = "x"', "x"),
        (r"A = 'li\teral'", "li\\teral"),
        (r'A = "a\nb\tc\\d\"e"', 'a\nb\tc\\d"e'),
        (r'A = "\\n"', "\\n"),
        (r'A = "\u00e4\U0001F600"', "ä😀"),
        ("A = \"ä # 'no comment'\"", "ä # 'no comment'"),
        ('# only\n\nA = ""', ""),
    ],
)
def test_toml_of_programs(image: Image, toml: str, value: str) -> None:
    image.write("toml", toml + "\n")
    image.write("one/x/exec.d/1", f"#!/bin/sh\ncat {image.layers}/toml >&3", 0o755)

    assert image.prints("--", "sh", "-c", 'printf %s "$A"', A="before") == value


@pytest.mark.parametrize(
    "toml", ["A = 1", "A = [1]", "[A]", 'A = "x', 'A = "\\x41"', 'A = "\\u12"', "nonsense", 'A-B = "x"', 'A = "x" y']
)
def test_toml_that_is_no_variable_stops_the_start(image: Image, toml: str) -> None:
    image.write("toml", toml + "\n")
    image.write("one/x/exec.d/1", f"#!/bin/sh\ncat {image.layers}/toml >&3", 0o755)

    assert image.run("true").returncode == 82


def test_a_failing_program_stops_the_start(image: Image) -> None:
    image.write("one/x/exec.d/1", "#!/bin/sh\nexit 3", 0o755)

    done = image.run("echo started")

    assert (done.returncode, done.stdout) == (82, "")


def test_profiles_are_sourced_for_shell_lines_the_apps_own_last(image: Image) -> None:
    image.write("two/y/profile.d/b.sh", "order+=' two'")
    image.write("one/x/profile.d/a.sh", "order=one")
    image.write("one/x/profile.d/web/a.sh", "order+=' web'")
    (image.app / ".profile.d").mkdir()
    (image.app / ".profile.d" / "c.sh").write_text("order+=' app.d'")
    (image.app / ".profile").write_text("export order+=' app'; cd /; set -- a b")

    assert image.prints("echo $order", DYNO="web.1") == "one web two app.d app\n"
    assert image.prints("echo $order", DYNO="worker.1") == "one two app.d app\n"
    assert image.prints("--", "sh", "-c", "echo $order") == "\n"
