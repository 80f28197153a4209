"""URLs of payloads and originals that need no token, but expire and cannot be changed."""

from __future__ import annotations

import time
from typing import Final

from exportkit.server.documents import FileMark
from exportkit.server.refusals import Refusal
from exportkit.server.signatures import Signer
from exportkit.storage.objects import ObjectStore

__all__ = ["SignedUrls", "original_key", "verify_signed_path"]


def original_key(tenant_id: int, digest: str) -> str:
    """Say where the original with these bytes lies in the objects of the server."""
    return f"originals/{tenant_id}/{digest[:2]}/{digest}"


class SignedUrls:
    """The URLs of one answer, all with one expiry. Those of originals are the object store's own, if it has such."""

    def __init__(self, signer: Signer, origin: str, tenant_id: int, objects: ObjectStore, seconds: int) -> None:
        self._signer = signer
        self._origin: Final = origin.rstrip("/")
        self._tenant_id = tenant_id
        self._objects = objects
        self._seconds = seconds
        self._expires = int(time.time()) + seconds

    def payload(self, document_id: int) -> str:
        """Give the URL of a payload."""
        return self._signed(f"/payloads/{self._tenant_id}/{document_id}/")

    def original(self, mark: FileMark) -> str:
        """Give the URL of an original."""
        presigned = self._objects.presign(original_key(self._tenant_id, mark.digest), self._seconds)
        return presigned or self._signed(f"/files/{self._tenant_id}/{mark.digest}/")

    def _signed(self, path: str) -> str:
        signature = self._signer.signature("url", path, str(self._expires))
        return f"{self._origin}{path}?expires={self._expires}&signature={signature}"


def verify_signed_path(signer: Signer, path: str, expires: str | None, signature: str | None) -> None:
    """Raise Refusal 403 for a path without its signature, with a changed one, or after its time."""
    if not signature or not expires or not signer.verifies(signature, "url", path, expires):
        raise Refusal(403, "The URL is not signed for this; ask the list for a new one.")
    if int(expires) < time.time():
        raise Refusal(403, "The URL has expired; ask the list for a new one.")
