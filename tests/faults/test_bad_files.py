"""References to files: judged as text, opened below the bundle alone, never waited for (formats, section 2.10)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item, png

UNSAFE = [
    "../secret.png",
    "files/../../secret.png",
    "/etc/passwd",
    "files//2/a.png",
    "files/./a.png",
    "files/2/a.png/",
    "files\\2\\a.png",
    "files/2/%2e%2e/a.png",
    "files/2/a%2fb.png",
    "C:/a.png",
    "files/2/a:b.png",
    "files/2/a\u0000.png",
    "files/2/a\n.png",
    "file:///etc/passwd",
    "~/a.png",
    "2.png",
    "task/part-00001.jsonl",
    "manifest.json",
    "",
    "files/" + "a" * 256,
]


def _bundle(bench: Workbench, path: str, content: bytes | None = None, **entry: Any) -> Path:
    """Three records; the second refers to ``path``, where ``content`` lies if it is given."""
    bad = item(2, box(), file=path)
    bad["files_manifest"]["image_1"] |= entry
    lines = [item(1, box(), file="files/1/1.png"), bad, item(3, box(), file="files/3/3.png")]
    files = {"files/1/1.png": png(), "files/3/3.png": png()}
    return bench.bundle(lines, files if content is None else {**files, path: content})


def _fails(bench: Workbench, bundle: Path, code: str, *words: str) -> dict[str, Any]:
    run = bench.convert(bundle, *words)
    assert run.code == 3, run
    (error,) = bench.errors()
    assert (error["code"], error["line"], error["id"]) == (code, 2, 2), error
    assert error["json_path"].startswith("$.files_manifest"), error
    assert [image["id"] for image in bench.coco()["images"]] == [1, 3]
    assert sorted(path.name for path in bench.out.glob("images/**/*.png")) == ["1.png", "3.png"]
    return error


@pytest.mark.parametrize("path", UNSAFE)
def test_an_unsafe_path_fails_its_record(bench: Workbench, path: str) -> None:
    (bench.folder / "secret.png").write_bytes(png())

    _fails(bench, _bundle(bench, path), "E_PATH_UNSAFE")


def test_an_unsafe_path_fails_also_without_media(bench: Workbench) -> None:
    run = bench.convert(_bundle(bench, "../secret.png"), "--media", "none")

    assert run.code == 3
    assert [error["code"] for error in bench.errors()] == ["E_PATH_UNSAFE"]


def test_an_absent_file_fails_its_record(bench: Workbench) -> None:
    _fails(bench, _bundle(bench, "files/2/2.png"), "E_FILE_MISSING")


@pytest.mark.parametrize("where", ["inside", "outside", "folder", "dangling"])
def test_a_link_fails_its_record_wherever_it_leads(bench: Workbench, where: str) -> None:
    bundle = _bundle(bench, "files/2/2.png")
    (bench.folder / "secret.png").write_bytes(png())
    if where == "folder":
        (bundle / "real").mkdir()
        (bundle / "real/2.png").write_bytes(png())
        (bundle / "files/2").symlink_to("../real")
    else:
        (bundle / "files/2").mkdir()
        target = {"inside": "../1/1.png", "outside": str(bench.folder / "secret.png"), "dangling": "nowhere"}[where]
        (bundle / "files/2/2.png").symlink_to(target)

    _fails(bench, bundle, "E_FILE_LINK")


@pytest.mark.parametrize("what", ["fifo", "folder", "socket", "device"])
def test_what_is_no_regular_file_fails_its_record_without_a_wait(bench: Workbench, what: str) -> None:
    bundle = _bundle(bench, "files/2/2.png")
    path = bundle / "files/2/2.png"
    path.parent.mkdir()
    if what == "fifo":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "socket":
        os.mknod(path, 0o140600)
    elif os.geteuid() == 0:
        os.mknod(path, 0o020600, os.makedev(1, 5))
    else:
        pytest.skip("only root makes devices")

    _fails(bench, bundle, "E_FILE_TYPE")


def test_a_hard_link_is_an_ordinary_file(bench: Workbench) -> None:
    bundle = _bundle(bench, "files/2/2.png")
    (bundle / "files/2").mkdir()
    os.link(bundle / "files/1/1.png", bundle / "files/2/2.png")

    assert bench.convert(bundle).code == 0


@pytest.mark.parametrize("entry", [{"size": 3}, {"sha256": "0" * 64}], ids=["size", "digest"])
def test_another_size_or_digest_than_declared_fails_its_record(bench: Workbench, entry: dict[str, Any]) -> None:
    _fails(bench, _bundle(bench, "files/2/2.png", png(), **entry), "E_FILE_DIGEST")


def test_the_declared_size_and_digest_are_accepted(bench: Workbench) -> None:
    content = png()
    digest = hashlib.sha256(content).hexdigest()

    assert bench.convert(_bundle(bench, "files/2/2.png", content, size=len(content), sha256=digest)).code == 0


@pytest.mark.parametrize("cut", [1, 12, 20])
def test_a_cut_picture_fails_its_record(bench: Workbench, cut: int) -> None:
    _fails(bench, _bundle(bench, "files/2/2.png", png()[:-cut]), "E_IMAGE_TRUNCATED")


def test_a_picture_with_a_flipped_bit_fails_its_record(bench: Workbench) -> None:
    content = bytearray(png())
    content[50] ^= 4

    _fails(bench, _bundle(bench, "files/2/2.png", bytes(content)), "E_IMAGE_TRUNCATED")


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n"], ids=["empty", "text", "head"])
def test_an_unreadable_header_fails_its_record_and_quotes_nothing(bench: Workbench, content: bytes) -> None:
    error = _fails(bench, _bundle(bench, "files/2/2.png", content), "E_IMAGE_UNREADABLE")

    assert "no picture at all" not in error["message"]


@pytest.mark.parametrize("content", [None, b"no picture"], ids=["absent", "unreadable"])
def test_without_media_the_declared_size_serves(bench: Workbench, content: bytes | None) -> None:
    run = bench.convert(_bundle(bench, "files/2/2.png", content), "--media", "none")

    assert run.code == 0, run
    assert bench.manifest()["codes"]["N_SIZE_UNVERIFIED"] == {"": 1}
    assert [(i["width"], i["height"]) for i in bench.coco()["images"]] == [(40, 30)] * 3


def test_a_bundle_without_files_is_converted_without_media(bench: Workbench) -> None:
    run = bench.convert(bench.bundle([item(1, box(), file="files/1/1.png")]), "--media", "none")

    assert run.code == 0, run
    assert bench.manifest()["codes"].get("N_SIZE_UNVERIFIED", {"": 0})[""] <= 1


def test_an_address_without_a_scheme_fails_and_one_with_https_gives_no_picture(bench: Workbench) -> None:
    lines = [item(1, box()), item(2, box()), item(3, box())]
    lines[0]["files_manifest"]["image_1"]["url"] = "https://files.example/1.png"
    lines[1]["files_manifest"]["image_1"]["url"] = "1.png"

    run = bench.convert(bench.bundle(lines))

    assert run.code == 3, run
    assert [(error["code"], error["line"]) for error in bench.errors()] == [("E_URL_REFUSED", 2)]
    assert bench.manifest()["codes"]["N_NO_MEDIA"] == {"": 2}


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://files.example/a.png", "javascript:1"])
def test_an_address_of_another_scheme_fails_its_record(bench: Workbench, url: str) -> None:
    bad = item(2, box())
    bad["files_manifest"]["image_1"]["url"] = url

    assert bench.convert(bench.bundle([item(1, box()), bad])).code == 3
    assert [error["code"] for error in bench.errors()] == ["E_URL_REFUSED"]


def test_a_picture_larger_than_yolo_loads_costs_its_record_there_alone(bench: Workbench) -> None:
    import struct
    import zlib

    data = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    huge = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
        for k, d in [(b"IHDR", data), (b"IDAT", b"x"), (b"IEND", b"")]
    )
    bundle = _bundle(bench, "files/2/2.png", huge)

    run = bench.convert(bundle, "--to", "coco", "--to", "yolo:task=detect", "--to", "csv")

    assert run.code == 3
    assert {name: [e["code"] for e in bench.errors(name)] for name in ("coco", "yolo", "csv")} == {
        "coco": [], "yolo": ["E_PIXELS_LIMIT"], "csv": [],
    }  # fmt: skip
