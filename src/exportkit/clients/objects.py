"""Bytes behind URLs: payloads and originals, fetched without credentials, cookies, proxies or redirects."""

from __future__ import annotations

import hashlib
import http.client
import os
import random
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final, Self
from urllib.parse import SplitResult

import msgspec

from exportkit.clients.address_policy import AddressPolicy, AddressRefused, plain_url
from exportkit.storage.refusals import local_io_error

__all__ = ["FetchFailed", "ObjectFetcher", "ObjectGone"]

_CHUNK: Final = 1 << 18
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_GONE: Final = frozenset({400, 401, 403})
_MOST_PAYLOAD: Final = 256 << 20
_MOST_FILE: Final = 64 << 30
_LONGEST_WAIT: Final = 60.0


_any_json: Final = msgspec.json.Decoder(msgspec.Raw).decode


class FetchFailed(OSError):
    """Bytes that could not be had. The message names the URL without its query."""


class ObjectGone(FetchFailed):
    """The host no longer honours this URL (400, 401, 403): only a new one can help."""


class _Again(Exception):
    """An attempt that may be made once more; `wait` is what the host asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class ObjectFetcher:
    """Fetches from object stores over kept connections; any thread may use it.

    A failed attempt is repeated (5 in all, 1·2ⁿ up to 8 s between them, ``Retry-After`` up to 60 s); a file is then
    taken up where it broke off, if the host vouches by its ETag that it is still the same one.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        attempts: int = 5,
        timeout: float = 60.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._policy = policy or AddressPolicy.of_environment()
        self._attempts = attempts
        self._timeout = timeout
        self._sleep = sleep
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    @classmethod
    def shared(cls) -> Self:
        """The fetcher of this process."""
        return _shared(cls)  # type: ignore[arg-type, return-value]

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    def json(self, url: str, *, size: int | None = None, sha256: str | None = None) -> Any:
        """The JSON value behind a URL; as :meth:`payload`."""
        return msgspec.json.decode(self.payload(url, size=size, sha256=sha256))

    def payload(self, url: str, *, size: int | None = None, sha256: str | None = None) -> bytes:
        """The JSON behind a URL as the bytes that came. A wrong size, digest or syntax is fetched once more.

        Raises ObjectGone, FetchFailed and AddressRefused.
        """

        def attempt() -> bytes:
            body = bytearray()
            with self._opened(url, {}) as response:
                for chunk in _chunks(response, _MOST_PAYLOAD, url):
                    body += chunk
            if size is not None and len(body) != size:
                raise _Again(f"{plain_url(url)} has {len(body)} bytes instead of {size}")
            if sha256 is not None and hashlib.sha256(body).hexdigest() != sha256:
                raise _Again(f"{plain_url(url)} has not the declared SHA-256")
            try:
                _any_json(body)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                raise _Again(f"{plain_url(url)} is no JSON") from None
            return bytes(body)

        content: bytes = self._repeated(attempt, url)
        return content

    def file(self, url: str, descriptor: int, *, size: int | None = None, sha256: str | None = None) -> int:
        """Write what is behind a URL to an empty open file and return its length in bytes.

        Raises ObjectGone, FetchFailed (also for a length or digest that is not the declared one) and AddressRefused;
        what was written by then is the caller's to remove.
        """
        download = _Download(descriptor)

        def attempt() -> int:
            headers = download.resumption()
            with self._opened(url, headers) as response:
                download.begin(response)
                for chunk in _chunks(response, _MOST_FILE, url):
                    download.write(chunk)
            found = download.digest.hexdigest()
            if (size is not None and download.length != size) or (sha256 is not None and found != sha256):
                wrong = "another SHA-256" if size in {None, download.length} else f"{download.length} bytes"
                download.forget()
                raise _Again(f"{plain_url(url)} came with {wrong}, which is not what was declared")
            return download.length

        length: int = self._repeated(attempt, url)
        return length

    def _repeated(self, attempt: Callable[[], Any], url: str) -> Any:
        for number in range(self._attempts):
            try:
                return attempt()
            except _Again as again:
                if number + 1 == self._attempts:
                    raise FetchFailed(f"{again} after {self._attempts} attempts.") from again
                wait = again.wait if again.wait is not None else min(8.0, 2.0**number) * (0.5 + random.random() / 2)  # noqa: S311
                self._sleep(wait)
        raise FetchFailed(f"{plain_url(url)} was not asked for.")

    @contextmanager
    def _opened(self, url: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        """A successful response. Raises _Again for what may pass, FetchFailed for what will not."""
        parts = self._policy.judge(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connection(parts)
        reusable = False
        try:
            connection.request("GET", path, headers={"Accept-Encoding": "identity", **headers})
            response = connection.getresponse()
            _judge_status(response, url)
            yield response
            reusable = response.isclosed() and not response.will_close
        except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            raise _Again(f"{plain_url(url)} broke off ({type(error).__name__})") from error
        except FetchFailed:
            raise
        except OSError as error:
            raise _Again(f"{plain_url(url)} cannot be reached ({error.strerror or type(error).__name__})") from error
        finally:
            if reusable:
                with self._lock:
                    self._idle.setdefault((parts.scheme, parts.netloc), []).append(connection)
            else:
                connection.close()

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        with self._lock:
            idle = self._idle.get((parts.scheme, parts.netloc))
            while idle:
                kept = idle.pop()
                if not _was_closed(kept):
                    return kept
                kept.close()
        host = parts.hostname or ""
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, parts.port, timeout=self._timeout, context=_tls())
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=self._timeout)
        try:
            connection.connect()
            self._policy.admit(parts, connection.sock.getpeername()[0])
        except AddressRefused:
            connection.close()
            raise
        except OSError as error:
            connection.close()
            raise _Again(f"{parts.hostname} cannot be reached ({error.strerror or type(error).__name__})") from error
        return connection


