"""Bundles of the server come into the run's folder whole: what can be had is there, and what cannot is told."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.acquisition.known_objects import Fetcher

from exportkit.acquisition import AskedIds, BundleCopy, IdRange, RowResolver, RunFacts, RunState
from exportkit.acquisition.original_files import OriginalFiles
from exportkit.bundles import BundleWriter
from exportkit.clients import IdentitySelection, WireRow
from exportkit.errors import IncompleteExport, RecordFault
from exportkit.storage.folder_objects import FolderObjects
from exportkit.wire import parse_manifest
from exportkit.wire.manifest import RawManifest

DEAD = {"mode": "presigned", "presigned_url": "http://host/dead"}


def payload_of(row: WireRow) -> bytes | None:
    if isinstance(row["data"], dict) and row["data"].get("mode") == "presigned":
        raise RecordFault("E_WRAPPER", "The payload cannot be fetched.")
    return row.raw("data")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[RunState]:
    with RunState(tmp_path / "state.db") as made:
        made.begin(RunFacts("hash", "versions"))
        yield made


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher({})


class Copying:
    """A copy of bundles that tests write."""

    def __init__(self, folder: Path, state: RunState, fetcher: Fetcher) -> None:
        self.state = state
        self.storage = folder / "storage"
        self.folder = folder / "acquired"
        self.folder.mkdir(exist_ok=True)
        self.originals = OriginalFiles(self.folder, state, fetcher)
        self.parts: list[dict[str, Any]] = []
        self.copy = BundleCopy(
            lambda: FolderObjects(self.storage),
            self.folder,
            "task",
            state,
            RowResolver(payload_of, self.originals),
            originals=True,
            committed=self.originals.forget,
        )

    def bundle(self, name: str, *rows: dict[str, Any], layout: Any = "parts") -> RawManifest:
        with BundleWriter(self.storage / name, prefix=name, layout=layout) as writer:
            for row in rows:
                writer.write(row)
        return parse_manifest((self.storage / name / "manifest.json").read_bytes())

    def add(self, manifest: RawManifest, asked: AskedIds | None = None) -> None:
        self.parts += self.copy.add(manifest, asked)

    def stored_ids(self) -> list[Any]:
        parts = [self.folder / part["path"] for part in self.parts]
        return [json.loads(line)["id"] for part in parts for line in part.read_bytes().splitlines()]


@pytest.fixture
def copying(tmp_path: Path, state: RunState, fetcher: Fetcher) -> Iterator[Copying]:
    made = Copying(tmp_path, state, fetcher)
    yield made
    made.originals.close()


def test_a_dead_payload_costs_its_record_alone_and_no_count_speaks_of_it(copying: Copying) -> None:
    copying.add(copying.bundle("one", {"id": 1, "data": {}}, {"id": 2, "data": DEAD}, {"id": 3, "data": {}}))

    assert copying.stored_ids() == [1, 3]
    assert copying.state.failures() == [(2, "E_WRAPPER: The payload cannot be fetched.")]
    assert copying.parts == [{"path": "task/part-00001.jsonl"}]


def test_every_failed_record_is_told_though_ids_are_texts_or_come_twice(copying: Copying) -> None:
    rows: list[dict[str, Any]] = [{"id": "a", "data": DEAD}, {"id": 7, "data": DEAD}]
    copying.add(copying.bundle("one", *rows))
    copying.add(copying.bundle("two", {"id": "b", "data": DEAD}, {"id": 7, "data": DEAD}))

    assert [identity for identity, _ in copying.state.failures()] == [7, 7, "a", "b"]


def test_what_is_committed_of_a_part_is_committed_with_it(copying: Copying, tmp_path: Path) -> None:
    copying.add(copying.bundle("one", {"id": 1, "data": {}}, {"id": 2, "data": DEAD}))

    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        assert database.execute("SELECT count(*) FROM chunks").fetchone() == (1,)


def test_a_part_without_a_declared_count_is_copied_without_one(copying: Copying) -> None:
    manifest = copying.bundle("one", {"id": 1, "data": {}}, layout="single")
    undeclared = manifest.model_copy(update={"targets": {}})
    copying.add(undeclared)

    assert copying.stored_ids() == [1]
    assert copying.parts == [{"path": "task/part-00001.jsonl"}]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "files_manifest": {"image_1": {"url": "http://host/a?s"}}},
        {"id": 1, "data_unit": {"id": 5, "files": {"image_1": {"url": "http://host/a?s"}}}},
        {"id": 1, "files": {"image_1": {"url": "http://host/a?s"}}},
        {"id": 1, "file": {"url": "http://host/a?s"}},
    ],
)
def test_a_file_behind_a_url_is_fetched_in_whatever_member_it_stands(
    copying: Copying, fetcher: Fetcher, row: dict[str, Any]
) -> None:
    fetcher.contents["http://host/a?s"] = b"abc"
    manifest = copying.bundle("one", {"id": 1})
    part = copying.storage / "one" / manifest.targets["task"].parts[0].path  # type: ignore[index]
    part.write_text(json.dumps(row) + "\n", encoding="utf-8")
    plain = parse_manifest(b'{"prefix":"one","targets":{"task":{"parts":[{"path":"task/part-00001.jsonl"}]}}}')

    copying.add(plain)

    (line,) = (copying.folder / "task" / "part-00001.jsonl").read_bytes().splitlines()
    (entry,) = json.loads(line)["files_manifest"].values()
    assert (copying.folder / entry["bundle_path"]).read_bytes() == b"abc"


def test_a_file_that_lines_of_several_parts_share_is_fetched_once(copying: Copying, fetcher: Fetcher) -> None:
    fetcher.contents["http://host/a"] = b"abc"
    shared = {"image_1": {"url": "http://host/a", "file_name_original": "a.jpg"}}
    rows = [{"id": 1, "data_unit": {"id": 5}, "files_manifest": shared}] * 2
    copying.add(copying.bundle("one", rows[0]))
    fetcher.contents.clear()
    copying.add(copying.bundle("two", rows[1]))

    assert fetcher.asked == ["http://host/a"]
    assert (copying.folder / "files/1/a.jpg").read_bytes() == b"abc"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (AskedIds(IdentitySelection({}), IdRange(2, 6)), "the record 9, which is outside of the range of its shard"),
        (AskedIds(IdentitySelection({"ids": "2-6"})), "the record 9, which the filter does not select"),
        (AskedIds(IdentitySelection({"ids": "2-6"}), IdRange(2, 10)), "the record 9, which the filter does not select"),
    ],
)
def test_an_id_that_nobody_asked_for_ends_the_export(copying: Copying, asked: AskedIds, reason: str) -> None:
    manifest = copying.bundle("one", {"id": 3, "data": {}}, {"id": "x", "data": {}}, {"id": 9, "data": {}})

    with pytest.raises(IncompleteExport, match=reason):
        copying.add(manifest, asked)


@pytest.mark.parametrize("ids", [(9, 3, 4), (3, 9, 4), (3, 4, 9), (1, 3, 4), (3, 1, 4), (4, 3, 1), (9,), (-1,)])
def test_an_id_outside_of_the_range_is_found_in_whatever_order_lines_stand(
    copying: Copying, ids: tuple[int, ...]
) -> None:
    manifest = copying.bundle("one", *({"id": number, "data": {}} for number in ids))

    with pytest.raises(IncompleteExport, match=r"the record (1|9|-1), which is outside"):
        copying.add(manifest, AskedIds(IdentitySelection({}), IdRange(2, 6)))


@pytest.mark.parametrize("ids", [(2, 3, 5), (5, 3, 2), (2, 5, 3), (3,), (3, 3)])
def test_ids_of_the_range_are_copied_in_whatever_order_lines_stand(copying: Copying, ids: tuple[int, ...]) -> None:
    manifest = copying.bundle("one", *({"id": number, "data": {}} for number in ids))

    copying.add(manifest, AskedIds(IdentitySelection({}), IdRange(2, 6)))

    assert copying.stored_ids() == list(ids)


def test_ids_that_were_asked_for_are_copied(copying: Copying) -> None:
    manifest = copying.bundle("one", {"id": 2, "data": {}}, {"id": 5, "data": {}})

    copying.add(manifest, AskedIds(IdentitySelection({"ids": "1-5"}), IdRange(2, 6)))

    assert copying.stored_ids() == [2, 5]


def test_a_line_that_cannot_be_read_hides_no_id_that_nobody_asked_for(copying: Copying) -> None:
    manifest = copying.bundle("one", {"id": 1}, {"id": 9})
    part = copying.storage / "one" / "task" / "part-00001.jsonl"
    part.write_bytes(b'{"id":1,\n{"id":9}\n')
    plain = manifest.model_copy(update={"targets": {}})
    (copying.storage / "one" / "tasks.jsonl").write_bytes(part.read_bytes())

    with pytest.raises(IncompleteExport, match="the record 9"):
        copying.add(plain, AskedIds(IdentitySelection({"id__lte": 5})))


def test_a_line_that_cannot_be_read_is_an_error_of_its_record_though_its_id_was_not_asked_for(
    copying: Copying,
) -> None:
    manifest = copying.bundle("one", {"id": 3, "data": {}})
    (copying.storage / "one" / "tasks.jsonl").write_bytes(b'{"id":3,"data":{}}\n{"id":99,"data":tru}\n')

    copying.add(manifest.model_copy(update={"targets": {}}), AskedIds(IdentitySelection({}), IdRange(2, 6)))

    assert (copying.folder / copying.parts[0]["path"]).read_bytes().count(b"\n") == 2


def test_what_was_copied_is_not_copied_again(copying: Copying, tmp_path: Path, fetcher: Fetcher) -> None:
    manifest = copying.bundle("one", {"id": 1, "data": {}})
    copying.add(manifest)
    (copying.storage / "one" / "task" / "part-00001.jsonl").unlink()

    again = Copying(tmp_path, copying.state, fetcher)
    again.add(manifest)
    again.originals.close()

    assert again.stored_ids() == [1]
