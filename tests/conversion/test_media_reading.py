"""Originals are read once, whatever is asked of their content, and what is wrong with it is told."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item

from exportkit.conversion.placed_file import WHOLE

SMALL, LARGE = 300_000, WHOLE + 2_500_000
BOTH = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["held", "passing by"])


def jpeg(size: int, width: int = 40, height: int = 30) -> bytes:
    """A JPEG of this many bytes, all markers in their places."""
    frame = b"\xff\xc0\0\x0b\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\0"
    head = b"\xff\xd8" + frame + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"
    noise = os.urandom(1 << 16).replace(b"\xff", b"\xfe")
    scan = (noise * (size // len(noise) + 1))[: size - len(head) - 2]
    return head + scan + b"\xff\xd9"


def pictures(bench: Workbench, contents: list[bytes], **declared: Any) -> Path:
    """A bundle of records with one of these pictures each; their digests are declared unless others are given."""
    lines, files = [], {}
    for number, content in enumerate(contents, 1):
        path = f"files/{number}/{number}.jpg"
        line = item(number, box(), name=f"{number}.jpg", file=path)
        digest = hashlib.sha256(content).hexdigest()
        line["files_manifest"]["image_1"] |= {"size": len(content), "sha256": digest} | declared
        lines.append(line)
        files[path] = content
    return bench.bundle(lines, files)


def read_by_this_process() -> int:
    """Bytes that were asked of files so far, wherever they came from."""
    facts = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in facts if line.startswith("rchar"))


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="needs the counts of Linux")
@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
@BOTH
def test_no_byte_of_a_picture_is_read_twice(bench: Workbench, mode: str, size: int) -> None:
    contents = [jpeg(size) for _ in range(2)]
    bundle = pictures(bench, contents)
    words = ("--to", "yolo:task=detect", "--workers", "1")
    bench.convert(bundle, *words, "--media", mode)
    shutil.rmtree(bench.out)

    def conversion(*words: str) -> int:
        shutil.rmtree(bench.out, ignore_errors=True)
        before = read_by_this_process()
        # The workbench reads the bundle before and after; the program itself alone is measured.
        assert bench.run("convert", bundle, *words, "-o", bench.out, "-q").code == 0
        return read_by_this_process() - before

    without, including = conversion(*words, "--media", "none"), conversion(*words, "--media", mode)

    assert including - without < sum(map(len, contents)) + (1 << 16)


@BOTH
def test_several_outputs_get_the_same_bytes(bench: Workbench, size: int) -> None:
    contents = [jpeg(size) for _ in range(2)]

    run = bench.convert(pictures(bench, contents), "--to", "coco", "--to", "yolo:task=detect", "--to", "voc")

    assert run.code == 0, run
    for label in ("coco", "yolo", "voc"):
        made = sorted((bench.out / label).rglob("*.jpg"), key=lambda path: path.name)
        assert [path.read_bytes() for path in made] == contents
    assert bench.run("verify", bench.out).code == 0


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
@BOTH
def test_a_picture_of_another_digest_than_declared_is_refused(bench: Workbench, mode: str, size: int) -> None:
    run = bench.convert(pictures(bench, [jpeg(size)], sha256="0" * 64), "--media", mode)

    assert run.code == 8, run
    assert "E_FILE_DIGEST" in run.out


@BOTH
def test_of_pictures_that_are_cut_nothing_is_left(bench: Workbench, size: int) -> None:
    whole, cut = jpeg(SMALL), jpeg(size)[:-2]

    run = bench.convert(pictures(bench, [cut, whole]), "--to", "coco", "--to", "yolo:task=detect")

    assert run.code == 3, run
    for label in ("coco", "yolo"):
        assert [(e["id"], e["code"]) for e in bench.errors(label)] == [(1, "E_IMAGE_TRUNCATED")]
        assert [path.name for path in (bench.out / label).rglob("*.jpg")] == ["2.jpg"]


def test_a_picture_of_another_size_than_declared_is_refused_before_it_is_read(bench: Workbench) -> None:
    run = bench.convert(pictures(bench, [jpeg(SMALL)], size=SMALL + 1))

    assert run.code == 8, run
    assert f"{SMALL} bytes where {SMALL + 1} are declared" in run.out


def test_a_clone_takes_the_place_of_a_copy_and_is_judged_by_its_own_content(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands in for a file system that shares blocks: to whoever looks at the files, sharing is a copy at one instant.
    def share(source: int, target: int) -> None:
        os.sendfile(target, source, 0, os.fstat(source).st_size)

    monkeypatch.setattr("exportkit.storage.staging.clone_file", share)
    whole, cut = jpeg(SMALL), jpeg(SMALL)[:-2]

    run = bench.convert(pictures(bench, [whole, cut, whole]), "--to", "coco", "--to", "yolo:task=detect")

    assert run.code == 3, run
    for label in ("coco", "yolo"):
        assert [(e["id"], e["code"]) for e in bench.errors(label)] == [(2, "E_IMAGE_TRUNCATED")]
        assert [path.read_bytes() for path in (bench.out / label).rglob("*.jpg")] == [whole] * 2
    assert bench.run("verify", bench.out).code == 0
