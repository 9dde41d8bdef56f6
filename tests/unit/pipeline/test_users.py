"""Users, their tokens and their passwords; and the brake on guessing."""

from __future__ import annotations

import pytest

from paas.domain.user import User, token_digest
from paas.errors import EmailTaken, Forbidden, Invalid, LastAdmin, NotFound, TooManyGuesses, WrongPassword
from paas.pipeline import passwords, users
from paas.pipeline.login import FREE_GUESSES, LONGEST_WAIT, login
from tests.unit.conftest import Fakes

GOOD = "correct horse battery"


def test_the_first_admin_gets_a_one_time_password_once(services: Fakes) -> None:
    first = users.create_first_admin(services, "Admin@Example.org")

    assert first is not None
    admin, password = first
    assert (admin.email, admin.is_admin, admin.must_change_password) == ("admin@example.org", True, True)
    assert login(services, "admin@example.org", password) == admin
    assert users.create_first_admin(services, "other@example.org") is None


def test_only_admins_manage_users(services: Fakes, owner: User, stranger: User) -> None:
    for attempt in (
        lambda: users.create(services, owner, "new@example.org"),
        lambda: users.everybody(services, owner),
        lambda: users.remove(services, owner, stranger),
        lambda: users.set_password(services, owner, stranger, GOOD),
    ):
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(NotFound):
        users.find(services, owner, stranger.email)


def test_an_address_has_one_user(services: Fakes, admin: User) -> None:
    users.create(services, admin, "new@example.org", GOOD)

    with pytest.raises(EmailTaken):
        users.create(services, admin, "NEW@example.org", GOOD)


def test_the_last_admin_stays(services: Fakes, admin: User) -> None:
    with pytest.raises(LastAdmin):
        users.remove(services, admin, admin)


def test_an_own_password_needs_the_old_one(services: Fakes, admin: User) -> None:
    user, _ = users.create(services, admin, "new@example.org", GOOD)

    for wrong in (None, "", "something else"):
        with pytest.raises(Invalid):
            users.set_password(services, user, user, "another good one", current=wrong)
    users.set_password(services, user, user, "another good one", current=GOOD)

    assert not login(services, user.email, "another good one").must_change_password


def test_an_admin_sets_a_one_time_password(services: Fakes, admin: User) -> None:
    user, _ = users.create(services, admin, "new@example.org", GOOD)

    users.set_password(services, admin, user, "another good one")

    assert login(services, user.email, "another good one").must_change_password


def test_a_token_is_kept_as_a_digest_and_dies_when_revoked(services: Fakes, owner: User) -> None:
    token, secret = users.create_token(services, owner, "laptop")

    assert token.digest == token_digest(secret) != secret
    assert services.store.tokens.user_of(token_digest(secret)) == owner
    users.revoke_token(services, owner, token.id)
    assert services.store.tokens.user_of(token_digest(secret)) is None


def test_nobody_revokes_other_peoples_tokens(services: Fakes, owner: User, stranger: User) -> None:
    token, secret = users.create_token(services, owner)

    with pytest.raises(NotFound):
        users.revoke_token(services, stranger, token.id)

    assert services.store.tokens.user_of(token_digest(secret)) == owner


def test_hashes_are_salted_and_tell_right_from_wrong() -> None:
    first, second = passwords.hash_password(GOOD), passwords.hash_password(GOOD)

    assert first != second
    assert passwords.fits(GOOD, first)
    assert not passwords.fits(GOOD + "x", first)


@pytest.fixture
def member(services: Fakes, admin: User) -> User:
    return users.create(services, admin, "member@example.org", GOOD)[0]


def test_wrong_passwords_and_unknown_addresses_look_alike(services: Fakes, member: User) -> None:
    for email, password in (
        (member.email, "wrong"),
        ("nobody@example.org", GOOD),
        ("no address", GOOD),
        (member.id, GOOD),
    ):
        with pytest.raises(WrongPassword):
            login(services, email, password)


def test_guessing_is_slowed_down_more_and_more(services: Fakes, member: User) -> None:
    waits = []

    for _ in range(FREE_GUESSES):
        with pytest.raises(WrongPassword):
            login(services, member.email, "wrong", address="192.0.2.1")
    for _ in range(4):
        with pytest.raises(TooManyGuesses) as refused:
            login(services, member.email, GOOD, address="192.0.2.1")
        waits.append(refused.value.retry_after)
        services.clock.sleep(refused.value.retry_after)
        with pytest.raises(WrongPassword):
            login(services, member.email, "wrong", address="192.0.2.1")

    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_one_guesser_does_not_lock_the_owner_out(services: Fakes, member: User) -> None:
    for _ in range(FREE_GUESSES):
        with pytest.raises(WrongPassword):
            login(services, member.email, "wrong", address="192.0.2.1")

    assert login(services, member.email, GOOD, address="198.51.100.7") == member


def test_guesses_are_forgotten_in_time(services: Fakes, member: User) -> None:
    for _ in range(FREE_GUESSES):
        with pytest.raises(WrongPassword):
            login(services, member.email, "wrong")

    services.clock.sleep(LONGEST_WAIT * 2)

    assert login(services, member.email, GOOD) == member
