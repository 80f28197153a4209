"""What a run cannot do whose machines share a storage of objects in place of the output's folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from exportkit.conversion.request import ConversionRequest
from exportkit.errors import UsageError

__all__ = ["judge_link_mode", "judge_places"]


def judge_link_mode(request: ConversionRequest) -> None:
    """Refuse, with a UsageError, links that cannot reach from one machine to another."""
    if _has_storage(request) and request.media == "hardlink":
        raise UsageError(
            "--media hardlink cannot reach from one machine to another; with --ray-storage use --media copy, "
            "symlink or none."
        )


def judge_places(request: ConversionRequest, run: Path, places: Iterable[Path]) -> None:
    """Refuse, with a UsageError, an input that lies in the folder of the run, which is this machine's alone."""
    if _has_storage(request) and any(place.is_relative_to(run) for place in places):
        raise UsageError(
            "The machines of a cluster do not see what is acquired or unpacked beside the output; "
            "with --ray-storage give a bundle that lies there already and is not compressed."
        )


def _has_storage(request: ConversionRequest) -> bool:
    return request.engine == "ray" and request.ray_storage is not None
