"""Config vars at rest: AES-256-GCM under a key derived from the instance's key file.

The key is HKDF-SHA256 of the file's bytes (RFC 5869, no salt: the input is uniformly random) with a label of its own, so
that other users of the file (session cookies, stream URLs) can never be made to open what is sealed here. A sealed config is
one byte of format version, 12 random bytes of nonce, then the ciphertext with its tag; the app's id is authenticated
with it, so a config moved to another app's row doesn't open. Names are sealed as well as values. Random nonces are safe
for 2³² seals per key (NIST SP 800-38D, 8.3), which is a new release every second for a century.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from paas.errors import PlatformFault

_FORMAT = b"\x01"
_NONCE_BYTES = 12


class ConfigCipher:
    """Seals and opens whole configs."""

    def __init__(self, key: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"paas config vars 1").derive(key)
        self._aead = AESGCM(derived)

    def seal(self, config: Mapping[str, str], app_id: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._aead.encrypt(nonce, json.dumps(dict(config)).encode(), app_id.encode())

    def open(self, sealed: bytes, app_id: str) -> dict[str, str]:
        """Raises `PlatformFault` if it was sealed with another key or for another app, or was tampered with."""
        nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _FORMAT:
                raise ValueError("unknown format")
            config: dict[str, str] = json.loads(self._aead.decrypt(nonce, ciphertext, app_id.encode()))
        except (InvalidTag, ValueError) as exc:
            raise PlatformFault(
                f"the config vars of app {app_id} don't open: the key file is not the one they were sealed with, "
                "or the database was altered; put both back from the same backup"
            ) from exc
        return config
