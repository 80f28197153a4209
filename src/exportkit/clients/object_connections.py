"""Kept connections to object stores, each judged by the machine that it really leads to."""

from __future__ import annotations

import errno
import http.client
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult

from exportkit.clients.address_policy import AddressPolicy, AddressRefused

__all__ = ["Hopeless", "ObjectConnections", "Unreachable"]

#: Failures to connect in a row after which a host is left alone, and for how many seconds.
_FAILURES: Final = 5
_REST: Final = 30.0
#: The way to a host was lost; Python has no exceptions of their own for these.
_NETWORK_AWAY: Final = frozenset({errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN})


class Unreachable(Exception):
    """A host could not be connected to, or broke off. The message completes "https://host/path …"."""


class Hopeless(Unreachable):
    """A host that is not worth another attempt now: its certificate is not trusted, or it failed often in a row."""


class ObjectConnections:
    """Connections by host, reused while they last; any thread may ask.

    Nothing goes along: no headers of ours, no cookies, no netrc, no proxy of the environment. A host that cannot be
    reached is left alone for half a minute after five attempts, so that others are not kept waiting for it.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 60.0,
        cacert: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Time-outs in seconds; `read_timeout` is the longest silence within an answer."""
        self._policy = policy
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._cacert = cacert
        self._clock = clock
        self._tls: ssl.SSLContext | None = None
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str], list[http.client.HTTPConnection]] = {}
        self._failures: dict[str, tuple[int, float]] = {}

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            for connections in self._idle.values():
                for connection in connections:
                    connection.close()
            self._idle.clear()

    @contextmanager
    def answer(self, parts: SplitResult, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        """The answer to GET, its body still to be read. Raises AddressRefused and Unreachable."""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connection(parts)
        reusable = False
        try:
            connection.request("GET", path, headers={"Accept-Encoding": "identity", **headers})
            response = connection.getresponse()
            yield response
            # A body read piece by piece to its announced length is over, though the response does not say so.
            reusable = (response.isclosed() or response.length == 0) and not response.will_close
            response.close()
        except (http.client.HTTPException, OSError) as error:
            if not _is_of_the_network(error):
                raise
            raise Unreachable(f"broke off ({type(error).__name__})") from error
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
        self._require_up(parts.netloc)
        try:
            made = self._connected(parts)
        except AddressRefused:
            raise
        except ssl.SSLCertVerificationError as error:
            raise Hopeless("has a certificate that is not trusted (give its authority with --cacert)") from error
        except OSError as error:
            self._note(parts.netloc, is_up=False)
            raise Unreachable(f"cannot be reached ({error.strerror or type(error).__name__})") from error
        self._note(parts.netloc, is_up=True)
        return made

    def _connected(self, parts: SplitResult) -> http.client.HTTPConnection:
        """A connection whose other end the policy admits; not a byte is sent before that."""
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        made = http.client.HTTPConnection(host, port)
        made.sock = socket.create_connection((host, port), timeout=self._connect_timeout)
        try:
            self._policy.admit(parts, made.sock.getpeername()[0])
            made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if parts.scheme == "https":
                made.sock = self._trust().wrap_socket(made.sock, server_hostname=host)
            made.sock.settimeout(self._read_timeout)
        except BaseException:
            made.close()
            raise
        return made

    def _trust(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = ssl.create_default_context()
                if self._cacert is not None:
                    self._tls.load_verify_locations(cafile=self._cacert)
            return self._tls

    def _require_up(self, host: str) -> None:
        failures, since = self._failures.get(host, (0, 0.0))
        if failures >= _FAILURES and self._clock() - since < _REST:
            raise Hopeless(f"was not asked, since its host failed {failures} times")

    def _note(self, host: str, *, is_up: bool) -> None:
        with self._lock:
            if is_up:
                self._failures.pop(host, None)
            else:
                self._failures[host] = (self._failures.get(host, (0, 0.0))[0] + 1, self._clock())


def _is_of_the_network(error: Exception) -> bool:
    """Whether the connection failed, and not what its user does with the answer, such as writing it to a disk."""
    if isinstance(error, (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError)):
        return True
    return isinstance(error, OSError) and error.errno in _NETWORK_AWAY


def _was_closed(connection: http.client.HTTPConnection) -> bool:
    """Whether a kept connection was closed by the other side meanwhile."""
    if connection.sock is None:
        return True
    waiting = select.poll()
    waiting.register(connection.sock, select.POLLIN)
    return bool(waiting.poll(0))
