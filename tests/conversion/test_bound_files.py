"""A file that a binder makes out of its parts, while they come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from exportkit.conversion.assemble import Assembly
from exportkit.records import Record
from exportkit.writing import Binder, Encoded, Fragments, OutputFile, Placement, Plan, Writer, WriterOptions


class Doubling:
    """Every byte twice, and a last line; it holds one byte back, as a binder may."""

    def __init__(self) -> None:
        self.held = b""

    def take(self, data: bytes) -> bytes:
        whole = self.held + data
        self.held = whole[-1:]
        return bytes(byte for byte in whole[:-1] for _ in range(2))

    def close(self) -> bytes:
        return self.held * 2 + b"end"


class Bound(Writer):
    name = "bound"

    def encode(self, record: Record, placement: Placement) -> Encoded:
        raise NotImplementedError

    def files(self) -> Iterable[OutputFile]:
        yield OutputFile("a.bin", (b"<", Fragments("a.bin#one", b","), b"|", Fragments("a.bin#two"), b">"))
        yield OutputFile("b.txt", (Fragments("b.txt#rows"),))

    def binder(self, path: str) -> Binder | None:
        return Doubling() if path == "a.bin" else None


PLAN = Plan((), {}, (), {}, {}, 0, ids_usable=True)


@pytest.fixture
def assembly(tmp_path: Path) -> Assembly:
    stage = tmp_path / "stage"
    stage.mkdir()
    return Assembly(Bound(WriterOptions(), PLAN), stage, tmp_path / "spool")


def test_literals_streams_and_separators_all_go_through_the_binder(assembly: Assembly, tmp_path: Path) -> None:
    for streams in ({"a.bin#two": b"x", "a.bin#one": b"1"}, {"a.bin#one": b"22", "b.txt#rows": b"r"}):
        assembly.take(streams)
    entries = {entry.path: entry for entry in assembly.close()}

    made = (tmp_path / "stage/a.bin").read_bytes()
    assert made == b"<<11,,2222||xx>>end"
    assert (entries["a.bin"].size, entries["a.bin"].sha256) == (len(made), hashlib.sha256(made).hexdigest())
    assert (tmp_path / "stage/b.txt").read_bytes() == b"r"


def test_a_file_that_is_abandoned_is_not_completed(assembly: Assembly, tmp_path: Path) -> None:
    assembly.take({"a.bin#one": b"1"})
    assembly.abandon()

    assert (tmp_path / "stage/a.bin").read_bytes() == b"<<"


def test_a_file_that_is_complete_may_still_be_abandoned(assembly: Assembly, tmp_path: Path) -> None:
    assembly.close()
    assembly.abandon()

    assert (tmp_path / "stage/a.bin").read_bytes().endswith(b"end")
    assert json.dumps((tmp_path / "stage/b.txt").read_text()) == '""'
