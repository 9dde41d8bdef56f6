"""Login: e-mail address and password → user, with a brake on guessing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache

from paas.bootstrap import Services
from paas.domain.user import User, check_email
from paas.errors import Invalid, NotFound, TooManyGuesses, WrongPassword
from paas.pipeline import passwords

FREE_GUESSES = 5  # from one address for one account, before each further one costs twice the wait of the last
# For one account from everywhere: a botnet is slowed, and one stranger can't lock the owner out.
FREE_GUESSES_ANYWHERE = 50
LONGEST_WAIT = 900.0  # seconds
_REMEMBERED = 10_000


def login(services: Services, email: str, password: str, *, address: str = "") -> User:
    """Who that is. `address` is where the guess comes from. Raises `WrongPassword`, `TooManyGuesses`.

    A one-time password is fine here: look at `must_change_password`.
    """
    now = services.clock.monotonic()
    account = (services.settings.name, email.strip().lower()[:254])
    budgets = (((*account, address), FREE_GUESSES), (account, FREE_GUESSES_ANYWHERE))
    for key, free in budgets:
        wait = _guesses.take(key, free, now)
        if wait > 0:
            raise TooManyGuesses(wait)
    user = _user(services, email.strip())
    if not passwords.fits(password[:1024], user.password_hash if user else _nobodys_hash()) or user is None:
        raise WrongPassword
    for key, _ in budgets:
        _guesses.forget(key)
    return user


def _user(services: Services, email: str) -> User | None:
    try:
        return services.store.users.get(check_email(email))
    except (Invalid, NotFound):
        return None


@cache
def _nobodys_hash() -> str:
    """Compared with when there is no such user, so that the answer takes as long and doesn't tell who has an account."""
    return passwords.hash_password(passwords.generated())


@dataclass
class _Tries:
    count: int = 0
    free_at: float = 0.0


class _Guesses:
    """Counts guesses by key; the longest unused ones are forgotten first. Lost with the process, which is fine."""

    def __init__(self) -> None:
        self._tries: OrderedDict[tuple[str, ...], _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: tuple[str, ...], free: int, now: float) -> float:
        """Counts a guess and returns 0; or, when it comes too early, the seconds until one is looked at.

        Counted before the slow look at the password: a hundred guesses at once must not all slip through.
        """
        with self._lock:
            tries = self._tries.setdefault(key, _Tries())
            self._tries.move_to_end(key)
            if tries.count >= free and now < tries.free_at:
                return tries.free_at - now
            if now - tries.free_at > LONGEST_WAIT:
                tries.count = 0
            tries.count += 1
            tries.free_at = now + min(2.0 ** max(tries.count - free, 0), LONGEST_WAIT)
            while len(self._tries) > _REMEMBERED:
                self._tries.popitem(last=False)
        return 0.0

    def forget(self, key: tuple[str, ...]) -> None:
        with self._lock:
            self._tries.pop(key, None)


_guesses = _Guesses()
