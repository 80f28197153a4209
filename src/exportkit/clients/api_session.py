"""Requests to the one backend that a run has credentials for, and to nobody else."""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx2
import msgspec

from exportkit.clients.client_errors import (
    AnswerTooLarge,
    CertificateRefused,
    ClientConnectionError,
    ClientError,
    ClientResponseIncompleteError,
    ClientTimeoutError,
    HostileAnswer,
    HostilePaging,
    error_of,
)
from exportkit.clients.clock_skew import clock_skew, skewed_minutes
from exportkit.clients.connection import Connection, origin_of
from exportkit.clients.credentials import Family, headers_for
from exportkit.clients.open_answers import OpenAnswers
from exportkit.clients.query import encoded
from exportkit.clients.retries import CALLS, RetryBudget, RetryPolicy, Sleep, repeated, retry_after

__all__ = ["ApiSession", "Family", "decoded"]

_log = logging.getLogger(__name__)
T = TypeVar("T")

#: Bytes of one decoded answer: two hundred payloads of a megabyte, and room.
MOST_ANSWER: Final = 256 << 20
_MOST_ERROR: Final = 64 << 10
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


class ApiSession:
    """One pool of connections, pinned to the backend's origin; any thread may use it.

    Redirects are not followed, cookies not kept, answers bounded in size and time, secrets kept out of every text.
    Each request carries the credentials of the family whose path it calls.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        budget: RetryBudget | None = None,
        transport: httpx2.BaseTransport | None = None,
        sleep: Sleep | None = None,
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST_ANSWER,
    ) -> None:
        """`transport` replaces the network, `sleep` and `clock` (monotonic) the time; `most` bounds answers (bytes)."""
        self.connection = connection
        self.budget = budget or RetryBudget()
        self._answers = OpenAnswers()
        #: Pauses between attempts end when the session is closed.
        self.sleep: Sleep = sleep or self._answers.pause
        self.clock = clock
        self._most = most
        self._base = f"{connection.parts.scheme}://{connection.parts.netloc}"
        #: Seconds that the backend's clock is ahead of ours, by its last answer; None before the first.
        self.clock_skew: float | None = None
        self._told_skew = threading.Event()
        self._client = httpx2.Client(
            transport=transport,
            verify=_tls(connection),
            # A proxy of the environment is for the way out; nothing on this machine is asked through one.
            trust_env=connection.parts.hostname not in {"localhost", "127.0.0.1", "::1"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            headers={"User-Agent": "exportkit", "Accept-Encoding": "gzip"},
            timeout=httpx2.Timeout(
                connection.read_timeout, connect=connection.connect_timeout, pool=connection.total_timeout
            ),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=32),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection, also under threads that read an answer; a second call does nothing."""
        self._answers.close()
        self._client.close()

    # -- requests --------------------------------------------------------------------------------------------

    def call(
        self,
        method: str,
        target: str,
        params: Mapping[str, Any] | None = None,
        *,
        family: Family,
        read: Callable[[bytes], T],
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        policy: RetryPolicy = CALLS,
    ) -> T:
        """What `read` makes of the body of a successful answer.

        `target` is a path, or an absolute URL of the same origin. Raises ClientError: HTTPError and its kinds for a
        status from 400, ClientTimeoutError, ClientConnectionError, ClientResponseIncompleteError also for what `read`
        refuses with a DecodeError, HostileAnswer.
        """

        def attempt() -> T:
            with self.opened(method, target, params, family=family, body=body, headers=headers) as response:
                content = self._content(response, self._most, method, target)
            try:
                return read(content)
            except RecursionError:
                raise AnswerTooLarge(f"{method} {plain_path(target)} nests deeper than is read.") from None
            except (msgspec.MsgspecError, UnicodeError):
                what = f"{method} {plain_path(target)} was answered with something else than the expected JSON"
                raise ClientResponseIncompleteError(f"{what}; look at what stands before the backend.") from None

        return repeated(attempt, policy, self.budget, sleep=self.sleep)

    @contextmanager
    def opened(
        self,
        method: str,
        target: str,
        params: Mapping[str, Any] | None = None,
        *,
        family: Family,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float | None = None,
    ) -> Iterator[httpx2.Response]:
        """A successful answer whose body is still to be read, by one attempt. Raises as :meth:`call`."""
        request = self._request(method, target, params, family, body, headers, read_timeout)
        with self._failures_of(method, target):
            response = self._client.send(request, stream=True)
        try:
            self._note_clock(response)
            if response.status_code >= 300:
                raise self._refusal(response, method, target)
            with self._failures_of(method, target), self._answers.reading(response):
                yield response
        finally:
            response.close()

    def url_of(self, target: str) -> str:
        """The URL of a path or of an absolute URL of this origin. Raises HostilePaging for any other one."""
        try:
            parts = urlsplit(urljoin(self._base, target))
            same = origin_of(parts) == self.connection.origin and parts.username is None and parts.password is None
        except ValueError:
            same = False
        if not same or _UNSAFE.search(target):
            raise HostilePaging(
                "The backend points to another address than its own, which is not asked; "
                "give its public address as SYNAPSE_HOST if that is the one it knows itself by."
            )
        # Put together anew, so that no two readers of a URL can disagree about its host.
        return f"{self._base}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")

    # -- parts of a request ----------------------------------------------------------------------------------

    def _request(
        self,
        method: str,
        target: str,
        params: Mapping[str, Any] | None,
        family: Family,
        body: Any,
        headers: Mapping[str, str] | None,
        read_timeout: float | None,
    ) -> httpx2.Request:
        base = "" if "://" in target or target.startswith("//") else self.connection.parts.path
        url = self.url_of(base + target)
        query = encoded({**(params or {}), **self._everywhere(url)})
        if query:
            url += ("&" if "?" in url else "?") + query
        sent = {**headers_for(self.connection, family), **(headers or {})}
        content = None
        if method != "GET":
            sent["Content-Type"] = "application/json"
            content = b"" if body is None else msgspec.json.encode(body)
        connection = self.connection
        timeout = httpx2.Timeout(
            read_timeout or connection.read_timeout, connect=connection.connect_timeout, pool=connection.total_timeout
        )
        return self._client.build_request(method, url, headers=sent, content=content, timeout=timeout)

    def _everywhere(self, url: str) -> dict[str, str]:
        """What every request carries; a URL that the backend made has it already."""
        mark = self.connection.url_host
        return {"url_host": mark} if mark and "url_host=" not in url else {}

    @contextmanager
    def _failures_of(self, method: str, target: str) -> Iterator[None]:
        """The library's errors in the words of the contract, without query and without address of what is behind."""
        where = f"{method} {plain_path(target)}"
        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            host = self.connection.parts.netloc
            if _is_about_the_certificate(error):
                raise CertificateRefused(
                    None, f"The certificate of {host} is not trusted; give its authority with --cacert."
                ) from error
            slow = isinstance(error, httpx2.TimeoutException)
            text = f"The backend {host} cannot be reached; check SYNAPSE_HOST and the network."
            failure: ClientError = ClientTimeoutError(text) if slow else ClientConnectionError(text)
            failure.was_sent = False
            raise failure from error
        except httpx2.TimeoutException as error:
            text = f"{where} was not answered within {self.connection.read_timeout:g} seconds."
            kind = ClientTimeoutError if method == "GET" else ClientResponseIncompleteError
            raise kind(text) from error
        except httpx2.DecodingError as error:
            raise HostileAnswer(f"{where} was answered in an encoding that cannot be read.") from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise ClientResponseIncompleteError(f"{where} broke off ({type(error).__name__}).") from error

    def _content(self, response: httpx2.Response, most: int, method: str, target: str) -> bytes:
        """The whole decoded body, bounded in size and in time."""
        deadline = self.clock() + self.connection.total_timeout
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > most:
                raise AnswerTooLarge(f"{method} {plain_path(target)} was answered with more than {most} bytes.")
            if self.clock() > deadline:
                limit = self.connection.total_timeout
                raise ClientTimeoutError(f"{method} {plain_path(target)} took more than {limit:g} seconds.")
            pieces.append(piece)
        return b"".join(pieces)

    def _refusal(self, response: httpx2.Response, method: str, target: str) -> ClientError:
        """The error that an answer stands for, with the server's own words as far as they are fit to be shown."""
        where = f"{method} {plain_path(target)}"
        status = response.status_code
        if status < 400:
            return HostileAnswer(
                f"{where} was answered {status}, a redirection, which is not followed; "
                "give the address it leads to as SYNAPSE_HOST if it is right."
            )
        try:
            with self._failures_of(method, target):
                content = self._content(response, _MOST_ERROR, method, target)
            body = msgspec.json.decode(content) if content else None
        except (ClientError, msgspec.MsgspecError, UnicodeError, RecursionError):
            body = None
        words = self.plain(words_of(body)) or response.reason_phrase
        error = error_of(status, f"{where} was refused: {words}".rstrip(". ") + ".", body)
        error.retry_after = retry_after(response.headers.get("Retry-After"))
        return error

    def plain(self, text: str) -> str:
        """Text of the other side, fit for a log: short, on one line, without tokens and without queries of URLs."""
        for secret in (value for value in vars(self.connection).values() if hasattr(value, "get_secret_value")):
            text = text.replace(secret.get_secret_value(), "***")
        text = re.sub(r"(https?://[^\s\"'<>?]+)\?[^\s\"'<>]*", r"\1", text)
        text = "".join(sign if sign.isprintable() else " " for sign in text)
        return " ".join(text.split())[:300]

    def _note_clock(self, response: httpx2.Response) -> None:
        skew = clock_skew(response.headers.get("Date"))
        if skew is None:
            return
        self.clock_skew = skew
        minutes = skewed_minutes(skew)
        if minutes is not None and not self._told_skew.is_set():
            self._told_skew.set()
            _log.warning(
                "The clocks of this machine and of the backend differ by %d minutes; signed URLs may seem expired.",
                minutes,
            )


