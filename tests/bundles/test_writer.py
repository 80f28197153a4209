from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from exportkit.bundles import Bundle, BundleWriter, count_lines, iter_lines, opened
from exportkit.bundles.canonical_line import canonical_line
from exportkit.errors import BundleRefused, BundleTraversalError, LocalIOError, UsageError


def ids_in(bundle: Bundle) -> list[int]:
    ids = []
    for part in bundle.parts:
        with opened(part) as file:
            ids += [json.loads(line.text or b"")["id"] for line in iter_lines(file, part.mark, part.size)]
    bundle.verify_counts([count_lines(part)[0].records for part in bundle.parts])
    return ids


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_members_of_a_line_have_one_order_and_unknown_ones_are_dropped() -> None:
    row = {
        "group": "g",
        "project": 1,
        "data_unit": {"height": 2, "width": 3, "name": "ü.jpg", "id": 9, "files": {}},
        "files_manifest": {"image_1": {"url": "u"}},
        "id": 5,
        "data": {"b": 1, "a": 2},
        "split": None,
    }
    assert canonical_line(row).decode() == (
        '{"id":5,"data":{"b":1,"a":2},"files_manifest":{"image_1":{"url":"u"}},'
        '"data_unit":{"id":9,"name":"ü.jpg","width":3,"height":2},"split":null,"group":"g"}\n'
    )


@pytest.mark.parametrize("kind", [bytes, msgspec.Raw])
def test_data_given_as_bytes_stay_as_they_came(kind: Any) -> None:
    line = canonical_line({"id": 1, "data": kind(b'{ "x" : 1.50e0,\r\n"y": 1E2 }')})
    assert line == b'{"id":1,"data":{ "x" : 1.50e0,  "y": 1E2 }}\n'


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "data_unit": {"files": {"image_1": {"url": "u"}}}},
        {"id": 1, "files_manifest": None, "data_unit": {"files": {"image_1": {"url": "u"}}}},
        {"id": 1, "files": {"image_1": {"url": "u"}}},
    ],
)
def test_files_of_older_rows_become_the_files_manifest(row: dict[str, Any]) -> None:
    assert json.loads(canonical_line(row))["files_manifest"] == {"image_1": {"url": "u"}}
    assert json.loads(canonical_line({"id": 1, "file": {"url": "u"}}))["files_manifest"] == {"file": {"url": "u"}}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_values_that_no_line_can_hold_are_an_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|encode"):
        canonical_line({"id": 1, "data": {"x": value}})


@pytest.mark.parametrize("layout", ["parts", "single"])
@pytest.mark.parametrize("encoding", [None, "gzip", "zstd"])
def test_what_is_written_is_read_and_its_bytes_do_not_change(
    tmp_path: Path, layout: Literal["parts", "single"], encoding: Literal["gzip", "zstd"] | None
) -> None:
    for name in ("first", "second"):
        with BundleWriter(
            tmp_path / name, "assignment", prefix="p", layout=layout, encoding=encoding, records_per_part=3, job_id="j"
        ) as writer:
            for number in range(8):
                writer.write({"id": number, "data": {"annotations": []}})
    work = tmp_path / "work"
    work.mkdir()
    bundle = Bundle.open(tmp_path / "first", work=work)
    assert (bundle.target, bundle.notices, ids_in(bundle)) == ("assignment", (), list(range(8)))
    assert len(bundle.parts) == (3 if layout == "parts" else 1)
    assert tree(tmp_path / "first") == tree(tmp_path / "second")
    assert json.loads((tmp_path / "first/.exportkit-bundle").read_bytes()) == {"job_id": "j"}