class _Download:
    """A file being filled, perhaps over several connections."""

    def __init__(self, descriptor: int) -> None:
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
        """Take note of what is coming: the rest, or everything from its start."""
        whole = response.headers.get("Content-Range", "")
        if response.status != 206 or not whole.startswith(f"bytes {self.length}-"):
            self.forget()
            if response.status == 206:
                raise _Again("the host sent another range than asked for")
        tag = response.headers.get("ETag", "")
        self._tag = "" if tag.startswith("W/") else tag

    def write(self, chunk: bytes) -> None:
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


def _judge_status(response: http.client.HTTPResponse, url: str) -> None:
    if response.status in {200, 206}:
        return
    where = f"{plain_url(url)} answered {response.status}"
    if response.status in _RETRIED:
        raise _Again(where, _retry_after(response))
    if response.status in _GONE:
        raise ObjectGone(f"{where}.")
    if 300 <= response.status < 400:
        raise FetchFailed(f"{where}, a redirection, which is not followed.")
    raise FetchFailed(f"{where}.")


def _retry_after(response: http.client.HTTPResponse) -> float | None:
    with suppress(ValueError):
        return max(0.0, min(_LONGEST_WAIT, float(response.headers.get("Retry-After", ""))))
    return None


def _chunks(response: http.client.HTTPResponse, most: int, url: str) -> Iterator[bytes]:
    """The body, bounded; a body that is shorter than announced breaks off."""
    length = response.length
    if length is not None and length > most:
        raise FetchFailed(f"{plain_url(url)} has {length} bytes and at most {most} are taken.")
    seen = 0
    while chunk := response.read(_CHUNK):
        seen += len(chunk)
        if seen > most:
            raise FetchFailed(f"{plain_url(url)} has more than {most} bytes.")
        yield chunk
    if length is not None and seen != length:
        raise http.client.IncompleteRead(b"", length - seen)


def _was_closed(connection: http.client.HTTPConnection) -> bool:
    """Whether a kept connection was closed by the other side meanwhile."""
    if connection.sock is None:
        return True
    waiting = select.poll()
    waiting.register(connection.sock, select.POLLIN)
    return bool(waiting.poll(0))


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _shared(cls: type[ObjectFetcher]) -> ObjectFetcher:
    return cls()
