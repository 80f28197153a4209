"""What a dataset holds, as a stranger reads it, and what its report says of each annotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conversion.workbench import lines_of
from tests.properties.drawn import Edges, Pixels, Point, Ring
from tests.properties.things import Picture


@dataclass(frozen=True)
class Found:
    """One object of a dataset; what its format does not tell is None."""

    label: str | None
    #: Edges in pixels, 0-based and half-open.
    edges: Edges | None = None
    rings: list[Ring] | None = None
    pixels: Pixels | None = None
    points: list[tuple[float, float, int]] | None = None
    kind: str | None = None
    theta: float | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] | None = None
    #: Numbers as they stand in the file, for formats of whole numbers.
    raw: tuple[int, ...] = ()


#: Path of a picture below the dataset → its objects in file order.
Objects = dict[str, list[Found]]


@dataclass(frozen=True)
class Told:
    """What the report says of one annotation."""

    status: str
    codes: frozenset[str]


class Report:
    """Error and loss list of one dataset, written with ``--loss-list all``."""

    def __init__(self, root: Path) -> None:
        self._failed: dict[Any, set[str]] = {}
        self._codes: dict[Any, set[str]] = {}
        self._status: dict[Any, str] = {}
        #: Ids of records that are not in the dataset.
        self.lost: set[Any] = set()
        for line in lines_of(root / "exportkit-errors.jsonl"):
            if line.get("annotation") is None:
                self.lost.add(_key(line["id"]))
            else:
                self._failed.setdefault((_key(line["id"]), line["annotation"]), set()).add(line["code"])
        for line in lines_of(root / "exportkit-losses.jsonl"):
            if line.get("annotation") is not None:
                key = (_key(line["id"]), line["annotation"])
                self._codes.setdefault(key, set()).add(line["code"])
                if line["outcome"] in {"lossy", "skipped"}:
                    self._status[key] = line["outcome"]
        #: Record id → path of its picture.
        self.paths = {_key(line["record"]): line["path"] for line in lines_of(root / "exportkit-images.jsonl")}

    def of(self, picture: Picture, place: int) -> Told:
        """What became of the thing at a place of a picture."""
        thing = picture.things[place]
        name = thing.identity if thing.identity is not None else place
        key = (_key(picture.identity), name)
        if key in self._failed:
            return Told("failed", frozenset(self._failed[key]))
        return Told(self._status.get(key, "written"), frozenset(self._codes.get(key, ())))

    def path_of(self, picture: Picture) -> str | None:
        """Path of a picture that the dataset has, else None."""
        return None if _key(picture.identity) in self.lost else self.paths.get(_key(picture.identity))


def _key(identity: Any) -> tuple[str, Any]:
    return (type(identity).__name__, identity)


def ring_of(flat: list[float]) -> list[Point]:
    """Pairs of a flat list."""
    return list(zip(flat[0::2], flat[1::2], strict=True))
