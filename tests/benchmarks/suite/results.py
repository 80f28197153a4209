"""What a run of the suite found, as it is kept in a file: all that the page and its plots are made of."""

from __future__ import annotations

from pathlib import Path

import msgspec

__all__ = ["Kept", "Machine", "Measurement", "Results", "load", "save"]


class Kept(msgspec.Struct, frozen=True):
    """What of a source is in a dataset, counted by reading it; of the source itself: what there is."""

    objects: int
    #: Objects that have their outline.
    polygons: int
    #: Values of attributes: an object that keeps three has three.
    attributes: int
    #: Objects that stand for a crowd, with a box or a mask, …
    crowds: int
    #: … and those of them that are marked as what they are, so that nobody trains on them as on one object.
    marked: int


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One command: the median of its runs. Without ``runs`` it was not measured, for the reason in ``left_out``."""

    scale: str
    work: str
    tool: str
    #: How exportkit ran; empty for other tools.
    engine: str = ""
    #: Whether the output lies on a disk; else on a memory file system.
    on_disk: bool = False
    runs: int = 0
    #: Seconds of the whole process tree.
    cpu: float = 0.0
    wall: float = 0.0
    #: Peak of the whole process tree, MiB.
    memory: float = 0.0
    files: int = 0
    bytes: int = 0
    kept: Kept | None = None
    left_out: str = ""


class Machine(msgspec.Struct, frozen=True):
    """Where it ran."""

    processor: str
    cores: int
    memory: str
    system: str
    python: str


class Results(msgspec.Struct):
    """A run of the suite. ``load`` is the average of the minute before it began, and before it ended."""

    date: str
    machine: Machine
    load: tuple[float, float] = (0.0, 0.0)
    #: What the run was limited to, in words; empty for a whole run.
    limited_to: str = ""
    #: Pictures of each scale, and what there is to be kept at each.
    pictures: dict[str, int] = {}
    sources: dict[str, Kept] = {}
    #: Versions of what took part, and one line for each tool that did not.
    versions: dict[str, str] = {}
    absent: dict[str, str] = {}
    measurements: list[Measurement] = []

    def find(self, scale: str, work: str, tool: str, engine: str = "", on_disk: bool = False) -> Measurement | None:
        """What was measured so, if it was."""
        asked = (scale, work, tool, engine, on_disk)
        for one in self.measurements:
            if (one.scale, one.work, one.tool, one.engine, one.on_disk) == asked and one.runs:
                return one
        return None


def save(results: Results, path: Path) -> None:
    """Write them, one measurement a few lines, so that a change can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def load(path: Path) -> Results:
    """Read them; a file of another shape is a msgspec.ValidationError that tells where."""
    return msgspec.json.decode(path.read_bytes(), type=Results)
