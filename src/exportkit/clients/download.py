"""A file being filled from the network, perhaps over several connections."""

from __future__ import annotations

import hashlib
import http.client
import os

from exportkit.storage.refusals import local_io_error

__all__ = ["Download", "OtherRange"]


class OtherRange(Exception):
    """The host sent a part that is not the one asked for."""


class Download:
    """Grows only by what surely follows what is there: a part is appended when the host vouches that it is the rest
    of the same file (206, ``Content-Range`` and a strong ETag); otherwise everything begins anew.
    """

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is an empty file, open for writing, which stays the caller's."""
        self._descriptor = descriptor
        self._tag = ""
        self.length = 0
        self.digest = hashlib.sha256()

    def resumption(self) -> dict[str, str]:
        """Headers that ask for the rest of the same file, if there is a beginning and a strong tag for it."""
        if self.length and self._tag:
            return {"Range": f"bytes={self.length}-", "If-Range": self._tag}
        self.forget()
        return {}

    def begin(self, response: http.client.HTTPResponse) -> None:
        """Take note of what is coming: the rest, or everything from its start. Raises OtherRange."""
        part = response.headers.get("Content-Range", "")
        if response.status != 206 or not part.startswith(f"bytes {self.length}-"):
            self.forget()
            if response.status == 206:
                raise OtherRange
        tag = response.headers.get("ETag", "")
        self._tag = "" if tag.startswith("W/") else tag

    def write(self, chunk: bytes) -> None:
        """Append. Raises LocalIOError where this machine refuses."""
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise local_io_error(error, "store", "what is fetched") from error
        self.length += len(chunk)
        self.digest.update(chunk)

    def forget(self) -> None:
        """Begin anew."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._tag = ""
        self.length = 0
        self.digest = hashlib.sha256()
