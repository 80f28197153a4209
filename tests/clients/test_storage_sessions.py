"""A storage is opened by a session where the backend has them, and every session is closed."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.clients.loopback import Answer, Loopback, as_json, connection_to

from exportkit.clients import ConnectedBackend
from exportkit.clients.client_errors import AuthorizationError, ClientError, HostileAnswer, ValidationError

SESSION = "/storages/3/session/"
PLAIN = "/storages/3/"
FOLDER: dict[str, Any] = {
    "provider": "file_system",
    "configuration": {"location": "/data"},
    "expires_at": None,
    "contract_version": 1,
}


def test_a_storage_is_opened_for_writing(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(SESSION, as_json(FOLDER))
    assert clients.v1.get_storage(3) == {"id": 3, "provider": "file_system", "configuration": {"location": "/data"}}
    (asked,) = backend.asked
    assert (asked.method, asked.json) == ("POST", {"purpose": "write"})


@pytest.mark.parametrize("status", [404, 405])
def test_a_backend_without_sessions_gives_the_storage_itself(
    backend: Loopback, clients: ConnectedBackend, status: int
) -> None:
    backend.on(SESSION, Answer(status=status))
    stored = {"id": 3, "name": "s", "category": "internal", "provider": "s3", "configuration": {"bucket_name": "b"}}
    backend.on(PLAIN, as_json({**stored, "is_default": True}))
    with clients.v1.open_storage(3, "read") as session:
        assert session.provider == "s3"
        assert session.as_storage() == {**stored, "is_default": True}
    assert backend.to(PLAIN)[0].query == [("with_configuration", "true")]


@pytest.mark.parametrize(
    ("status", "kind"), [(400, ValidationError), (401, ClientError), (403, AuthorizationError), (500, ClientError)]
)
def test_a_refusal_of_the_storage_is_not_asked_around(
    backend: Loopback, clients: ConnectedBackend, status: int, kind: type[ClientError]
) -> None:
    refusal = {"error": {"code": "credential_not_registered", "message": "no key"}}
    backend.on(SESSION, as_json(refusal, status))
    with pytest.raises(kind, match="no key"):
        clients.v1.get_storage(3)
    assert backend.to(PLAIN) == []


@pytest.mark.parametrize(
    "document",
    [
        {**FOLDER, "contract_version": 2},
        {**FOLDER, "configuration": None},
        {"provider": "s3"},
        {**FOLDER, "expires_at": "soon"},
    ],
)
def test_a_session_that_cannot_be_understood_is_refused(
    backend: Loopback, clients: ConnectedBackend, document: dict[str, Any]
) -> None:
    backend.on(SESSION, as_json(document))
    with pytest.raises(HostileAnswer, match="storage 3"):
        clients.v1.get_storage(3)


def test_a_session_is_opened_anew_for_the_same_purpose_before_it_ends(
    backend: Loopback, clients: ConnectedBackend
) -> None:
    def until(seconds: float, place: str) -> Answer:
        ends = datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()
        return as_json({**FOLDER, "configuration": {"location": place}, "expires_at": ends})

    backend.on(SESSION, until(30, "/first"), until(timedelta(hours=1).total_seconds(), "/second"))
    session = clients.v1.open_storage(3, "write")
    assert session.configuration == {"location": "/second"}
    assert session.configuration == {"location": "/second"}
    assert [asked.json for asked in backend.asked] == [{"purpose": "write"}] * 2


def test_every_session_ends_with_its_client(backend: Loopback) -> None:
    backend.on(SESSION, as_json(FOLDER))
    clients = ConnectedBackend(connection_to(backend.url))
    with clients:
        clients.v1.get_storage(3)
        with clients.v1.open_storage(3, "read"):
            pass
        assert clients.v1.open_storages == {3}
    assert clients.v1.open_storages == frozenset()


def test_keys_of_a_storage_show_in_no_text(backend: Loopback, clients: ConnectedBackend) -> None:
    backend.on(SESSION, as_json({**FOLDER, "configuration": {"secret_access_key": "canary"}}))
    assert "canary" not in repr(clients.v1.open_storage(3, "read"))
