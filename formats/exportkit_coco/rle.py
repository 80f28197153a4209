"""COCO run lengths as a reader sees them: column-major, starting with background."""

from __future__ import annotations

__all__ = ["RunFault", "covered", "runs_of"]


class RunFault(ValueError):
    """Counts that no COCO codec can have written."""


def runs_of(counts: str) -> list[int]:
    """Run lengths of the compressed form (six bits a character from ``0``, deltas to the run before last).

    Raises :class:`RunFault` where the text is cut, holds other characters or gives a negative run.
    """
    runs: list[int] = []
    value = shift = 0
    for code in counts.encode("utf-8"):
        bits = code - 48
        if not 0 <= bits < 64 or shift > 60:
            raise RunFault("counts hold a character that is not part of the code")
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        if len(runs) > 2:
            value += runs[-2]
        if value < 0:
            raise RunFault("counts hold a negative run")
        runs.append(value)
        value = shift = 0
    if shift:
        raise RunFault("counts end within a number")
    return runs


def covered(runs: list[int], height: int, width: int) -> int:
    """How many pixels of the grid are set. Raises :class:`RunFault` unless the runs fill it exactly."""
    if any(run < 0 for run in runs):
        raise RunFault("counts hold a negative run")
    if (total := sum(runs)) != height * width:
        raise RunFault(f"counts sum to {total}, not to {height} x {width}")
    return sum(runs[1::2])