def decoded(kind: type[T]) -> Callable[[bytes], T]:
    """A reader of JSON of one type, for :meth:`ApiSession.call`."""
    return msgspec.json.Decoder(kind).decode


def plain_path(target: str) -> str:
    """The path of a target without its query, fit for a message."""
    try:
        return urlsplit(target).path[:200] or "/"
    except ValueError:
        return "(unreadable address)"


def words_of(body: Any) -> str:
    """What an error answer of either family says (wire contract, section 13)."""
    if not isinstance(body, Mapping):
        return body if isinstance(body, str) else ""
    error = body.get("error")
    if isinstance(error, Mapping):
        details = error.get("details")
        told = [
            f"{detail.get('field')}: {detail.get('message')}"
            for detail in (details if isinstance(details, list) else [])
            if isinstance(detail, Mapping)
        ]
        return "; ".join([str(error.get("message") or error.get("code") or ""), *told])
    if isinstance(body.get("detail"), str):
        return str(body["detail"])
    fields = [
        f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in body.items()
        if isinstance(value, (str, list))
    ]
    return "; ".join(fields)


def _is_about_the_certificate(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is a certificate that could not be verified."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _tls(connection: Connection) -> ssl.SSLContext:
    """Certificates are always verified; what the user trusts besides comes on top of the system's."""
    if connection.parts.scheme == "http":
        # Reading the system's certificates takes longer than a hundred requests, and this origin needs none.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if connection.cacert is not None:
        context.load_verify_locations(cafile=connection.cacert)
    return context
