"""No error of the SDK gets past the adapter."""

from __future__ import annotations

import inspect
from types import ModuleType

import docker.errors
import pytest
import requests.exceptions

from paas.adapters.docker_client import VENDOR_ERRORS, DockerClient, engine_errors, explanation, status
from paas.errors import EngineUnavailable, NotFound


def _errors(module: ModuleType) -> list[type[Exception]]:
    classes = [c for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__]
    return [c for c in classes if issubclass(c, Exception) and not issubclass(c, Warning)]


@pytest.mark.parametrize("error", [*_errors(docker.errors), *_errors(requests.exceptions)], ids=lambda c: c.__name__)
def test_every_error_of_the_sdk_is_mapped(error: type[Exception]) -> None:
    assert issubclass(error, VENDOR_ERRORS)


def test_a_mapped_error_says_what_was_tried_and_why_it_failed() -> None:
    with (
        pytest.raises(EngineUnavailable, match="listing processes: no space left") as caught,
        engine_errors("listing processes"),
    ):
        raise docker.errors.APIError("500 Server Error", explanation="no space left")

    assert isinstance(caught.value.__cause__, docker.errors.APIError)


def test_our_own_errors_go_through_as_they_are() -> None:
    with pytest.raises(NotFound), engine_errors("waiting"):
        raise NotFound("process", "1")


def test_errors_that_are_not_the_engines_answer_have_no_status() -> None:
    assert status(ConnectionRefusedError("refused")) is None
    assert status(docker.errors.APIError("no answer")) is None
    assert explanation(ConnectionRefusedError("refused")) == "refused"


def test_nothing_connects_before_the_first_call() -> None:
    DockerClient("unix:///nobody/listens/here.sock")
