"""Bytes behind URLs: payloads and originals, fetched without credentials, cookies, proxies or redirects."""

from __future__ import annotations

import hashlib
import http.client
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import msgspec

from exportkit.clients.address_policy import AddressPolicy, plain_url
from exportkit.clients.clock_skew import clock_skew, skewed_minutes
from exportkit.clients.connection import origin_of
from exportkit.clients.download import Download, OtherRange
from exportkit.clients.object_connections import Hopeless, ObjectConnections, Unreachable
from exportkit.clients.retries import RetryBudget, Sleep, retry_after
from exportkit.errors import RemoteIOError

__all__ = ["FetchFailed", "ObjectFetcher", "ObjectGone"]

T = TypeVar("T")
_raw: Final = msgspec.json.Decoder(msgspec.Raw).decode
_CHUNK: Final = 1 << 18
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_GONE: Final = frozenset({400, 401, 403})
_MOST_PAYLOAD: Final = 256 << 20
_MOST_FILE: Final = 64 << 30
_LONGEST_WAIT: Final = 60.0
#: Seconds that a body may take, and the bytes a second that buy it more.
_PATIENCE: Final = 120.0
_LEAST_SPEED: Final = 1024


class FetchFailed(OSError):
    """Bytes that could not be had. The message names the URL without its query."""


class ObjectGone(FetchFailed):
    """The host no longer honours this URL (400, 401, 403): only a new one can help."""


class _Again(Exception):
    """An attempt that may be made once more.

    `wait` is what the host asked for, in seconds; `is_wrong` marks bytes that came whole and are not those declared.
    """

    def __init__(self, message: str, wait: float | None = None, *, is_wrong: bool = False) -> None:
        super().__init__(message)
        self.wait = wait
        self.is_wrong = is_wrong


@dataclass(frozen=True)
class _Waits:
    """Seconds before the next attempt: 1·2ⁿ with jitter, up to `longest`."""

    longest: float

    def __call__(self, number: int, asked: float | None) -> float:
        if asked is not None:
            return min(_LONGEST_WAIT, asked)
        return min(self.longest, 2.0**number) * (0.5 + random.random() / 2)  # noqa: S311


