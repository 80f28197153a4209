"""Pictures that are surveyed and placed in runs come to what they come to one by one."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item, png

from exportkit.conversion.headers import FoundSize, HeaderProbe
from exportkit.conversion.lists import LOSSES, MANIFEST
from exportkit.conversion.media import MediaStep, Original
from exportkit.conversion.pictured_run import take_with_pictures
from exportkit.conversion.reading import RecordReader
from exportkit.conversion.setup import SurveySetup
from exportkit.native import core
from exportkit.normalize import InputOptions, RecordSurvey
from exportkit.plugins import PluginManager
from exportkit.storage.beneath import Beneath
from exportkit.storage.staging import Staging
from exportkit.testing import tree_digest

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core is not built or switched off")

SEEDS = 20
WORDS = ("--to", "yolo:task=detect", "--to", "coco", "--to", "voc", "--to", "csv:dialect=tfod")


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def exif(orientation: int) -> bytes:
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"


def jpeg(draw: random.Random, width: int = 40, height: int = 30) -> bytes:
    """A JPEG with one scan, and in its header what cameras and tools put there."""
    samples = draw.choice([1, 3, 3, 3, 4])
    frame = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes((samples,)) + b"\1\x11\0" * samples
    segments = [segment(draw.choice([0xC0, 0xC2]), frame), segment(0xDB, b"\0" * 65)]
    if draw.random() < 0.6:
        segments.insert(0, segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0"))
    if draw.random() < 0.3:
        more = [exif(1), exif(6), b"http://ns.adobe.com/xap/1.0/\0<x/>"]
        segments.insert(draw.randrange(len(segments) + 1), segment(0xE1, draw.choice(more)))
    if draw.random() < 0.3:
        size = draw.choice([10, 3000, 9000, 60_000])
        segments.insert(0, segment(0xE2, draw.choice([b"ICC_PROFILE\0", b"MPF\0MM\0*\0\0\0\x08\0\0"]) + b"\0" * size))
    if draw.random() < 0.05:
        segments.insert(1, draw.choice([b"\xff", b"\0", b"\xff\x01"]))
    scan = draw.randbytes(draw.choice([5, 200, 20_000])).replace(b"\xff", draw.choice([b"\xff\0", b"\xff\xd3"]))
    return b"\xff\xd8" + b"".join(segments) + segment(0xDA, b"\1\1\0\0\x3f\0") + scan + b"\xff\xd9"


def damaged(content: bytes, draw: random.Random) -> bytes:
    """The content of a picture, hurt in one of the ways in which files are hurt."""
    at = draw.randrange(len(content))
    ways = [content[:at], content[:-2], content + b"\0", b"", content[:at] + b"\xff\xe1" + content[at:], b"text"]
    return draw.choice(ways)


def drawn(seed: int, bench: Workbench) -> Path:
    """A bundle whose pictures are ordinary for the most part."""
    draw = random.Random(seed)
    lines, files = [], {}
    for number in range(1, 60):
        content = jpeg(draw, *draw.choice([(40, 30)] * 18 + [(30, 40), (8, 8)])) if draw.random() < 0.95 else png()
        declared: dict[str, Any] = {}
        if draw.random() < 0.5:
            declared["sha256"] = hashlib.sha256(content).hexdigest()
        if draw.random() < 0.5:
            declared["size"] = len(content)
        if draw.random() < 0.06:
            content = damaged(content, draw)
        name = draw.choice([f"{number}.jpg"] * 18 + [f"a/{number}.jpeg", f"{number}.JPG", f"{number}.png", "1.jpg"])
        path = f"files/{number}/{draw.choice('abc')}.jpg"
        line = item(number, *[box(x=draw.randrange(20)) for _ in range(draw.randrange(3))], name=name, file=path)
        line["files_manifest"]["image_1"] |= declared
        if seed % 2 and draw.random() < 0.3:
            line["split"] = draw.choice(["val", "test"])
        lines.append(line)
        if draw.random() < 0.98:
            files[path] = content
    return bench.bundle(lines, files)


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each run with pictures took, from now on."""
    taken: list[int] = []

    def counted(*words: Any) -> int:
        taken.append(take_with_pictures(*words))
        return taken[-1]

    def refuse(source: int, target: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr("exportkit.conversion.encode.take_with_pictures", counted)
    monkeypatch.setattr("exportkit.storage.staging.clone_file", refuse)
    return taken


@pytest.fixture
def singly(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have every line, record and picture looked at by itself from now on."""

    def switch() -> None:
        monkeypatch.setattr(RecordReader, "surveyor", lambda *_, **__: None)
        monkeypatch.setattr(RecordReader, "run", lambda *_: None)

    return switch


@pytest.mark.parametrize("seed", range(SEEDS))
def test_pictures_in_runs_become_what_they_become_one_by_one(
    seed: int, bench: Workbench, singly: Callable[[], None], placed: list[int]
) -> None:
    bundle = drawn(seed, bench)
    other = bench.folder / "other" / "out"
    other.parent.mkdir()

    before = bench.convert(bundle, *WORDS)
    in_runs = sum(placed)
    singly()
    after = bench.convert(bundle, *WORDS, out=other)

    assert before.code == after.code in {0, 3}, before
    assert in_runs == sum(placed) > 0
    assert tree_digest(bench.out) == tree_digest(other)
    told = [*bench.out.rglob(LOSSES), *bench.out.rglob(MANIFEST)]
    assert len(told) > len(WORDS) // 2
    for path in told:
        assert path.read_bytes() == (other / path.relative_to(bench.out)).read_bytes()


def alike(bench: Workbench, count: int, names: dict[int, str] | None = None) -> Path:
    """A bundle of records that all have the same ordinary picture; some have names of their own."""
    content = jpeg(random.Random(0))
    files = {f"files/{number}/1.jpg": content for number in range(1, count + 1)}
    called = names or {}
    lines = [item(n, box(), name=called.get(n, f"{n}.jpg"), file=path) for n, path in enumerate(files, 1)]
    return bench.bundle(lines, files)


def test_ordinary_pictures_are_placed_in_runs_behind_the_first_one_of_a_shard(
    bench: Workbench, placed: list[int]
) -> None:
    assert bench.convert(alike(bench, 200), *WORDS, "--workers", "1").code == 0

    # Whether files can share their blocks is found out with the first one.
    assert sum(placed) == 199
    assert max(placed) > 32


def test_a_name_that_had_to_change_ends_a_run_and_no_more(bench: Workbench, placed: list[int]) -> None:
    bundle = alike(bench, 100, {70: "20.jpg"})

    assert bench.convert(bundle, "--to", "yolo:task=detect", "--workers", "1").code == 0

    assert sum(placed) == 98
    assert (bench.out / "images/train/20__70.jpg").is_file()


def test_headers_of_ordinary_pictures_are_read_with_the_lines_that_name_them(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    real = HeaderProbe.size

    def counted(self: HeaderProbe, record: RecordSurvey) -> FoundSize:
        looked_at.append(record.name)
        return real(self, record)

    monkeypatch.setattr(HeaderProbe, "size", counted)

    assert bench.convert(alike(bench, 50, {9: "9.png"}), "--workers", "1").code == 0

    assert looked_at == ["9.png"]


def test_a_picture_that_one_output_cannot_have_is_left_by_none(tmp_path: Path) -> None:
    content = jpeg(random.Random(1))
    for name in ("1.jpg", "2.jpg", "3.jpg"):
        (tmp_path / "bundle" / "files").mkdir(parents=True, exist_ok=True)
        (tmp_path / "bundle" / "files" / name).write_bytes(content)
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
    (tmp_path / "other" / "2.jpg").write_bytes(b"somebody's")
    originals = [Original(f"files/{name}.jpg", len(content), None, "jpg") for name in "123"]
    places = ["1.jpg", "2.jpg", "3.jpg"]

    with Beneath(tmp_path / "bundle") as files, Staging(tmp_path / "one") as one, Staging(tmp_path / "other") as other:
        copied = MediaStep(setup_of(tmp_path / "bundle"), files).copy_run(originals, [(one, places), (other, places)])

    assert [(copy.size, copy.sha256) for copy in copied] == [(len(content), hashlib.sha256(content).hexdigest())]
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["1.jpg"]
    assert (tmp_path / "other" / "2.jpg").read_bytes() == b"somebody's"


def setup_of(root: Path) -> SurveySetup:
    return SurveySetup(
        bundle_root=root,
        parts=(),
        probe=True,
        media="copy",
        target="task",
        input=InputOptions(),
        strict_json=False,
        validate_full=False,
        rules=(),
        plugins=PluginManager.load(),
    )


def test_bytes_behind_the_end_of_a_jpeg_are_told_also_of_pictures_placed_in_runs(
    bench: Workbench, placed: list[int]
) -> None:
    content = jpeg(random.Random(2))
    files = {f"files/{n}/1.jpg": content + (b"\0" if n == 5 else b"") for n in range(1, 11)}
    lines = [item(n, box(), name=f"{n}.jpg", file=path) for n, path in enumerate(files, 1)]

    run = bench.convert(bench.bundle(lines, files), "--to", "yolo:task=detect")

    assert sum(placed) == 9
    assert run.code == 0, run
    findings = [one for one in bench.manifest()["check"] if one["code"] == "C_YOLO_FORMAT"]
    assert [one["file"] for one in findings] == ["images/train/5.jpg"]
    assert findings[0]["severity"] == "warn"
