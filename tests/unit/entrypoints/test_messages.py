"""Every error has prose, and the prose reads as it should where people meet it."""

from __future__ import annotations

import pytest

from paas import errors
from paas.entrypoints.messages import api_body, explain, has_message, render_cli, render_push


def leaves(kind: type[errors.PaasError]) -> list[type[errors.PaasError]]:
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in leaves(child)] if below else [kind]


@pytest.mark.parametrize("leaf", leaves(errors.PaasError))
def test_every_leaf_error_has_prose_of_its_own(leaf: type[errors.PaasError]) -> None:
    assert has_message(leaf)


EXAMPLES: list[errors.PaasError] = [
    errors.Unauthenticated(), errors.WrongPassword(), errors.TooManyGuesses(31.2), errors.PasswordExpired(),
    errors.Malformed("the body is not JSON"), errors.RateLimited(4500, 2.5), errors.Forbidden("list all users"),
    errors.NotFound("app", "blog"), errors.NameTaken("blog"), errors.DomainTaken("www.example.org"),
    errors.PushOutdated("main"), errors.NothingToRelease("blog"), errors.AppBusy("blog", "v3 is being released"),
    errors.RollbackRefused(3, "image gone"), errors.Invalid("quantity", "-1", "must be within 0 to 100"),
    errors.InvalidRange("Range", "x", "is not understood"), errors.InvalidSource("archive member", "../x", "leaves the tree"),
    errors.BuildFailed("build", 51, "pip failed"), errors.NothingDetected(("paas/python",)), errors.BuildTimedOut("build", 900),
    errors.BuildOutOfMemory("build", 2**31), errors.BuildAbandoned(), errors.BuildCancelled(),
    errors.SourceUnavailable("https://example.org/x.tgz", "the server answered 404"),
    errors.ReleaseCommandFailed("./migrate", 1, ("boom",)), errors.NotReady("web.1", "exited", "with status 1", ("boom",)),
    errors.EngineUnavailable(), errors.QueueUnavailable(), errors.RouterUnavailable(), errors.StoreBusy(),
    errors.LeaseTaken("app-1"), errors.DiskLow("/", 1, 2**30), errors.TooManyStreams(48), errors.PlatformFault("the key file is missing"),
    errors.EmailTaken("a@example.org"), errors.OwnsApps("a@example.org", ("blog",)), errors.LastAdmin("a@example.org"),
    errors.BuildEnded("b-1", "failed", 2),
    errors.SetupFailed("Redis did not start", "See its log.", ("boom",)),
]  # fmt: skip


def test_the_examples_cover_all_leaves() -> None:
    assert {type(error) for error in EXAMPLES} >= set(leaves(errors.PaasError))


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_prose_is_made_of_whole_sentences(error: errors.PaasError) -> None:
    message = explain(error)

    assert 400 <= message.status < 600
    for part in (message.title, message.why, message.todo):
        assert part == "" or part.endswith(".")
        assert "None" not in part
        assert ".." not in part.replace("../x", "")


def test_a_push_ends_with_reason_log_and_remedy() -> None:
    error = errors.ReleaseCommandFailed("python manage.py migrate", 1, ("Traceback:", "  boom"))

    assert render_push(error) == (
        "\n"
        " !     The release command `python manage.py migrate` exited with status 1.\n"
        " !     A release goes live only if its release command succeeds.\n"
        " !\n"
        " !     The last lines of its log:\n"
        " !         Traceback:\n"
        " !           boom\n"
        " !\n"
        " !     Mend what it says, commit, and push again.\n"
        " !\n"
        " !     Push rejected: nothing was deployed, and what was running goes on running.\n"
        "\n"
    )


def test_the_terminal_gets_the_same_without_the_marks() -> None:
    error = errors.NotReady("web.1", "exited", "with status 1 after 0.2 s", ("ImportError: no module named app",))

    assert render_cli(error) == (
        "Error: The new process web.1 exited before it was ready.\n"
        "  With status 1 after 0.2 s.\n"
        "    | ImportError: no module named app\n"
        "  Run the same command on your machine with the app's config vars, mend what it says, and\n"
        "  push again."
    )


def test_the_api_names_the_kind_of_what_is_missing() -> None:
    assert api_body(errors.NotFound("app", "blog")) == {
        "id": "not_found",
        "message": "Couldn't find that app blog. Check its name, and that you own it: `paas apps` lists what you can use.",
        "resource": "app",
    }


def test_an_unknown_exception_keeps_its_text_to_itself() -> None:
    message = explain(KeyError("secret"))

    assert (message.id, message.status) == ("internal_server_error", 500)
    assert "secret" not in message.text


def test_a_subclass_without_prose_speaks_as_its_parent() -> None:
    class Odd(errors.BuildFailed):
        pass

    try:
        assert explain(Odd("build", 51)).id == "build_failed"
    finally:
        del Odd  # __subclasses__ holds weak references: the other tests must not see it
