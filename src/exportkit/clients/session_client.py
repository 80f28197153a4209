"""A client that asks one backend through one session, and ends it."""

from __future__ import annotations

from typing import Self

from exportkit.clients.api_session import ApiSession
from exportkit.clients.connection import Connection
from exportkit.clients.retries import RetryBudget

__all__ = ["SessionClient"]


class SessionClient:
    """A context manager. Any thread may use it."""

    def __init__(self, session: ApiSession) -> None:
        self._session = session

    @classmethod
    def connected(cls, connection: Connection, *, budget: RetryBudget | None = None) -> Self:
        """A client with a session of its own; :meth:`close` ends it."""
        return cls(ApiSession(connection, budget=budget))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self._session.close()
