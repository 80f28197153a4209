"""Handing an export to the server: one job, however often the answer is lost (wire contract, section 9)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Any, Final
from uuid import uuid4

from exportkit.clients.api_session import ApiSession
from exportkit.clients.async_jobs import AsyncJobs
from exportkit.clients.client_errors import ClientError, ClientResponseIncompleteError, ValidationError
from exportkit.clients.credentials import Family
from exportkit.clients.envelope import read_object
from exportkit.clients.retries import CALLS, NEVER, wait_or_raise

__all__ = ["PluginExports", "new_idempotency_key"]

_DEFAULTS: Final = {"include_original_files": False, "format": "raw_bundle_v1", "requires_source": True}
#: Seconds by which a job may seem older than the request that made it.
_SLACK: Final = 5.0
_JOBS_LOOKED_AT: Final = 50


def new_idempotency_key() -> str:
    """A key for one enqueue request; store it before the first attempt, and use it for every further one."""
    return str(uuid4())


class PluginExports:
    """Exports that the server carries out."""

    def __init__(self, session: ApiSession, jobs: AsyncJobs, knows_keys: Callable[[], bool]) -> None:
        """`knows_keys` says whether the server honours idempotency keys; it is asked after a lost answer alone."""
        self._session = session
        self._jobs = jobs
        self._knows_keys = knows_keys

    def create(self, *, idempotency_key: str | None = None, dry_run: bool = False, **body: Any) -> dict[str, Any]:
        """``{job_id, status, targets, …}`` of the job that carries out the export described by `body`.

        A lost answer is asked for again under the same key; a server without keys is first asked for its own jobs, so
        that no second one is made. Raises ValidationError for a request that the server does not take, ClientError.
        """
        request = _request(body)
        headers = {"Idempotency-Key": idempotency_key or new_idempotency_key()}
        params = {"dry_run": "true"} if dry_run else None
        began = self._server_time()
        for number in count():
            try:
                answer = self._session.call(
                    "POST",
                    "/v2/plugin_exports/",
                    params,
                    family=Family.V2,
                    read=read_object,
                    body=request,
                    headers=headers,
                    policy=NEVER,
                )
            except ClientError as error:
                if error.status_code == 409 and (running := _job_id_in(error.body)) is not None:
                    return {"job_id": running, "status": "pending", "targets": request["targets"]}
                wait_or_raise(error, number, CALLS, self._session.budget, sleep=self._session.sleep)
                if error.was_sent and not dry_run and not self._knows_keys():
                    made = self._made_since(began, request)
                    if made is not None:
                        return made
            else:
                if not dry_run and not isinstance(answer.get("job_id"), str):
                    raise ClientResponseIncompleteError("POST /v2/plugin_exports/ gave no job id.")
                return answer
        raise AssertionError("unreachable")

    def _server_time(self) -> float:
        return time.time() + (self._session.clock_skew or 0.0)

    def _made_since(self, began: float, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The export job that our lost request made, or None where it made none.

        Raises ClientError where several could be it: a second one is never risked.
        """
        page = self._jobs.list(ordering="-created", page_size=_JOBS_LOOKED_AT)
        found = [job for job in page.get("results") or () if _could_be_ours(job, began, request)]
        if len(found) > 1:
            names = ", ".join(str(job["id"]) for job in found)
            raise ClientError(
                None,
                f"The answer to the enqueue request was lost, and several jobs may be its own: {names}; cancel them.",
            )
        if not found:
            return None
        job = found[0]
        return {"job_id": str(job["id"]), "status": job.get("status", "pending"), "targets": request["targets"]}


def _request(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with what is always sent, and without what is not set. Raises ValidationError."""
    given = {**_DEFAULTS, **{key: value for key, value in body.items() if value is not None}}
    for key in ("storage_id", "path", "targets"):
        if not given.get(key):
            raise ValidationError(400, f"POST /v2/plugin_exports/ needs {key}.")
    given["targets"] = list(given["targets"])
    return given


def _could_be_ours(job: Any, began: float, request: Mapping[str, Any]) -> bool:
    """Whether a job is an export that was made since then, and nothing it says of itself speaks against it."""
    if not isinstance(job, Mapping) or "plugin_export" not in {job.get("category"), job.get("type")}:
        return False
    try:
        created = datetime.fromisoformat(str(job.get("created"))).timestamp()
    except ValueError:
        return False
    if created < began - _SLACK or str(job.get("status")).lower() in {"cancelled", "canceled"}:
        return False
    data = job.get("data")
    told = {**job, **data} if isinstance(data, Mapping) else dict(job)
    return all(told.get(key) in {None, request.get(key)} for key in ("path", "storage_id", "project_id"))


def _job_id_in(body: Any) -> str | None:
    """The id of a job, wherever an error of conflict carries it."""
    ahead = [body]
    while ahead:
        value = ahead.pop()
        if isinstance(value, Mapping):
            if isinstance(value.get("job_id"), str):
                return str(value["job_id"])
            ahead += value.values()
        elif isinstance(value, list):
            ahead += value
    return None
