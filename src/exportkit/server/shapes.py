"""The shapes of answers, as the served description of this server tells them (wire contract, sections 2 to 15)."""

# ruff: noqa: D101 - the names are those of the contract, which says what they mean

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel

__all__ = [
    "AssignmentListRow",
    "BulkEvent",
    "BulkRow",
    "Capabilities",
    "Dataset",
    "Enveloped",
    "EnvelopedPage",
    "EnvelopedRows",
    "EventListRow",
    "ExportDetail",
    "ExportRow",
    "Health",
    "Job",
    "JobPage",
    "JobUpdated",
    "LogsAdded",
    "Order",
    "PlainError",
    "Project",
    "Released",
    "Session",
    "StorageShown",
    "TaskListRow",
    "V1Page",
    "V2Error",
    "Version",
    "documented",
    "streamed",
]

_Data = TypeVar("_Data")


class _Open(BaseModel):
    """Further members may be there."""

    model_config = ConfigDict(extra="allow")


class PlainError(RootModel[dict[str, str | list[str] | Any]]):
    """``{"detail": …}``, or the field that is wrong with a list of sentences."""


class ErrorDetail(_Open):
    field: str
    message: str


class ErrorBody(_Open):
    code: str
    message: str
    details: list[ErrorDetail] | None


class Pagination(_Open):
    next_cursor: str | None
    previous_cursor: str | None
    per_page: int


class Meta(_Open):
    request_id: str


class PageMeta(Meta):
    pagination: Pagination


class FilteredMeta(PageMeta):
    applied_filter: dict[str, Any]
    applied_count: int


class V2Error(_Open):
    error: ErrorBody
    meta: Meta


class Enveloped(BaseModel, Generic[_Data]):
    data: _Data
    meta: Meta


class EnvelopedRows(BaseModel, Generic[_Data]):
    data: list[_Data]
    meta: FilteredMeta


class EnvelopedPage(BaseModel, Generic[_Data]):
    data: list[_Data]
    meta: PageMeta


class V1Page(_Open):
    """`count` stands in pages that are numbered."""

    next: str | None
    previous: str | None
    results: list[dict[str, Any]]
    applied_filter: dict[str, Any]
    applied_count: int


class TaskListRow(_Open):
    id: int
    project_id: int
    data_unit_id: int
    is_discarded: bool
    has_data: bool
    created: datetime


class AssignmentListRow(_Open):
    id: int
    user_id: int
    task_id: int
    status_label: Literal["stand_by", "in_progress", "completed", "skipped"]
    status_review: Literal["stand_by", "in_progress", "completed", "skipped", "rejected"]
    is_confirmed: bool
    is_discarded: bool
    created: datetime


class EventListRow(_Open):
    id: int
    pgh_id: int
    pgh_obj_id: int
    pgh_label: str
    data_unit_id: int
    ground_truth_dataset_id: int
    data_size: int
    data_digest: str
    data_content_type: str


class BulkRow(_Open):
    id: int
    project_id: int
    data_unit_id: int
    data: Any = None
    files_manifest: Any = None


class BulkEvent(EventListRow):
    data: Any = None
    files: dict[str, Any] | None
    files_manifest: Any = None


class Project(_Open):
    id: int
    name: str
    configuration: dict[str, Any]


class VersionDataset(_Open):
    id: int


class Version(_Open):
    id: int
    ground_truth_dataset: VersionDataset
    is_released: bool


class Dataset(_Open):
    id: int
    name: str
    tenant_id: int
    project_id: int
    description: str


class Session(_Open):
    provider: Literal["local", "file_system", "s3"]
    configuration: dict[str, Any]
    expires_at: str | None
    contract_version: Literal[1]


class StorageShown(_Open):
    id: int
    name: str
    category: Literal["internal", "external"]
    provider: str
    configuration: dict[str, Any]
    is_default: bool


class Order(_Open):
    job_id: str
    status: str
    total_count: int | None
    targets: list[str]


class JobProgress(_Open):
    total_count: int | None
    processed_count: int
    percent: float


class Job(_Open):
    id: str
    status: Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
    queue: Literal["io_bound", "cpu_bound"]
    triggered_by: Literal["user", "system"]
    progress: JobProgress
    progress_updated: datetime
    data: dict[str, Any] | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    succeeded: datetime | None
    failed: datetime | None


class ExportRow(_Open):
    id: int
    job_id: str
    job_status: str
    target: str
    created: datetime


class EmbeddedJob(_Open):
    id: str
    status: str
    action: str
    created: datetime
    completed: datetime | None


class ExportDetail(ExportRow):
    storage: int
    path: str
    name: str
    description: str
    filter: dict[str, Any]
    extra_params: dict[str, Any]
    save_original_file: bool
    job: EmbeddedJob


class Health(_Open):
    status: str


class JobPage(_Open):
    count: int
    next: str | None
    previous: str | None
    results: list[Job]


class Released(_Open):
    id: int
    is_released: bool
    job_id: str
    status: str


class Capabilities(_Open):
    streams: list[str]
    id_page_size: int


class JobUpdated(_Open):
    id: str
    status: str | None


class LogsAdded(_Open):
    count: int


_REFUSED: Final = {400: "refused", 401: "no valid token", 403: "no usable tenant", 404: "missing, or of somebody else"}
_LATER: Final = {
    409: "too late",
    413: "too large",
    422: "contradicts",
    429: "too much",
    503: "try again later",
}


def documented(model: Any, *, status: int = 200, family: Literal["v1", "v2"] = "v2") -> dict[int | str, dict[str, Any]]:
    """Give what FastAPI takes as `responses`: the usual answer, and every refusal in the form of its family."""
    error = V2Error if family == "v2" else PlainError
    answers: dict[int | str, dict[str, Any]] = {status: {"model": model, "description": "done"}}
    for code, text in (*_REFUSED.items(), *_LATER.items()):
        answers[code] = {"model": error, "description": text}
    return answers


def streamed(family: Literal["v1", "v2"] = "v2") -> dict[int | str, dict[str, Any]]:
    """Give `responses` of a route whose answer is no JSON: the refusals alone."""
    return {code: answer for code, answer in documented(None, family=family).items() if code != 200}
