"""Makes bundles, runs conversions on them, and reads what came out, for tests of the whole program.

Whatever a test does, :meth:`Workbench.convert` holds three promises: the bundle is untouched, nothing but the output
is left beside it, and an exit code other than 0 and 3 leaves no output that was not there before.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import stat
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from exportkit.cli import main

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOUR = ("coco", "yolo:task=segment", "voc", "csv:dialect=retinanet")
LISTS = ("exportkit-files.jsonl", "exportkit-images.jsonl", "exportkit-errors.jsonl", "exportkit-losses.jsonl")


class Run(NamedTuple):
    """One run of the program."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object of ``--json``."""
        # Only LF ends a line: names in the object may hold other separators.
        line, rest = self.out.split("\n")
        assert not rest
        value: dict[str, Any] = json.loads(line)
        return value


def png(width: int = 40, height: int = 30) -> bytes:
    """A grey PNG of this many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    parts = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def box(
    label: str = "cat", x: float = 1, y: float = 1, width: float = 10, height: float = 10, **more: Any
) -> dict[str, Any]:
    """A box annotation in the seed's schema, absolute pixels."""
    return {"category": label, "bbox": [x, y, width, height], **more}


def item(
    identity: Any, *annotations: Any, name: str | None = None, file: str | None = None, **more: Any
) -> dict[str, Any]:
    """A bundle line in the seed's schema with a picture of 40×30; ``file`` is its path in the bundle."""
    called = name if name is not None else f"{identity}.png"
    entry: dict[str, Any] = {"file_name_original": called, "is_primary": True}
    if file is not None:
        entry["bundle_path"] = file
    line: dict[str, Any] = {
        "id": identity,
        "data": {"annotations": list(annotations)},
        "files_manifest": {"image_1": entry},
        "data_unit": {"id": 1, "name": called, "width": 40, "height": 30},
    }
    return {key: value for key, value in (line | more).items() if value is not ...}


def digest_of(folder: Path) -> str:
    """One number for all names, kinds, sizes, times and bytes below a folder."""
    total = hashlib.sha256()
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *folders]):
            path = Path(where, name)
            status = path.lstat()
            facts = (path.relative_to(folder).as_posix(), status.st_mode, status.st_size, status.st_mtime_ns)
            total.update(repr(facts).encode("utf-8", "surrogateescape"))
            if stat.S_ISREG(status.st_mode):
                total.update(path.read_bytes())
    return total.hexdigest()


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


class Workbench:
    """A folder in which bundles are made and converted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "place" / "out"
        self.out.parent.mkdir()

    # -- bundles ---------------------------------------------------------------------------------------

    def bundle(
        self,
        lines: Sequence[bytes | Mapping[str, Any]],
        files: Mapping[str, bytes] | None = None,
        *,
        name: str = "bundle",
        target: str = "task",
        manifest: Mapping[str, Any] | None = None,
    ) -> Path:
        """A bundle of one part; without ``manifest`` the true one is written."""
        root = self.folder / name
        folder = root / target
        folder.mkdir(parents=True)
        texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        (folder / "part-00001.jsonl").write_bytes(b"".join(text + b"\n" for text in texts))
        for path, content in (files or {}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        count = sum(bool(text.strip()) for text in texts)
        part = {"path": f"{target}/part-00001.jsonl", "records": count, "cumulative_records": count}
        whole = {"prefix": "x/", "targets": {target: {"dir": target, "records": count, "parts": [part]}}}
        (root / "manifest.json").write_text(json.dumps(whole if manifest is None else manifest))
        return root

    def pictures(self, *identities: Any, **annotations: Any) -> Path:
        """A bundle of records with one box and one picture each."""
        lines = [item(i, box(), file=f"files/{i}/{i}.png") for i in identities]
        return self.bundle(lines, {f"files/{i}/{i}.png": png() for i in identities}, **annotations)

    # -- runs ------------------------------------------------------------------------------------------

    def run(self, *words: str | Path) -> Run:
        """The program in this process."""
        former = signal.getsignal(signal.SIGTERM)
        out, err = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main([str(word) for word in words])
        except SystemExit as end:
            found = Run(int(str(end.code)), out.getvalue(), err.getvalue())
        finally:
            signal.signal(signal.SIGTERM, former)
        assert "Traceback" not in found.err + found.out
        assert found.code != 1, found.err + found.out
        return found

    def program(self, *words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
        """The program as a process of its own."""
        command = [sys.executable, "-m", "exportkit", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)

    def convert(self, bundle: Path, *words: str | Path, out: Path | None = None) -> Run:
        """``exportkit convert --json`` of a bundle, to COCO unless ``words`` say otherwise."""
        target = self.out if out is None else out
        formats = () if "--to" in words else ("--to", "coco")
        before = digest_of(bundle) if bundle.is_dir() else ""
        there = {path.name for path in target.parent.iterdir()}
        found = self.run("convert", bundle, *formats, "-o", target, "--json", *words)
        assert not bundle.is_dir() or digest_of(bundle) == before, "the bundle was changed"
        left = {path.name for path in target.parent.iterdir()} - there
        published = found.code in {0, 3} and "--dry-run" not in words
        beside = {target.name, f"{target.name}.bak"} | {Path(word).name for word in words}
        assert left <= (beside if published else set()), f"left behind: {left}"
        return found

    # -- results ---------------------------------------------------------------------------------------

    def errors(self, label: str = "") -> list[dict[str, Any]]:
        """The error list of the output, or of one of several."""
        return lines_of(self.out / label / "exportkit-errors.jsonl")

    def losses(self, label: str = "") -> list[dict[str, Any]]:
        """The loss list of the output, or of one of several."""
        return lines_of(self.out / label / "exportkit-losses.jsonl")

    def manifest(self, label: str = "") -> dict[str, Any]:
        """The manifest of the output, or of one of several."""
        value: dict[str, Any] = json.loads((self.out / label / "exportkit-manifest.json").read_bytes())
        return value

    def coco(self, label: str = "", split: str = "train") -> dict[str, Any]:
        """The COCO file of the output."""
        value: dict[str, Any] = json.loads((self.out / label / f"annotations/instances_{split}.json").read_bytes())
        return value


def assert_balanced(account: Mapping[str, Any]) -> None:
    """Both equations of promise 2 of the product description."""
    records, annotations = account["records"], account["annotations"]
    assert records["listed"] == sum(records[word] for word in ("written", "failed", "gone", "filtered"))
    assert annotations["seen"] == sum(annotations[word] for word in ("written", "lossy", "skipped", "failed"))


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """A workbench in a folder of its own."""
    return Workbench(tmp_path)
