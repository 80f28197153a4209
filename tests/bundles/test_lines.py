from __future__ import annotations

import os
import pickle
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exportkit.bundles import (
    Bundle,
    Line,
    Part,
    Shard,
    count_lines,
    count_shard,
    cut_shards,
    iter_lines,
    number_shards,
    opened,
    read_block,
)
from exportkit.errors import LocalIOError


def part_of(folder: Path, content: bytes) -> Part:
    (folder / "tasks.jsonl").write_bytes(content)
    return Bundle.open(folder).parts[0]


def lines_of(part: Part, shard_bytes: int = 1 << 20, limit: int = 1 << 20) -> list[Line]:
    _, shards = count_lines(part, shard_bytes)
    with opened(part) as file:
        # Lines share a buffer, which the next shard uses again.
        return [
            line._replace(source=line.text, start=0)
            for shard in shards
            for line in iter_lines(file, shard.start, shard.end, shard.first_line, limit)
        ]


def expected_lines(content: bytes) -> list[tuple[int, int, bytes]]:
    """What the rules say, in the plainest words."""
    expected, offset = [], 0
    for number, text in enumerate(content.split(b"\n"), 1):
        if text.strip():
            expected.append((number, offset, text.removesuffix(b"\r")))
        offset += len(text) + 1
    return expected


def test_only_lf_ends_a_line_and_blank_lines_are_counted(tmp_path: Path) -> None:
    content = '{"a":"\u2028\u0085\x0b"}\r\n\n \t\r\n{"b":1}\n{"c":2}\r'.encode()
    lines = lines_of(part_of(tmp_path, content))
    assert [(line.number, line.text) for line in lines] == [
        (1, '{"a":"\u2028\u0085\x0b"}'.encode()),
        (4, b'{"b":1}'),
        (5, b'{"c":2}'),
    ]


def test_offset_and_length_lead_back_to_the_text(tmp_path: Path) -> None:
    part = part_of(tmp_path, b'{"a":1}\r\n\n{"b":2}\n{"c":3}')
    with opened(part) as file:
        for line in iter_lines(file, 0, part.size):
            assert read_block(file, line.offset, line.offset + line.length) == line.text


pieces = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b" ", b"\t", b"{}", b'{"a":1}', b"x" * 40, "ü".encode()]))


@settings(max_examples=100, deadline=None)
@given(pieces.map(b"".join), st.integers(1, 60))
@example(b"", 1)
@example(b"\n\n", 1)
@example(b"ab\ncd\n", 3)
def test_shards_of_any_size_give_the_same_lines(content: bytes, shard_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        part = part_of(Path(folder), content)
        lines = lines_of(part, shard_bytes)
        count, shards = count_lines(part, shard_bytes)
        assert [(line.number, line.offset, line.text) for line in lines] == expected_lines(content)
        assert count == (content.count(b"\n"), len(lines))
        assert b"".join(content[shard.start : shard.end] for shard in shards) == content
        assert all(shard.start == 0 or content[shard.start - 1 : shard.start] == b"\n" for shard in shards)
        assert sum(count_shard(part, shard).records for shard in shards) == len(lines)


def test_shards_begin_at_the_first_line_after_each_multiple(tmp_path: Path) -> None:
    part = part_of(tmp_path, b"aaa\nbbb\nccccccccc\nd\n")
    assert [(shard.start, shard.end) for shard in cut_shards(part, 4)] == [(0, 4), (4, 8), (8, 18), (18, 20)]
    assert [shard.first_line for shard in count_lines(part, 4)[1]] == [1, 2, 3, 4]


def test_line_numbers_begin_anew_in_each_part() -> None:
    shards = [Shard(0, 0, 9), Shard(0, 9, 20), Shard(1, 0, 9), Shard(1, 9, 20)]
    assert [shard.first_line for shard in number_shards(shards, [3, 4, 5, 6])] == [1, 4, 1, 6]


def test_lines_longer_than_a_block_are_whole(tmp_path: Path) -> None:
    content = b"a" * 3_000_000 + b"\r\n" + b"b" * 262_143 + b"\n" + b"c" * 262_144 + b"\n{}"
    lines = lines_of(part_of(tmp_path, content), limit=1 << 22)
    assert [(line.number, line.offset, line.text) for line in lines] == expected_lines(content)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(("length", "read"), [(1000, True), (1001, False), (1002, False), (5_000_000, False)])
def test_a_line_over_the_limit_comes_without_its_text(tmp_path: Path, length: int, end: bytes, read: bool) -> None:
    content = b"{}" + end + b"x" * length + end + b"{}" + end
    lines = lines_of(part_of(tmp_path, content), limit=1000)
    assert [line.text is not None for line in lines] == [True, read, True]
    assert [line.number for line in lines] == [1, 2, 3]
    assert lines[1].offset == 2 + len(end)
    assert lines[2].offset == len(content) - 2 - len(end)


def test_a_huge_line_is_not_buffered(tmp_path: Path) -> None:
    with open(tmp_path / "tasks.jsonl", "wb") as file:
        file.writelines(b"x" * (1 << 20) for _ in range(80))
        file.write(b'\n{"id":1}\n')
    part = Bundle.open(tmp_path).parts[0]
    tracemalloc.start()
    with opened(part) as descriptor:
        texts = [line.text for line in iter_lines(descriptor, 0, part.size, limit=1 << 22)]
    count, _ = count_lines(part)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert texts == [None, b'{"id":1}']
    assert count == (2, 2)
    assert peak < 24 << 20


def test_blanks_beyond_the_limit_are_a_blank_line(tmp_path: Path) -> None:
    part = part_of(tmp_path, b" " * 3_000_000 + b"\n{}\n")
    assert [line.number for line in lines_of(part, limit=1000)] == [2]
    assert count_lines(part)[0].records == 1


def test_a_byte_order_mark_is_outside_the_first_shard(tmp_path: Path) -> None:
    part = part_of(tmp_path, b'\xef\xbb\xbf{"id":1}\n\xef\xbb\xbf{"id":2}\n')
    assert part.mark == 3
    assert [line.text for line in lines_of(part)] == [b'{"id":1}', b'\xef\xbb\xbf{"id":2}']
    assert [line.text for line in lines_of(part, shard_bytes=1)] == [b'{"id":1}', b'\xef\xbb\xbf{"id":2}']


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n \n"])
def test_a_file_without_records_has_none(tmp_path: Path, content: bytes) -> None:
    part = part_of(tmp_path, content)
    assert lines_of(part) == []
    assert count_lines(part)[0].records == 0


def test_a_file_that_becomes_shorter_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    part = part_of(tmp_path, b"{}\n" * 10)
    os.truncate(tmp_path / "tasks.jsonl", 15)
    with pytest.raises(LocalIOError, match="shorter"):
        lines_of(part)


def test_parts_and_shards_travel_to_workers(tmp_path: Path) -> None:
    part = part_of(tmp_path, b'{"id":1}\n')
    part, shards = pickle.loads(pickle.dumps((part, cut_shards(part))))
    assert count_shard(part, shards[0]).records == 1
