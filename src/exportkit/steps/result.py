"""What a step answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from exportkit.errors import words_of

__all__ = ["StepResult"]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class StepResult:
    """What a step did. ``rollback_data`` comes back to the step's own :meth:`BaseStep.rollback`."""

    success: bool = True
    data: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    rollback_data: dict[str, Any] = field(default_factory=dict)
    skipped: bool = False
    #: Aware, in UTC.
    timestamp: datetime = field(default_factory=_now)
    #: Name of the exception's class, where an exception was the reason.
    error_type: str | None = None
    #: The exception itself, with its traceback and its cause.
    exception: BaseException | None = field(default=None, repr=False)

    def fail(self, reason: BaseException | str) -> None:
        """Turn this result into a failure and keep what the step stored for its rollback."""
        self.success = False
        if isinstance(reason, str):
            self.error = reason
            return
        self.error_type = type(reason).__name__
        self.error = words_of(reason) or self.error_type
        self.exception = reason

    @classmethod
    def failed(cls, reason: BaseException | str) -> StepResult:
        """A failure that keeps the exception with type, traceback and cause."""
        result = cls()
        result.fail(reason)
        return result
