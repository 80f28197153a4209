"""Lines of a bundle come in the order of their ids, with the compiled core and without it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from exportkit.bundles import Bundle
from exportkit.clients.bundle_index import BundleIndex

PLAIN = [b'{"id":%d,"data":{"annotations":[{"id":1,"bbox":[1.5,2,3,4]}]}}' % number for number in range(-2, 40)]
#: Each of them has to be looked at more closely.
ODD = [
    b'{"id":5,"id":6}',
    b'{"\\u0069d":9,"id":7}',
    b'{"id":8,"\\u0069d":3}',
    b'{"id":null,"pgh_id":12}',
    b'{"pgh_id":13}',
    b' {"id":14}\r',
    b'{"id":15.0}',
    b'{"id":9223372036854775807}',
    b'{"id":9223372036854775808}',
    b'{"id":"word"}',
    b'{"id":""}',
    b'{"id":true}',
    b'{"data":{}}',
    b'{"id":16,"data":{',
    b'"annotations":[]}}',
    b'{"id":17,"data":[1,2,]}',
    b'{"id":18,"data":"\xff"}',
    b'{"id":19,"data":"\\ud800"}',
    b'{"id":20} x',
    b'{"id":21,"data":' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"id":22,"data":' + b"[" * 40 + b"]" * 40 + b"}",
    b"[]",
    b"  ",
    b"",
]


def read(path: Path, work: Path) -> list[tuple[int, bytes | None]]:
    work.mkdir(exist_ok=True)
    (work / "task.places").unlink(missing_ok=True)
    index = BundleIndex(Bundle.open(path), work)
    return [(line.place.line, line.text) for line in index.lines()]


def both_ways(path: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes | None]]:
    found = read(path, work)
    with monkeypatch.context() as patched:
        patched.setattr("exportkit.clients.bundle_index.core", None)
        assert read(path, work) == found
    return found


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("at", [0, 7, len(PLAIN)])
def test_an_odd_line_among_ordinary_ones_takes_the_same_place_both_ways(
    tmp_path: Path, odd: bytes, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"\n".join([*PLAIN[:at], odd, *PLAIN[at:]]))
    texts = [text for _, text in both_ways(path, tmp_path / "work", monkeypatch)]
    assert set(PLAIN) <= set(texts)
    assert [text for text in texts if text in PLAIN] == PLAIN


@pytest.mark.parametrize("seed", range(30))
def test_any_lines_come_in_the_same_order_both_ways(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    lines = sorted(chance.sample(range(len(PLAIN)), 20)) if seed % 2 else chance.choices(range(len(PLAIN)), k=20)
    texts = [PLAIN[number] for number in lines]
    for _ in range(seed % 4):
        texts.insert(chance.randrange(len(texts)), chance.choice(ODD))
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"\n".join(texts) + b"\n" * (seed % 3))
    found = both_ways(path, tmp_path / "work", monkeypatch)
    assert sorted(number for number, _ in found) == [number for number, text in enumerate(texts, 1) if text.strip()]


def test_lines_that_stand_in_order_are_read_straight_through(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"\n".join([*PLAIN, b"", b'{"id":50} ', b'{"id":"a"}', b'{"id":"b"}']))
    read(path, tmp_path / "work")
    assert not [*(tmp_path / "work").iterdir()]


def test_order_is_judged_across_shards_and_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exportkit.clients.bundle_index._SHARD", 100)
    folder = tmp_path / "bundle" / "task"
    folder.mkdir(parents=True)
    (folder / "part-00001.jsonl").write_bytes(b"\n".join(PLAIN[20:]))
    (folder / "part-00002.jsonl").write_bytes(b"\n".join(PLAIN[:20]))
    found = both_ways(folder.parent, tmp_path / "work", monkeypatch)
    assert [text for _, text in found] == PLAIN
