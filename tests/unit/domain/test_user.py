"""Users, tokens, and who may use what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from paas.domain.app import App
from paas.domain.user import (
    TOKEN_PREFIX,
    User,
    check_email,
    check_password,
    may_use,
    new_token,
    require_admin,
    token_digest,
)
from paas.errors import Forbidden, Invalid

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = User("1", "owner@example.org", False, "hash", NOW)
OTHER = User("2", "other@example.org", False, "hash", NOW)
ADMIN = User("3", "admin@example.org", True, "hash", NOW)
APP = App("a", "hello", OWNER.id, NOW, NOW)


def test_tokens_are_long_never_the_same_and_can_be_found_by_scanners() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert all(t.startswith(TOKEN_PREFIX) and len(t) == len(TOKEN_PREFIX) + 64 for t in tokens)


def test_a_digest_is_the_sha_256_of_the_token() -> None:
    # FIPS 180-2, appendix B.1
    assert token_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("email", "kept"),
    [("Ada@Example.org", "ada@example.org"), ("a+b@x.y", "a+b@x.y"), ("root@localhost", "root@localhost")],
)
def test_an_address_is_kept_in_lower_case(email: str, kept: str) -> None:
    assert check_email(email) == kept


@pytest.mark.parametrize(
    "email",
    ["", "ada", "@example.org", "ada@", "a b@x.y", "a@x y", "a@b@c", "a@x.y\n", "<a@x.y>", "a@-x", f"{'a' * 65}@x.y",
     f"a@{'x' * 254}", None],
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Invalid):
        check_email(email)


def test_a_password_has_12_to_256_characters_and_is_never_shown() -> None:
    assert check_password("correct horse") == "correct horse"
    for bad in ("hunter2-abc", "x" * 257):
        with pytest.raises(Invalid) as caught:
            check_password(bad)
        assert bad not in f"{caught.value} {caught.value.value}"


def test_owners_and_admins_may_use_an_app() -> None:
    assert [may_use(user, APP) for user in (OWNER, ADMIN, OTHER)] == [True, True, False]


def test_what_is_for_admins_is_forbidden_to_the_rest() -> None:
    require_admin(ADMIN, "add users")
    with pytest.raises(Forbidden) as caught:
        require_admin(OWNER, "add users")

    assert caught.value.action == "add users"
