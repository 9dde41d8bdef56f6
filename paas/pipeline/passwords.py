"""Passwords at rest: scrypt with OWASP's parameters (Password Storage Cheat Sheet: N=2^14, r=8, p=5)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading

_N, _R, _P = 2**14, 8, 5
_MEMORY = 128 * _R * (_N + _P + 2) + 1024 * 1024  # what OpenSSL reckons with, and room
_ONE_AT_A_TIME = (
    threading.Lock()
)  # 16 MiB and a fifth of a second each: many at once would cost the platform its memory


def hash_password(password: str) -> str:
    """`scrypt$N$r$p$salt$key`, salt and key in hexadecimal."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_scrypt(password, salt, _N, _R, _P).hex()}"


def fits(password: str, password_hash: str) -> bool:
    """Whether the hash was made of this password. Takes the same time whether or not it was."""
    scheme, n, r, p, salt, key = password_hash.split("$")
    if scheme != "scrypt":
        raise ValueError(f"unknown password hash {scheme!r}")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p)), bytes.fromhex(key))


def generated() -> str:
    """A password to be shown once: 120 random bits, easy to copy."""
    return "-".join(secrets.token_hex(5) for _ in range(3))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _ONE_AT_A_TIME:
        return hashlib.scrypt(
            password.encode("utf-8", "surrogatepass"), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=32
        )
