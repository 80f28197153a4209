"""What an export job is told to do: from the body that asks for it to what its worker reads."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, field_validator

from exportkit.bundles.part import Encoding
from exportkit.server.filters import RowFilter
from exportkit.server.refusals import Refusal
from exportkit.server.targets import GROUND_TRUTH, TARGETS
from exportkit.storage.safe_path import judge_input_path

__all__ = ["ExportOrder", "ExportRequest"]

_MOST_FILTER: Final = 10_000


class ExportRequest(BaseModel):
    """The body of an export that is to be delegated (wire contract, section 9)."""

    model_config = ConfigDict(extra="forbid")

    storage_id: StrictInt = Field(ge=1, le=2**63 - 1)
    path: StrictStr = Field(min_length=1, max_length=1024)
    targets: list[Literal["task", "assignment", "ground_truth"]] = Field(min_length=1, max_length=1)
    include_original_files: StrictBool = False
    format: Literal["raw_bundle_v1"] = "raw_bundle_v1"
    requires_source: StrictBool = True
    project_id: StrictInt | None = Field(default=None, ge=1, le=2**63 - 1)
    filter: dict[str, Any] | None = None
    ray_job_id: StrictStr | None = Field(default=None, max_length=200)
    #: Rows that are read from the database at a time.
    chunk_size: StrictInt | None = Field(default=None, ge=1, le=100_000)
    #: How parts may be packed; the first that the server knows is taken.
    accept_encodings: list[StrictStr] | None = Field(default=None, max_length=10)

    @field_validator("path")
    @classmethod
    def _safe(cls, path: str) -> str:
        stripped = path.strip("/")
        reason = judge_input_path(stripped)
        if reason or path.startswith("/"):
            raise ValueError(f"the path {reason or 'is absolute'}")
        return stripped

    @property
    def target(self) -> str:
        return self.targets[0]

    @property
    def sent_filter(self) -> dict[str, Any]:
        return {key: value for key, value in (self.filter or {}).items() if value is not None}

    @property
    def stages_originals(self) -> bool:
        """Say whether originals are copied into the bundle (wire contract, section 16)."""
        return self.include_original_files or self.requires_source

    def row_filter(self) -> RowFilter:
        """Give the filter with its scope. Raises Refusal 400 whose field names the key."""
        if len(msgspec.json.encode(self.sent_filter)) > _MOST_FILTER:
            raise Refusal(400, f"The filter is longer than {_MOST_FILTER} bytes; shorten it.", field="filter")
        target = TARGETS[self.target]
        found = RowFilter.of_object(target, self.effective_filter(), "filter.")
        found.requires(*target.scope_keys, place="filter.")
        return found

    def effective_filter(self) -> dict[str, Any]:
        """Give the filter with the project that stands beside it. Raises Refusal 400 where the two differ."""
        sent = self.sent_filter
        if self.project_id is None or self.target == GROUND_TRUTH.name:
            return sent
        if sent.setdefault("project", self.project_id) != self.project_id:
            message = "The project in the filter is not the one in project_id; give one of them."
            raise Refusal(400, message, field="filter.project")
        return sent


class ExportOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the job queue."""

    target: str
    storage_id: int
    path: str
    #: Applied to rows, and shown to the client.
    filter: dict[str, Any]
    applied_filter: dict[str, Any]
    stages_originals: bool
    #: Where URLs of originals that are not staged begin.
    origin: str
    encoding: Encoding | None = None
    chunk_size: int = 500
    #: The version whose bundle this is, written once for all its later exports.
    version_id: int | None = None

    @classmethod
    def of(cls, request: ExportRequest, found: RowFilter, origin: str) -> Self:
        offered: dict[str, Encoding] = {"gzip": "gzip", "zstd": "zstd"}
        encodings = (offered[name] for name in request.accept_encodings or () if name in offered)
        applied = dict(found.applied)
        if "project" not in request.sent_filter:
            applied.pop("project", None)
        return cls(
            target=request.target,
            storage_id=request.storage_id,
            path=request.path,
            filter=dict(found.applied),
            applied_filter=applied,
            stages_originals=request.stages_originals,
            origin=origin,
            encoding=next(encodings, None),
            chunk_size=min(request.chunk_size or 500, 2000),
        )
