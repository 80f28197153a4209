"""What a failed item does to the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Self, cast

from exportkit.conversion.request import Budget
from exportkit.errors import ConversionFailed, UsageError

__all__ = ["ErrorPolicy"]

_WORDS: Final = ("skip", "fail", "threshold")


@dataclass(frozen=True)
class ErrorPolicy:
    """``skip`` goes on, ``fail`` stops at the first failed item, ``threshold`` when `budget` is passed."""

    on_error: Literal["skip", "fail", "threshold"] = "skip"
    budget: Budget | None = None

    @classmethod
    def from_params(cls, *layers: Mapping[str, Any] | None) -> Self:
        """Read ``on_error`` and ``max_errors`` (``10`` or ``1%``) from the first layer that has each.

        Raises UsageError for words that mean nothing.
        """
        on_error = _first(layers, "on_error")
        allowed = _first(layers, "max_errors")
        if on_error is None:
            on_error = "skip" if allowed is None else "threshold"
        if on_error not in _WORDS:
            raise UsageError(f"on_error must be one of {', '.join(_WORDS)}, not {on_error!r}.")
        if on_error == "threshold" and allowed is None:
            raise UsageError("on_error 'threshold' needs max_errors, for example 10 or \"1%\".")
        budget = Budget.parse(str(allowed)) if allowed is not None and not isinstance(allowed, bool) else None
        if isinstance(allowed, bool):
            raise UsageError(f"max_errors must be a number or a share such as 1%, not {allowed!r}.")
        return cls(cast("Any", on_error), budget)

    def judge(self, failed: int, seen: int, latest: str, *, over: bool = False) -> None:
        """Raise ConversionFailed where the run must not go on; a share is judged when the run is `over`."""
        if not failed:
            return
        if self.on_error == "fail":
            raise ConversionFailed(f"Stopped at the first failed item ({latest}); mend it, or use on_error 'skip'.")
        budget = self.budget
        if budget is not None and (over or budget.percent is None) and budget.passed(failed, seen):
            allowed = f"{budget.number}" if budget.percent is None else f"{budget.percent:g}%"
            raise ConversionFailed(f"{failed} of {seen} items failed, more than max_errors {allowed} (last: {latest}).")


def _first(layers: tuple[Mapping[str, Any] | None, ...], key: str) -> Any:
    return next((layer[key] for layer in layers if layer and layer.get(key) is not None), None)
