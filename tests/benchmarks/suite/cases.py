"""What is run: works, ways in which exportkit does them, and the other tools that can do some of them."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["ALL_FOUR", "ENGINES", "PEERS", "SCALES_OF_LINE", "WORKS", "Engine", "Peer", "Work"]

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exportkit"


@dataclass(frozen=True)
class Work:
    """A dataset that is made, or several in one pass, of a bundle of one shape."""

    name: str
    specs: tuple[str, ...]
    shape: str = "outlines"
    #: Other tools can do it, and what is kept is counted.
    compared: bool = False


_COMPARED: Final = (
    Work("yolo", ("yolo:task=detect",), compared=True),
    Work("voc", ("voc",), compared=True),
    Work("csv", ("csv:dialect=tfod",), compared=True),
    Work("coco", ("coco",), compared=True),
)
ALL_FOUR: Final = Work("all four", tuple(spec for work in _COMPARED for spec in work.specs))
WORKS: Final = {
    work.name: work
    for work in (
        *_COMPARED,
        Work("yolo segment", ("yolo:task=segment",)),
        Work("yolo pose", ("yolo:task=pose",), shape="keypoints"),
        Work("yolo obb", ("yolo:task=obb",), shape="rotated"),
        Work("csv long", ("csv",)),
        ALL_FOUR,
    )
}
#: All four formats in one pass, on one disk: is the cost of a record the same everywhere?
SCALES_OF_LINE: Final = ("20k", "118k", "500k", "1m")


@dataclass(frozen=True)
class Engine:
    """A way in which exportkit runs."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, bundle: Path, work: Work, out: Path) -> list[str]:
        """Everything on but the pictures."""
        wanted = [word for spec in work.specs for word in ("--to", spec)]
        words = [*wanted, "--media", "none", *self.words, "-q", "-o", str(out)]
        return [sys.executable, "-m", "exportkit", "convert", str(bundle), *words]

    @property
    def why_not(self) -> str:
        """Why it cannot run here, in one line; empty if it can."""
        if self.name != "Ray":
            return ""
        if importlib.util.find_spec("exportkit.engines.ray_cluster") is None:
            return "this version of exportkit has no engine for it"
        if importlib.util.find_spec("ray") is None and not self.environment:
            return "ray is not installed"
        return ""


@cache
def environment(name: str) -> Path | None:
    """The newest environment of this name that make has set up for any checkout."""
    made = [path for path in CACHE.glob(f"{name}-[0-9]*") if (path / "bin" / "python").exists()]
    return max(made, key=lambda path: path.stat().st_mtime, default=None)


def _packages_of_ray() -> dict[str, str]:
    """Where ray lies beside what is installed here, if it does."""
    folder = environment("ray")
    packages = next((folder / "lib").glob("python3*/site-packages"), None) if folder else None
    return {"PYTHONPATH": str(packages)} if packages else {}


ONE_PROCESS: Final = Engine("1 process", ("--workers", "1"))
TWO_WORKERS: Final = Engine("2 workers", ("--workers", "2"))
ENGINES: Final = (ONE_PROCESS, TWO_WORKERS, Engine("Ray", ("--engine", "ray", "--workers", "2"), _packages_of_ray()))


@dataclass(frozen=True)
class Peer:
    """Another tool: the package, the environment that has it, and the works that it can do.

    ``peers/run_<module>.py`` is run by its own Python: ``run_….py DATA OUT WORK``.
    """

    name: str
    place: str
    works: tuple[str, ...]
    #: Holds the whole dataset in memory.
    in_memory: bool = True

    @property
    def script(self) -> Path:
        """The program that lets it do a work."""
        return Path(__file__).parent.parent / "peers" / f"run_{self.name.replace('-', '_')}.py"

    @property
    def python(self) -> Path | None:
        """The Python that has it, if there is one."""
        folder = environment(self.place)
        return folder / "bin" / "python" if folder else None

    def command(self, data: Path, work: str, out: Path) -> list[str]:
        """``data`` holds bundle, annotations, boxes and images of one scale."""
        return [str(self.python), "-I", "-X", "utf8", str(self.script), str(data), str(out), work]

    def version(self) -> str:
        """Its version; empty if it is not installed."""
        if self.python is None:
            return ""
        code = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
        asked = subprocess.run([self.python, "-I", "-c", code, self.name], capture_output=True, text=True, check=False)
        return asked.stdout.strip()


_ALL: Final = ("yolo", "voc", "csv", "coco")
PEERS: Final = (
    Peer("datumaro", "datumaro", ("yolo", "voc", "coco")),
    Peer("labelformat", "labelformat", ("yolo", "voc", "coco")),
    Peer("globox", "globox", _ALL),
    Peer("supervision", "torch", ("yolo", "voc", "coco")),
    Peer("ultralytics", "torch", ("yolo",)),
    Peer("pylabel", "pylabel", _ALL),
    Peer("synapse-sdk", "sdk", ("yolo", "voc", "coco"), in_memory=False),
    Peer("panlabel", "rust", _ALL),
    Peer("hotcoco", "rust", ("yolo", "voc", "csv")),
)
