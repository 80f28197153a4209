"""The client of the backend's first interface."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from exportkit.clients.api_session import ApiSession, decoded
from exportkit.clients.calls import ProtocolCalls
from exportkit.clients.client_errors import ClientError, ClientResponseIncompleteError
from exportkit.clients.counted_rows import CountedRows, Row
from exportkit.clients.credentials import Family
from exportkit.clients.objects import ObjectFetcher
from exportkit.clients.pages import Page
from exportkit.clients.query import checked_filters
from exportkit.clients.retries import CALLS, RetryPolicy
from exportkit.clients.session_client import SessionClient
from exportkit.clients.storage_session import Purpose, StorageSession
from exportkit.clients.v1_list import V1List
from exportkit.clients.wire_row import WireRow

__all__ = ["BackendClient", "ListedRows"]

_UNKNOWN = -1
#: Of tasks and assignments alone, since the protocol has no such calls for ground truth.
_PAGE_SIZES = {"task": 50, "assignment": 100}
_EXPANDED: dict[str, Any] = {"task": ["data_unit"], "assignment": "data"}
_object = decoded(dict[str, Any])
_anything = decoded(object)


class BackendClient(SessionClient, ProtocolCalls):
    """Rows, projects, storages and job logs of one backend, over HTTP (wire contract, sections 2 and 3).

    The calls that plugins know (`list_…`, `get_…`) give ordinary objects; `pages` and `rows` keep the bytes.
    Paging keys of `params` (`page_size`, `pagination`, `ordering`, …) are sent; `page_retries`, `page_retry_backoff`
    and `retry_on_status` change how failing pages are repeated. Any thread may use it. Calls raise ClientError, and
    FilterRefused before anything is asked for.
    """

    #: Rows come from elsewhere, so that an export keeps what it has acquired.
    remote = True
    #: What fetches from the object stores that rows refer to, where the run shares one.
    fetcher: ObjectFetcher | None = None

    def __init__(self, session: ApiSession) -> None:
        super().__init__(session)
        self._open_sessions: set[StorageSession] = set()

    def close(self) -> None:
        """Close every storage session and every connection; a second call does nothing."""
        for session in list(self._open_sessions):
            session.close()
        super().close()

    @property
    def address(self) -> str:
        """Whose rows these are: host and tenant, without anything secret."""
        connection = self._session.connection
        return f"{connection.host} {connection.tenant or ''}".rstrip()

    # -- rows ------------------------------------------------------------------------------------------------

    def pages(
        self,
        target: str,
        params: Mapping[str, Any] | None = None,
        *,
        cursor: str | None = None,
        behind: int | None = None,
    ) -> Iterator[Page]:
        """Pages of a target, lazily, from the start, from the ``next`` of a page, or behind a key.

        The key is ``id``, of ground-truth events ``pgh_id``. With ``pagination=cursor`` it falls strictly, and a
        cursor that has ended (400, 410) is replaced by a list behind the last key. Raises HostilePaging, and
        IncompleteExport for rows that were not asked for or a filter that was not applied.
        """
        return V1List(self._session, target, params).pages(cursor=cursor, behind=behind)

    def rows(self, target: str, params: Mapping[str, Any] | None = None) -> Iterator[WireRow]:
        """Rows of a target, lazily, page by page, their members as the bytes that came."""
        for page in self.pages(target, params):
            yield from page.rows

    def count(self, target: str, params: Mapping[str, Any] | None = None) -> int | None:
        """How many rows a filter selects, by one short page; None where the server does not say."""
        return V1List(self._session, target, params).count()

    # -- projects, versions, storages ------------------------------------------------------------------------

    def get_project(self, project_id: int) -> dict[str, Any]:
        return self._read(f"/projects/{int(project_id)}/")

    def get_ground_truth_dataset_version(self, version_id: int) -> dict[str, Any]:
        return self._read(f"/ground_truth_dataset_versions/{int(version_id)}/")

    def get_storage(self, storage_id: int) -> dict[str, Any]:
        """``{id, provider, configuration, …}``, by a session for writing that is closed with this client."""
        return self.open_storage(storage_id, "write").as_storage()

    def open_storage(self, storage_id: int, purpose: Purpose) -> StorageSession:
        """A session of a storage, to be closed by the caller. Backends without sessions give the storage itself.

        Raises ClientError; 400, 401 and 403 speak of the storage and are not asked around.
        """

        def opened() -> Mapping[str, Any]:
            path = f"/storages/{int(storage_id)}/"
            # A session is no change of the storage: it may be asked for twice.
            try:
                return self._session.call(
                    "POST", f"{path}session/", family=Family.V1, read=_object, body={"purpose": purpose}
                )
            except ClientError as error:
                if error.status_code not in {404, 405}:
                    raise
            return self._read(path, {"with_configuration": "true"})

        session = StorageSession(storage_id, purpose, opened(), opened, self._open_sessions.discard)
        self._open_sessions.add(session)
        return session

    @property
    def open_storages(self) -> frozenset[int]:
        """Storages whose sessions are not closed yet."""
        return frozenset(session.storage_id for session in self._open_sessions)

    # -- job logs --------------------------------------------------------------------------------------------

    def update_job(self, job_id: str, data: Mapping[str, Any]) -> Any:
        """Progress, metrics or status of a job; the same twice is the same once."""
        return self._write("PATCH", f"/jobs/{_segment(job_id)}/", dict(data), CALLS)

    def create_logs(self, data: Mapping[str, Any] | list[dict[str, Any]]) -> Any:
        """One log entry, or a list of them. Not repeated once it was sent: an entry would stand there twice."""
        return self._write("POST", "/logs/", data, RetryPolicy(is_repeatable=False))

    # -- inside ----------------------------------------------------------------------------------------------

    def _read(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._session.call("GET", path, params, family=Family.V1, read=_object)

    def _write(self, method: str, path: str, body: Any, policy: RetryPolicy) -> Any:
        return self._session.call(method, path, family=Family.V1, read=_json_or_text, body=body, policy=policy)

    def _answer(self, target: str, filters: Mapping[str, Any] | None) -> CountedRows:
        return self._everything(target, _export_request(target, filters))

    def _streamed(self, target: str, filters: Mapping[str, Any] | None) -> Iterable[Row]:
        return ListedRows(self, target, _export_request(target, filters))

    def _counted(self, target: str, filters: Mapping[str, Any] | None) -> int:
        total = self.count(target, filters)
        if total is None:
            raise ClientResponseIncompleteError(f"GET {V1List.PATHS[target]} states no count.")
        return total

    def _listed(self, target: str, params: Mapping[str, Any] | None, *, list_all: bool) -> Any:
        if list_all:
            return self._everything(target, params)
        page = V1List(self._session, target, params).page()
        found: dict[str, Any] = {
            "next": page.next,
            "previous": page.previous,
            "results": [row.plain() for row in page.rows],
        }
        return found if page.count is None else {"count": page.count, **found}

    def _everything(self, target: str, params: Mapping[str, Any] | None) -> CountedRows:
        """All rows, lazily, and how many a probe counted; a negative total is one that nobody knows."""
        asked = checked_filters(target, params)
        try:
            total = self.count(target, asked)
        except ClientError as error:
            if not error.is_temporary:
                raise
            total = None
        return CountedRows(ListedRows(self, target, asked), _UNKNOWN if total is None else total)


class ListedRows:
    """Rows as ordinary objects, asked for anew with each iteration."""

    def __init__(self, client: BackendClient, target: str, params: Mapping[str, Any]) -> None:
        self._client = client
        self.target = target
        self.params = params

    def __iter__(self) -> Iterator[Row]:
        return (row.plain() for row in self._client.rows(self.target, self.params))


def _export_request(target: str, filters: Mapping[str, Any] | None) -> dict[str, Any]:
    """A filter with what an export asks for beside it."""
    return {
        "expand": _EXPANDED[target],
        "page_size": _PAGE_SIZES[target],
        "pagination": "cursor",
        "ordering": f"-{V1List.KEYS[target]}",
        "response_mode": "presigned",
        **(filters or {}),
    }


def _json_or_text(content: bytes) -> Any:
    try:
        return _anything(content) if content else None
    except msgspec.MsgspecError:
        return content.decode(errors="replace")


def _segment(identity: object) -> str:
    """An id as one segment of a path."""
    return quote(str(identity), safe="")
