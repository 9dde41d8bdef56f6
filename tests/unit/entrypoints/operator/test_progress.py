from __future__ import annotations

import io
import re

import pytest

from paas.entrypoints.operator.progress import Progress, run
from paas.errors import SetupFailed


def printed(out: io.StringIO) -> str:
    return re.sub(r"\d+\.\d s", "N s", out.getvalue())


def test_a_step_tells_its_number_and_time_on_one_line() -> None:
    out = io.StringIO()
    progress = Progress(9, done=1, out=out)

    with progress.step("Python packages"):
        pass

    assert printed(out) == "[2/9] Python packages … N s\n"


def test_details_come_indented_and_the_time_last() -> None:
    out = io.StringIO()
    progress = Progress(2, out=out)

    with progress.step("Packages"):
        progress.say("installing\nhaproxy\n")

    assert printed(out) == "[1/2] Packages …\n      installing\n      haproxy\n      done in N s\n"


def test_a_step_that_fails_ends_its_line() -> None:
    out = io.StringIO()

    with pytest.raises(SetupFailed), Progress(1, out=out).step("Packages"):
        raise SetupFailed("It broke.", "Mend it.")

    assert printed(out) == "[1/1] Packages …\n"


def test_a_program_that_fails_is_told_with_its_last_lines() -> None:
    with pytest.raises(SetupFailed) as caught:
        run(["sh", "-c", "seq 100; exit 3"], what="It failed.", advice="Try again.")

    assert caught.value.what == "It failed."
    assert caught.value.lines[-1] == "100"
    assert len(caught.value.lines) == 25


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(SetupFailed) as caught:
        run(["no-such-program"], what="It failed.", advice="Try again.")

    assert "no-such-program is not installed" in caught.value.advice
