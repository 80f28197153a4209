"""The client of the backend's second interface."""

from __future__ import annotations

from typing import Any, Final

from exportkit.clients.api_session import ApiSession
from exportkit.clients.async_jobs import AsyncJobs
from exportkit.clients.client_errors import ClientError
from exportkit.clients.credentials import Family
from exportkit.clients.envelope import read_object
from exportkit.clients.plugin_exports import PluginExports
from exportkit.clients.record_resource import KINDS, GroundTruths, RecordResource
from exportkit.clients.session_client import SessionClient

__all__ = ["BackendClientV2"]

#: Ids of a page that every server takes, and as many as are held at once.
_USUAL_IDS: Final = 1000
_MOST_IDS: Final = 10_000


class BackendClientV2(SessionClient):
    """Resources of one backend, over HTTP (wire contract, sections 2 and 4). Any thread may use it."""

    def __init__(self, session: ApiSession) -> None:
        super().__init__(session)
        self._capabilities: dict[str, Any] | None = None
        self.tasks = RecordResource(session, KINDS["task"])
        self.assignments = RecordResource(session, KINDS["assignment"])
        self.ground_truth_events = RecordResource(session, KINDS["ground_truth"])
        self.ground_truths = GroundTruths(session)
        self.async_jobs = AsyncJobs(session)
        self.plugin_exports = PluginExports(session, self.async_jobs, self._knows_idempotency_keys)

    def records(self, target: str) -> RecordResource:
        """The records of ``task``, ``assignment`` or ``ground_truth``. Raises KeyError."""
        return {"task": self.tasks, "assignment": self.assignments, "ground_truth": self.ground_truth_events}[target]

    def capabilities(self) -> dict[str, Any]:
        """The optional extensions that the server offers, asked once; none where it does not know the question."""
        if self._capabilities is None:
            try:
                self._capabilities = self._read("/v2/capabilities/")
            except ClientError as error:
                if error.status_code not in {404, 405}:
                    raise
                self._capabilities = {}
        return self._capabilities

    @property
    def streams_rows(self) -> bool:
        """Whether the server offers whole targets as lines over one connection."""
        streams = self.capabilities().get("streams")
        return isinstance(streams, list) and "ndjson" in streams

    @property
    def id_page_size(self) -> int:
        """How many ids a page may hold that holds nothing else."""
        try:
            offered = self.capabilities().get("id_page_size")
        except ClientError:
            return _USUAL_IDS
        return min(offered, _MOST_IDS) if type(offered) is int and offered >= _USUAL_IDS else _USUAL_IDS

    def get_ground_truth_dataset(self, dataset_id: int) -> dict[str, Any]:
        """``{id, name, tenant_id, project_id, description}`` of a dataset."""
        return self._read(f"/v2/ground-truth-datasets/{int(dataset_id)}/")

    def list_exports(self, **params: Any) -> dict[str, Any]:
        """One page of the history of exports ``{results, next, previous}``."""
        return self._session.call("GET", "/v2/exports/", params, family=Family.V2, read=read_object)

    def get_export(self, export_id: int | str) -> dict[str, Any]:
        """One export of the history."""
        return self._read(f"/v2/exports/{int(export_id)}/")

    def release_ground_truth_dataset_version(self, version_id: int) -> dict[str, Any]:
        """Make a dataset version immutable and have its bundle written."""
        path = f"/v2/ground-truth-dataset-versions/{int(version_id)}/release/"
        return self._session.call("POST", path, family=Family.V2, read=read_object)

    def _read(self, path: str) -> dict[str, Any]:
        return self._session.call("GET", path, family=Family.V2, read=read_object)

    def _knows_idempotency_keys(self) -> bool:
        offered = self.capabilities()
        return bool(offered) and offered.get("idempotency", True) is not False
