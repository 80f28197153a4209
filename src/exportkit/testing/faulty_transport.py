"""A network in memory that fails at the calls a test names: for properties that want thousands of runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import httpx2

__all__ = ["FaultyTransport"]

#: An exception to raise, or an answer to give instead.
TransportFault = type[httpx2.TransportError] | httpx2.TransportError | Callable[[httpx2.Request], httpx2.Response]


class FaultyTransport(httpx2.BaseTransport):
    """Hands requests on to `inner`, but for the calls in `faults`, which are counted from 1.

    A fault is an exception (``httpx2.ConnectError``, ``httpx2.ReadTimeout``, ``httpx2.RemoteProtocolError``, …) or a
    function that answers. With `after_answer` the inner transport still gets the request and only its answer is lost.
    """

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        faults: Mapping[int, TransportFault] | None = None,
        *,
        after_answer: bool = False,
    ) -> None:
        self._inner = inner
        self._faults = dict(faults or {})
        self._after_answer = after_answer
        self._lock = threading.Lock()
        #: Requests so far, lost ones included.
        self.calls = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with self._lock:
            self.calls += 1
            fault = self._faults.get(self.calls)
        if fault is None:
            return self._inner.handle_request(request)
        if self._after_answer:
            self._inner.handle_request(request).close()
        if isinstance(fault, httpx2.TransportError):
            raise fault
        if isinstance(fault, type):
            raise fault("planned by the test")
        return fault(request)

    def close(self) -> None:
        self._inner.close()
