"""The clients of a run that asks a backend, with one budget of retries between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exportkit.clients import Connection

if TYPE_CHECKING:
    from exportkit.clients.backend import BackendClient
    from exportkit.clients.backend_v2 import BackendClientV2

__all__ = ["backend_clients"]


@contextmanager
def backend_clients(
    connection: Connection, output: Path | None = None
) -> Iterator[tuple[BackendClient, BackendClientV2]]:
    """Clients of both interfaces, closed at the end with every storage that was opened.

    With `output` every storage that is written to is this folder, as it is for a run without a backend; bundles of the
    server are read where it puts them all the same.
    """
    from exportkit.clients.connected_backend import ConnectedBackend

    with ConnectedBackend(connection) as backend:
        client = backend.v1 if output is None else _writing_to(output, backend)
        client.fetcher = backend.fetcher
        yield client, backend.v2


def _writing_to(folder: Path, backend: Any) -> BackendClient:
    from exportkit.clients.backend import BackendClient

    location = str(folder.absolute())

    class _WritingHere(BackendClient):
        def get_storage(self, storage_id: int) -> dict[str, Any]:
            return {"id": storage_id, "provider": "file_system", "configuration": {"location": location}}

    return _WritingHere(backend.session)
