"""Texts that only this server can have signed: URLs that expire, cursors bound to what they page through."""

from __future__ import annotations

import hmac
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Final

from exportkit.errors import LocalIOError
from exportkit.storage.refusals import refusals_of, shown
from exportkit.storage.sync import sync_directory

__all__ = ["Signer"]

_SECRET_BYTES: Final = 32


class Signer:
    """Signs with a secret made at the first start, kept in a file that only its user may read."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def from_file(cls, path: Path) -> Signer:
        """Read the secret, made if need be. Raises LocalIOError, also for a file that is no whole secret."""
        with refusals_of("read the secret", path):
            try:
                secret = _made(path)
            except FileExistsError:
                secret = path.read_bytes()
        if len(secret) != _SECRET_BYTES:
            found = f"has {len(secret)} bytes, not {_SECRET_BYTES}"
            raise LocalIOError(f"The secret in {shown(path)} {found}; remove the file, and a new one is made.")
        return cls(secret)

    def signature(self, *parts: str) -> str:
        """Sign a sequence of texts, each as it is."""
        message = "\n".join(f"{len(part)}:{part}" for part in parts)
        return _encoded(hmac.digest(self._secret, message.encode(), "sha256"))

    def verifies(self, signature: str, *parts: str) -> bool:
        """Tell whether the signature is ours, in the same time whatever it is."""
        return hmac.compare_digest(signature.encode(), self.signature(*parts).encode())

    def sealed(self, content: str, *purpose: str) -> str:
        """Give an opaque token that carries `content` and is good for one purpose."""
        return f"{_encoded(content.encode())}.{self.signature('sealed', content, *purpose)}"

    def opened(self, token: str, *purpose: str) -> str | None:
        """Give the content of a token, None where it is not ours or for another purpose."""
        text, _, signature = token.partition(".")
        try:
            content = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except (ValueError, UnicodeDecodeError):
            return None
        return content if self.verifies(signature, "sealed", content, *purpose) else None


def _made(path: Path) -> bytes:
    """Put a new secret into a file of its own, whole and on the device, or leave none. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            secret = secrets.token_bytes(_SECRET_BYTES)
            file.write(secret)
            file.flush()
            os.fsync(descriptor)
        sync_directory(path.parent)
    except OSError:
        path.unlink()
        raise
    return secret


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
