"""Everything that one run talks to: both interfaces of a backend, and the object stores that it refers to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

import httpx2

from exportkit.clients.address_policy import AddressPolicy
from exportkit.clients.api_session import ApiSession
from exportkit.clients.backend import BackendClient
from exportkit.clients.backend_v2 import BackendClientV2
from exportkit.clients.connection import Connection
from exportkit.clients.objects import ObjectFetcher
from exportkit.clients.retries import RetryBudget, Sleep

__all__ = ["ConnectedBackend"]


class ConnectedBackend:
    """Two ways out that share a budget of retries and nothing else.

    ``v1`` and ``v2`` carry the credentials and reach the backend's origin alone; ``fetcher`` carries nothing and
    reaches what the address policy admits. Close it in a ``finally``: that closes every storage session, too.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Sleep | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`transport` replaces the network of the backend alone; `sleep` and `clock` (monotonic) the time."""
        self.connection = connection
        self.budget = RetryBudget()
        self.session = ApiSession(connection, budget=self.budget, transport=transport, sleep=sleep, clock=clock)
        self.v1 = BackendClient(self.session)
        self.v2 = BackendClientV2(self.session)
        self.fetcher = ObjectFetcher(
            AddressPolicy.for_backend(connection.host),
            cacert=connection.cacert,
            budget=self.budget,
            backend=connection.origin,
            sleep=sleep or time.sleep,
            clock=clock,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every storage session and every connection; a second call does nothing."""
        self.v1.close()
        self.fetcher.close()
