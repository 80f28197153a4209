"""How a job of the server ended, and where its bundle is (wire contract, section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from exportkit.errors import ExportkitError
from exportkit.runtime.plain_text import redacted

__all__ = ["DelegatedExportError", "DelegatedExportResult", "JobState", "finalize_export", "job_state"]

_SUCCESS: Final = frozenset({"completed", "success"})
_FAILURE: Final = frozenset({"failed", "error", "cancelled", "canceled"})
_EXPIRED: Final = frozenset({"expired", "deleted"})


class DelegatedExportError(ExportkitError):
    """The server's part of an export failed (exit code 8), expired or could not be waited for (5)."""

    exit_code = 8

    def __init__(self, message: str = "", *, exit_code: int = 8, job_id: str | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.job_id = job_id

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (str(self), self.exit_code, self.job_id)


@dataclass(frozen=True)
class JobState:
    """What one look at a job shows. `signal` changes as long as the server works on it."""

    status: str
    signal: object
    processed: int | None
    total: int | None

    @property
    def is_successful(self) -> bool:
        """Whether the job is over and its bundle complete."""
        return self.status in _SUCCESS

    @property
    def is_over(self) -> bool:
        """Whether the job will never change again; a word not known here is taken for "not yet"."""
        return self.status in _SUCCESS | _FAILURE | _EXPIRED


@dataclass(frozen=True)
class DelegatedExportResult:
    """What the bundle of a successful job needs to be read. `record_count` is None where the server states none."""

    job_id: str
    manifest: dict[str, Any]
    prefix: str | None
    result_uri: str | None
    record_count: int | None
    applied_filter: dict[str, Any] | None = None
    is_snapshot: bool = False


def job_state(detail: Mapping[str, Any]) -> JobState:
    """The state in a job's detail, read tolerantly: any case, any absent part."""
    progress = detail.get("progress")
    told = progress if isinstance(progress, Mapping) else {}
    signals = (detail.get("progress_updated"), told.get("processed_count"), told.get("percent"))
    signal = next(((place, str(value)) for place, value in enumerate(signals) if value is not None), None)
    return JobState(
        status=str(detail.get("status") or "").strip().lower(),
        signal=signal,
        processed=_count(told.get("processed_count")),
        total=_count(told.get("total_count")),
    )


def finalize_export(detail: Mapping[str, Any], *, job_id: str) -> DelegatedExportResult:
    """Where the bundle of a finished job is.

    Raises DelegatedExportError for a job that failed, with the server's words, and for one that is not over or whose
    answer does not say where its bundle is.
    """
    state = job_state(detail)
    if state.status in _EXPIRED:
        raise DelegatedExportError(
            f"The export job {job_id} is {state.status} on the server; start the export again.",
            exit_code=5,
            job_id=job_id,
        )
    if not state.is_successful:
        reason = _reason(detail)
        word = state.status if state.is_over else f"not over ({state.status or 'no status'})"
        raise DelegatedExportError(
            f"The export job {job_id} is {word} on the server{f': {reason}' if reason else ''}.", job_id=job_id
        )
    data = detail.get("data")
    data = data if isinstance(data, Mapping) else {}
    nested = data.get("manifest")
    manifest = dict(nested) if isinstance(nested, Mapping) else dict(data)
    uri = manifest.get("result_uri") or data.get("result_uri")
    prefix = manifest.get("prefix")
    if not isinstance(uri, str) and not isinstance(prefix, str):
        raise DelegatedExportError(
            f"The export job {job_id} is over, and its answer names no bundle.", exit_code=4, job_id=job_id
        )
    applied = next((found for place in (detail, data, manifest) if (found := place.get("applied_filter"))), None)
    return DelegatedExportResult(
        job_id=job_id,
        manifest=manifest,
        prefix=prefix if isinstance(prefix, str) else None,
        result_uri=uri if isinstance(uri, str) else None,
        record_count=manifest_record_count(manifest),
        applied_filter=dict(applied) if isinstance(applied, Mapping) else None,
        is_snapshot=data.get("snapshot") is True or manifest.get("snapshot") is True,
    )


def manifest_record_count(manifest: Mapping[str, Any]) -> int | None:
    """The sum of the targets' records, else the flat ``records``, else None."""
    targets = manifest.get("targets")
    if isinstance(targets, Mapping):
        counts = [_count(target.get("records")) for target in targets.values() if isinstance(target, Mapping)]
        known = [count for count in counts if count is not None]
        if known:
            return sum(known)
    flat = manifest.get("records")
    if isinstance(flat, Mapping):
        known = [count for count in map(_count, flat.values()) if count is not None]
        return sum(known) if known else None
    return _count(flat)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _reason(detail: Mapping[str, Any]) -> str:
    """The server's words for a failure, wherever it puts them, short and on one line."""
    data = detail.get("data")
    for place in (detail, data if isinstance(data, Mapping) else {}):
        for key in ("error", "message", "detail", "reason"):
            value = place.get(key)
            if isinstance(value, Mapping):
                value = value.get("message") or value.get("code")
            if isinstance(value, str) and value.strip():
                line = " ".join("".join(c if c.isprintable() else " " for c in value).split())
                return redacted(line)[:300].rstrip(".")
    return ""


def _again(message: str, exit_code: int, job_id: str | None) -> DelegatedExportError:
    return DelegatedExportError(message, exit_code=exit_code, job_id=job_id)
