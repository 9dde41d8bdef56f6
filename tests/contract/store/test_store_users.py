"""Users and tokens."""

from __future__ import annotations

import pytest

from paas.adapters.memory.clock import MemoryClock
from paas.domain.app import App
from paas.domain.user import User, new_token, token_digest
from paas.errors import EmailTaken, LastAdmin, NotFound, OwnsApps
from paas.ports.store import Store


def test_a_user_is_found_by_id_and_by_address_in_any_case(store: Store) -> None:
    added = store.users.add("ada@example.org", "hash", is_admin=False, must_change_password=True)

    assert store.users.get(added.id) == store.users.get("Ada@Example.org") == added
    assert (added.email, added.password_hash, added.is_admin, added.must_change_password) == (
        "ada@example.org",
        "hash",
        False,
        True,
    )


@pytest.mark.parametrize("ref", ["nobody@example.org", "no-such-id", ""])
def test_an_unknown_user_is_not_found(store: Store, ref: str) -> None:
    with pytest.raises(NotFound) as caught:
        store.users.get(ref)

    assert (caught.value.kind, caught.value.ref) == ("user", ref)


def test_an_address_is_taken_once(store: Store, user: User) -> None:
    with pytest.raises(EmailTaken):
        store.users.add(user.email, "other", is_admin=False)

    assert store.users.list() == [user]


def test_users_are_listed_by_address(store: Store) -> None:
    for name in ("c", "a", "b"):
        store.users.add(f"{name}@example.org", "hash", is_admin=False)

    assert [u.email[0] for u in store.users.list()] == ["a", "b", "c"]


def test_a_new_password_replaces_the_old_and_what_must_change(store: Store) -> None:
    user = store.users.add("ada@example.org", "old", is_admin=False, must_change_password=True)

    store.users.set_password(user.id, "new")

    changed = store.users.get(user.id)
    assert (changed.password_hash, changed.must_change_password) == ("new", False)
    with pytest.raises(NotFound):
        store.users.set_password("no-such-id", "new")


def test_the_last_admin_stays(store: Store, user: User) -> None:
    other = store.users.add("bob@example.org", "hash", is_admin=False)

    with pytest.raises(LastAdmin):
        store.users.remove(user.id)

    store.users.remove(other.id)
    assert store.users.list() == [user]


def test_of_two_admins_one_can_go(store: Store, user: User) -> None:
    other = store.users.add("bob@example.org", "hash", is_admin=True)

    store.users.remove(user.id)

    with pytest.raises(LastAdmin):
        store.users.remove(other.id)


def test_who_owns_apps_stays_and_is_told_which(store: Store, user: User, app: App) -> None:
    store.users.add("bob@example.org", "hash", is_admin=True)
    store.apps.add("another", user.id)

    with pytest.raises(OwnsApps) as caught:
        store.users.remove(user.id)

    assert caught.value.apps == ("another", app.name)
    assert store.users.get(user.id) == user


def test_removing_an_unknown_user_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        store.users.remove("no-such-id")


def test_a_token_tells_its_holder_by_digest_alone(store: Store, user: User) -> None:
    secret = new_token()
    token = store.tokens.add(user.id, token_digest(secret), "laptop")

    assert store.tokens.user_of(token_digest(secret)) == user
    assert store.tokens.user_of(secret) is None
    assert (token.user_id, token.description, token.last_used_at) == (user.id, "laptop", None)
    assert secret not in repr(store.tokens.list(user.id))


def test_a_tokens_use_is_noted_at_most_once_a_minute(store: Store, user: User, clock: MemoryClock) -> None:
    store.tokens.add(user.id, "d" * 64, "laptop")

    def used_at() -> float | None:
        store.tokens.user_of("d" * 64)
        last = store.tokens.list(user.id)[0].last_used_at
        return (last - user.created_at).total_seconds() if last else None

    assert used_at() == 0
    clock.sleep(59)
    assert used_at() == 0
    clock.sleep(1)
    assert used_at() == 60


def test_tokens_are_listed_oldest_first_and_per_user(store: Store, user: User, clock: MemoryClock) -> None:
    other = store.users.add("bob@example.org", "hash", is_admin=False)
    for description in ("first", "second", "third"):
        store.tokens.add(user.id, token_digest(description), description)
        clock.sleep(1)
    store.tokens.add(other.id, token_digest("other"), "other")

    assert [t.description for t in store.tokens.list(user.id)] == ["first", "second", "third"]


def test_a_revoked_token_holds_no_more_and_revoking_again_is_fine(store: Store, user: User) -> None:
    token = store.tokens.add(user.id, "d" * 64, "laptop")

    store.tokens.revoke(token.id, user.id)
    store.tokens.revoke(token.id, user.id)

    assert store.tokens.user_of("d" * 64) is None
    assert [e.action for e in store.events.list()].count("token.destroy") == 1


def test_nobody_revokes_the_token_of_somebody_else(store: Store, user: User) -> None:
    other = store.users.add("bob@example.org", "hash", is_admin=False)
    token = store.tokens.add(user.id, "d" * 64, "laptop")

    store.tokens.revoke(token.id, other.id)

    assert store.tokens.user_of("d" * 64) == user


def test_a_removed_users_tokens_hold_no_more(store: Store, user: User) -> None:
    other = store.users.add("bob@example.org", "hash", is_admin=False)
    store.tokens.add(other.id, "d" * 64, "laptop")

    store.users.remove(other.id, by=user.id)

    assert store.tokens.user_of("d" * 64) is None


def test_a_token_needs_a_user(store: Store) -> None:
    with pytest.raises(NotFound):
        store.tokens.add("no-such-id", "d" * 64, "laptop")
