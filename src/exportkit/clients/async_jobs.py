"""Jobs of the server: their state, their end, their progress (wire contract, sections 10 to 12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from exportkit.clients.api_session import ApiSession
from exportkit.clients.credentials import Family
from exportkit.clients.envelope import read_object
from exportkit.clients.progress_stream import HEARTBEAT, ProgressStream
from exportkit.clients.retries import CALLS, RetryPolicy

__all__ = ["AsyncJobs"]


class AsyncJobs:
    """The jobs of the caller. Others' jobs look like missing ones: NotFoundError."""

    def __init__(self, session: ApiSession) -> None:
        self._session = session

    def retrieve(self, job_id: str, *, policy: RetryPolicy = CALLS) -> dict[str, Any]:
        """The state of a job ``{id, status, progress, data, …}``. Raises ClientError."""
        return self._session.call("GET", _path(job_id), family=Family.V2, read=read_object, policy=policy)

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Have a job end, and its state then. Raises ClientError; 409 for one that has ended otherwise."""
        return self._session.call("POST", f"{_path(job_id)}cancel/", family=Family.V2, read=read_object)

    def list(self, params: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """One page of the caller's jobs ``{results, count, next, previous}``."""
        asked = {**(params or {}), **more}
        return self._session.call("GET", "/v2/async_jobs/", asked, family=Family.V2, read=read_object)

    def stream_progress(self, job_id: str) -> Iterator[dict[str, Any]]:
        """Events ``{"event": name, …}`` up to a terminal one. Raises StreamError when the stream is given up."""
        return iter(ProgressStream(self._session, f"{_path(job_id)}progress/", heartbeat=HEARTBEAT))


def _path(job_id: str) -> str:
    return f"/v2/async_jobs/{quote(str(job_id), safe='')}/"