class ObjectFetcher:
    """Fetches from object stores over kept connections; any thread may use it.

    A failed attempt is repeated (5 in all, 1·2ⁿ s between them up to 8 for files and 20 for payloads, ``Retry-After``
    up to 60), wrong bytes once; a file is taken up where it broke off, if the host vouches by its ETag that it is
    still the same one. Retries come out of `budget`, which a run shares with its other requests.

    Where a host stays away the bytes behind its URLs are lost, and a run can do without them. Where the backend itself
    stays away, nothing more can be had: that is RemoteIOError, and no failure of one URL.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        attempts: int = 5,
        timeout: float = 60.0,
        cacert: Path | None = None,
        budget: RetryBudget | None = None,
        backend: tuple[str, str, int] | None = None,
        sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout` is the longest silence, in seconds; connecting may take 5.

        `backend` is scheme, name and port of the backend, if it is known.
        """
        self._backend = backend
        self._policy = policy or AddressPolicy.of_environment()
        self._attempts = attempts
        self._budget = budget or RetryBudget(least=1 << 30)
        self._sleep = sleep
        self._clock = clock
        self._connections = ObjectConnections(self._policy, read_timeout=timeout, cacert=cacert, clock=clock)

    @classmethod
    def shared(cls) -> Self:
        """The fetcher of this process."""
        return _shared(cls)  # type: ignore[arg-type, return-value]

    def close(self) -> None:
        """Close the connections that are kept."""
        self._connections.close()

    def content(self, url: str, *, size: int | None = None, sha256: str | None = None) -> bytes:
        """The JSON document behind a URL as the bytes that came, of the declared size and digest.

        Raises ObjectGone, FetchFailed and AddressRefused.
        """
        return self._document(url, size, sha256, _verified)

    def json(self, url: str, *, size: int | None = None, sha256: str | None = None) -> Any:
        """The JSON value behind a URL. Raises as :meth:`content`."""
        return self._document(url, size, sha256, msgspec.json.decode)

    def file(self, url: str, descriptor: int, *, size: int | None = None, sha256: str | None = None) -> int:
        """Write what is behind a URL to an empty open file and return its length in bytes.

        Raises ObjectGone, FetchFailed (also for a length or digest that is not the declared one) and AddressRefused;
        what was written by then is the caller's to remove.
        """
        download = Download(descriptor)

        def attempt() -> int:
            headers = download.resumption()
            with self._opened(url, headers) as response:
                _refuse_page(response, url)
                try:
                    download.begin(response)
                except OtherRange:
                    raise _Again(f"{plain_url(url)} gave another range than was asked for") from None
                for chunk in self._chunks(response, _MOST_FILE, url):
                    download.write(chunk)
            found = download.digest.hexdigest()
            if (size is not None and download.length != size) or (sha256 is not None and found != sha256):
                wrong = "another SHA-256" if size in {None, download.length} else f"{download.length} bytes"
                download.forget()
                raise _Again(f"{plain_url(url)} came with {wrong}, which is not what was declared", is_wrong=True)
            return download.length

        return self._repeated(attempt, url, _Waits(8.0))

    def _document(self, url: str, size: int | None, sha256: str | None, read: Callable[[bytes], T]) -> T:
        def attempt() -> T:
            with self._opened(url, {}) as response:
                body = b"".join(self._chunks(response, _MOST_PAYLOAD, url))
            if size is not None and len(body) != size:
                raise _Again(f"{plain_url(url)} has {len(body)} bytes instead of {size}", is_wrong=True)
            if sha256 is not None and hashlib.sha256(body).hexdigest() != sha256:
                raise _Again(f"{plain_url(url)} has not the declared SHA-256", is_wrong=True)
            try:
                return read(body)
            except RecursionError:
                raise FetchFailed(f"{plain_url(url)} nests deeper than is read.") from None
            except (msgspec.MsgspecError, UnicodeError):
                raise _Again(f"{plain_url(url)} is no JSON") from None

        return self._repeated(attempt, url, _Waits(20.0))

    def _repeated(self, attempt: Callable[[], T], url: str, waits: _Waits) -> T:
        wrong = 0
        for number in range(self._attempts):
            self._budget.note_request()
            try:
                return attempt()
            except _Again as again:
                wrong += again.is_wrong
                if number + 1 == self._attempts or wrong > 1:
                    raise self._given_up(f"{again} after {number + 1} attempts.", url, again) from again
                if not self._budget.take():
                    raise self._given_up(f"{again}, and the retries of this run are spent.", url, again) from again
                self._sleep(waits(number, again.wait))
        raise FetchFailed(f"{plain_url(url)} was not asked for.")

    def _given_up(self, message: str, url: str, last: _Again | None = None) -> Exception:
        is_wrong = last is not None and last.is_wrong
        if is_wrong or self._backend is None or origin_of(urlsplit(url)) != self._backend:
            return FetchFailed(message)
        return RemoteIOError(f"{message} Run the same command again to go on.")

    @contextmanager
    def _opened(self, url: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        """A successful response. Raises _Again for what may pass, FetchFailed for what will not."""
        parts = self._policy.judge(url)
        try:
            with self._connections.answer(parts, headers) as response:
                _judge_status(response, url)
                yield response
        except Hopeless as error:
            raise self._given_up(f"{plain_url(url)} {error}.", url) from error
        except Unreachable as error:
            raise _Again(f"{plain_url(url)} {error}") from error

    def _chunks(self, response: http.client.HTTPResponse, most: int, url: str) -> Iterator[bytes]:
        """The body, bounded in size and time; a body that is shorter than announced breaks off."""
        length = response.length
        if length is not None and length > most:
            raise FetchFailed(f"{plain_url(url)} has {length} bytes and at most {most} are taken.")
        began = self._clock()
        seen = 0
        while chunk := response.read1(_CHUNK):
            seen += len(chunk)
            if seen > most:
                raise FetchFailed(f"{plain_url(url)} has more than {most} bytes.")
            if self._clock() - began > _PATIENCE + seen / _LEAST_SPEED:
                raise _Again(f"{plain_url(url)} came slower than {_LEAST_SPEED} bytes a second")
            yield chunk
        if length is not None and seen != length:
            raise http.client.IncompleteRead(b"", length - seen)


def _verified(document: bytes) -> bytes:
    """The same bytes. Raises DecodeError and UnicodeError for what is no JSON, without building what it stands for."""
    _raw(document)
    document.decode()
    return document


def _judge_status(response: http.client.HTTPResponse, url: str) -> None:
    if response.status in {200, 206}:
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
            raise FetchFailed(f"{plain_url(url)} came in an encoding that was not asked for.")
        return
    where = f"{plain_url(url)} answered {response.status}"
    if response.status in _RETRIED:
        raise _Again(where, retry_after(response.headers.get("Retry-After")))
    if response.status in _GONE:
        raise ObjectGone(f"{where}{_skew(response)}.")
    if 300 <= response.status < 400:
        raise FetchFailed(f"{where}, a redirection, which is not followed.")
    raise FetchFailed(f"{where}.")


def _skew(response: http.client.HTTPResponse) -> str:
    minutes = skewed_minutes(clock_skew(response.headers.get("Date")))
    return "" if minutes is None else f", and its clock differs from ours by {minutes} minutes"


def _refuse_page(response: http.client.HTTPResponse, url: str) -> None:
    """Refuse the page of a portal or an error that stands where a file should."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/html" and not plain_url(url).lower().endswith((".html", ".htm")):
        raise _Again(f"{plain_url(url)} is a page for people, not a file")


@cache
def _shared(cls: type[ObjectFetcher]) -> ObjectFetcher:
    return cls()
