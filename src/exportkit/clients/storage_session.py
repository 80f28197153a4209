"""The session of a storage, opened for reading or writing (wire contract, section 15)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, Self

import msgspec

from exportkit.clients.client_errors import HostileAnswer

__all__ = ["Purpose", "StorageSession"]

Purpose = Literal["read", "write"]
#: Seconds before its end at which a session is opened anew.
_MARGIN = 60.0


class _Body(msgspec.Struct):
    provider: str
    configuration: dict[str, Any]
    expires_at: datetime | None = None
    contract_version: int = 1


class StorageSession:
    """Where a storage is and how it is reached, for as long as the session lasts; close it in a ``finally``.

    ``configuration`` may hold keys of the storage; it shows in no ``repr``.
    """

    def __init__(
        self,
        storage_id: int,
        purpose: Purpose,
        document: Mapping[str, Any],
        reopen: Callable[[], Mapping[str, Any]],
        forget: Callable[[StorageSession], None],
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`reopen` asks for a new session of the same purpose. Raises HostileAnswer for a contract not known here."""
        self.storage_id = storage_id
        self.purpose = purpose
        self._reopen = reopen
        self._forget = forget
        self._now = now
        self._take(document)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<StorageSession {self.storage_id} for {self.purpose}>"

    @property
    def provider(self) -> str:
        """What kind of storage it is: ``file_system``, ``local``, ``s3`` or another word of the backend's."""
        return self._body.provider

    @property
    def configuration(self) -> dict[str, Any]:
        """How it is reached, from a session that has not ended: it is opened anew before it does."""
        if self._ends is not None and self._now() > self._ends - _MARGIN:
            self._take(self._reopen())
        return self._body.configuration

    def as_storage(self) -> dict[str, Any]:
        """The document ``{id, provider, configuration}`` that exports work with."""
        return {"id": self.storage_id, **self._rest, "provider": self.provider, "configuration": self.configuration}

    def close(self) -> None:
        """Say that the storage is not needed any more; a second call does nothing."""
        self._forget(self)

    def _take(self, document: Mapping[str, Any]) -> None:
        try:
            body = msgspec.convert(dict(document), _Body)
        except msgspec.ValidationError as error:
            raise HostileAnswer(f"The session of the storage {self.storage_id} is unusable: {error}.") from None
        if body.contract_version != 1:
            raise HostileAnswer(
                f"The storage {self.storage_id} speaks version {body.contract_version} of its contract and this "
                "exportkit version 1; update exportkit."
            )
        self._body = body
        self._ends = body.expires_at.timestamp() if body.expires_at is not None else None
        self._rest = {key: document[key] for key in ("name", "category", "is_default") if key in document}