def test_parts_are_cut_by_bytes_too_but_never_empty(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b", bytes_per_part=30) as writer:
        for line in (b'{"id":1}\n', b'{"id":2}\n', b'{"id":3,"x":"' + b"y" * 50 + b'"}\n', b'{"id":4}\n'):
            writer.write_line(line)
    manifest = json.loads((tmp_path / "b/manifest.json").read_bytes())
    assert [part["records"] for part in manifest["targets"]["task"]["parts"]] == [2, 1, 1]
    assert [part["cumulative_records"] for part in manifest["targets"]["task"]["parts"]] == [2, 3, 4]
    assert manifest["targets"]["task"]["parts"][2]["path"] == "task/part-00003.jsonl"
    assert ids_in(Bundle.open(tmp_path / "b")) == [1, 2, 3, 4]


@pytest.mark.parametrize("layout", ["parts", "single"])
def test_a_bundle_without_records_is_valid(tmp_path: Path, layout: Literal["parts", "single"]) -> None:
    with BundleWriter(tmp_path / "b", layout=layout):
        pass
    assert ids_in(Bundle.open(tmp_path / "b")) == []


@pytest.mark.parametrize("content", [b"picture", io.BytesIO(b"picture")])
def test_originals_are_stored_with_their_integrity(tmp_path: Path, content: bytes | io.BytesIO) -> None:
    with BundleWriter(tmp_path / "b", facts={"watermark": {"max_id": 5, "count": 1}}) as writer:
        entry = writer.add_file(5, "ä b.jpg", content)
    assert entry == {"bundle_path": "files/5/ä b.jpg", "size": 7, "sha256": hashlib.sha256(b"picture").hexdigest()}
    assert (tmp_path / "b/files/5/ä b.jpg").read_bytes() == b"picture"
    bundle = Bundle.open(tmp_path / "b")
    assert bundle.originals["files/5/ä b.jpg"].sha256 == entry["sha256"]
    assert bundle.manifest is not None
    assert bundle.manifest.watermark == {"max_id": 5, "count": 1}


@pytest.mark.parametrize(("file_id", "name"), [("..", "a"), (1, "../a"), (1, "a/b"), (1, ""), (1, "a\\b"), (1, "a:b")])
def test_originals_never_leave_the_bundle(tmp_path: Path, file_id: int | str, name: str) -> None:
    with BundleWriter(tmp_path / "b") as writer, pytest.raises(BundleTraversalError):
        writer.add_file(file_id, name, b"")
    assert set(tree(tmp_path)) == {"b/manifest.json"}


@pytest.mark.parametrize("encoding", [None, "gzip", "zstd"])
def test_a_bundle_that_is_broken_off_has_no_manifest(tmp_path: Path, encoding: Literal["gzip", "zstd"] | None) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_numbers(tmp_path / "b", encoding, [1.0, float("nan")])
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_bundle_that_does_not_last_holds_the_same_lines_without_a_digest(
    tmp_path: Path, encoding: Literal["gzip"] | None
) -> None:
    for name, lasting in (("kept", True), ("passing", False)):
        with BundleWriter(
            tmp_path / name, prefix="p", records_per_part=3, encoding=encoding, lasting=lasting
        ) as writer:
            for number in range(8):
                writer.write({"id": number})
    kept, passing = tree(tmp_path / "kept"), tree(tmp_path / "passing")
    manifests = [json.loads(files.pop("manifest.json")) for files in (kept, passing)]
    assert kept == passing
    digests = [[part.pop("sha256", None) for part in each["targets"]["task"]["parts"]] for each in manifests]
    assert (None in digests[0], set(digests[1])) == (False, {None})
    assert manifests[0] == manifests[1]


def test_a_part_of_a_passing_bundle_that_was_cut_is_refused_all_the_same(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b", lasting=False) as writer:
        writer.write({"id": 1})
    part = tmp_path / "b/task/part-00001.jsonl"
    part.write_bytes(part.read_bytes()[:-3])
    with pytest.raises(BundleRefused, match="bytes"):
        Bundle.open(tmp_path / "b")


def test_a_part_that_cannot_be_given_its_name_leaves_nothing_of_itself(tmp_path: Path) -> None:
    writer = BundleWriter(tmp_path / "b")
    with pytest.raises(LocalIOError), writer:
        begin_and_obstruct(writer, tmp_path / "b/task/part-00001.jsonl")
    assert [path.name for path in (tmp_path / "b/task").iterdir()] == ["part-00001.jsonl"]
    assert not (tmp_path / "b/manifest.json").exists()


def begin_and_obstruct(writer: BundleWriter, part: Path) -> None:
    writer.write({"id": 1})
    part.mkdir()


def write_numbers(root: Path, encoding: Literal["gzip", "zstd"] | None, numbers: list[float]) -> None:
    with BundleWriter(root, encoding=encoding) as writer:
        for number in numbers:
            writer.write({"id": 1, "data": number})


def test_a_complete_bundle_is_not_written_over(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "b"):
        pass
    with pytest.raises(UsageError, match="already holds"):
        BundleWriter(tmp_path / "b")


@pytest.mark.parametrize("layout", ["parts", "single"])
@pytest.mark.parametrize("sizes", [[1] * 12, [12], [5, 7], [3, 3, 3, 3], [0, 4, 8]])
@pytest.mark.parametrize("limits", [{"records_per_part": 4}, {"bytes_per_part": 40}, {}])
def test_records_added_together_lie_where_they_would_lie_one_by_one(
    tmp_path: Path, layout: Literal["parts", "single"], sizes: list[int], limits: dict[str, int]
) -> None:
    lines = [b'{"id":%d}\n' % (7**number) for number in range(12)]
    with BundleWriter(tmp_path / "one", prefix="x", layout=layout, **limits) as writer:  # type: ignore[arg-type]
        for line in lines:
            writer.write_line(line)
    with BundleWriter(tmp_path / "many", prefix="x", layout=layout, **limits) as writer:  # type: ignore[arg-type]
        start = 0
        for size in sizes:
            writer.write_lines(lines[start : start + size])
            start += size
    trees = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "one", tmp_path / "many")
    ]
    assert trees[0] == trees[1]
