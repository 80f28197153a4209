"""A bundle answers like a server: everything, or exactly what a filter asks for, or a refusal."""

from __future__ import annotations

import gc
import hashlib
import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from exportkit.bundles import BundleWriter
from exportkit.clients import FolderClient, OfflineClient
from exportkit.errors import BundleRefused, FilterRefused, UsageError

Open = Callable[..., OfflineClient]


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Open]:
    clients = []

    def open_(path: Path, **more: Any) -> OfflineClient:
        clients.append(OfflineClient(path, tmp_path / "out", **more))
        return clients[-1]

    yield open_
    for client in clients:
        client.close()


def bundle(folder: Path, rows: list[dict[str, Any]], target: str = "task", **more: Any) -> Path:
    with BundleWriter(folder, target, **more) as writer:
        for row in rows:
            writer.write(row)
    return folder


def ids(rows: Any) -> list[Any]:
    return [row["id"] for row in rows]


def test_an_unscoped_call_gives_every_row_and_their_number(offline: Open, checkout: Path) -> None:
    client = offline(checkout / "fixtures/bundles/seed_tasks")
    rows, total = client.get_tasks({})
    assert (ids(rows), total) == ([1, 2, 3, 4, 5], 5)
    assert client.count_tasks() == 5


def test_any_project_and_any_dataset_version_is_the_bundle(offline: Open, checkout: Path) -> None:
    client = offline(checkout / "fixtures/bundles/dm_v2_wrapped_ground_truth")
    for filters in ({"ground_truth_dataset_version": 4}, {"ground_truth_dataset_versions": [1, 2]}):
        assert len(client.list_ground_truth_events(filters, list_all=True)) == 3
    assert len(client.get_assignments({"project": 123})) == 3


@pytest.mark.parametrize(
    ("filters", "expected"),
    [({"ids": "2-3"}, [2, 3]), ({"ids_ex": 1, "id__lt": 4}, [2, 3]), ({"_id_gte": 5}, [5]), ({"id": 99}, [])],
)
def test_keys_of_the_id_space_are_applied(
    offline: Open, checkout: Path, filters: dict[str, Any], expected: list[int]
) -> None:
    rows, total = offline(checkout / "fixtures/bundles/seed_tasks").get_tasks({"project": 9, **filters})
    assert (ids(rows), total) == (expected, len(expected))


@pytest.mark.parametrize("key", ["search", "tags", "labelers", "created__gt"])
def test_a_key_that_a_bundle_cannot_answer_is_refused_before_a_row(offline: Open, checkout: Path, key: str) -> None:
    client = offline(checkout / "fixtures/bundles/seed_tasks")
    with pytest.raises(FilterRefused, match=key):
        client.get_tasks({key: "x"})


def test_an_unknown_key_is_refused(offline: Open, checkout: Path) -> None:
    with pytest.raises(FilterRefused, match="colour"):
        offline(checkout / "fixtures/bundles/seed_tasks").get_tasks({"colour": "red"})


def test_the_state_of_work_is_applied_where_rows_have_it_and_refused_where_not(offline: Open, tmp_path: Path) -> None:
    rows = [{"id": n, "data": {"annotations": []}, "status_label": s} for n, s in ((1, "completed"), (2, "skipped"))]
    client = offline(bundle(tmp_path / "a", rows))
    assert ids(client.get_tasks({"status_label": "completed"}).rows) == [1]
    assert ids(client.get_tasks({"status_label": ["completed", "skipped"]}).rows) == [1, 2]
    bare = offline(bundle(tmp_path / "b", [{"id": 1, "data": {"annotations": []}}]))
    with pytest.raises(FilterRefused, match="status_label"):
        bare.get_tasks({"status_label": "completed"})


def test_rows_come_in_ascending_order_however_the_bundle_stores_them(offline: Open, checkout: Path) -> None:
    orders = [
        ids(offline(checkout / f"fixtures/bundles/twins_{name}").get_tasks().rows)
        for name in ("ascending", "descending", "shuffled", "parts", "one_file")
    ]
    numbers = [identity for identity in orders[0] if isinstance(identity, int)]
    words = orders[0][len(numbers) :]
    assert numbers == sorted(numbers)
    assert words == sorted(words)
    assert all(order == orders[0] for order in orders)


def test_numbers_come_before_words(offline: Open, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": value, "data": {"annotations": []}} for value in ("b", 10, "a", 2)]
    assert ids(offline(bundle(tmp_path / "a", rows)).get_tasks().rows) == [2, 10, "a", "b"]


def test_a_line_that_gives_no_row_is_counted_listed_and_skipped(offline: Open, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_bytes(
        b'{"id":1,"data":{}}\nnot json\n{"data":{}}\n{"id":1,"data":{}}\n\xff\n\n{"id":2,"data":{}}\n'
    )
    client = offline(tmp_path / "tasks.jsonl")
    rows, total = client.get_tasks()
    assert total == 6
    for _ in range(2):
        assert ids(rows) == [1, 2]
        faults = sorted((fault.line, fault.code, fault.id) for fault in client.faults)
        assert faults == [
            (2, "E_JSON", None),
            (3, "E_ID_MISSING", None),
            (4, "E_ID_DUPLICATE", 1),
            (5, "E_ENCODING", None),
        ]
        assert client.fault_count == 4


def test_lines_that_do_not_add_up_to_the_manifest_are_no_bundle(offline: Open, tmp_path: Path) -> None:
    folder = bundle(tmp_path / "a", [{"id": 1, "data": {}}, {"id": 2, "data": {}}])
    manifest = json.loads((folder / "manifest.json").read_text())
    part = manifest["targets"]["task"]["parts"][0]
    part |= {"records": 3, "cumulative_records": 3}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleRefused, match="part-00001") as caught:
        offline(folder).get_tasks()
    assert caught.value.code == "E_MANIFEST_COUNT"


def test_all_rows_stand_for_the_bundle_and_filtered_ones_do_not(offline: Open, checkout: Path) -> None:
    path = checkout / "fixtures/bundles/seed_tasks"
    client = offline(path)
    assert client.get_tasks({"project": 3}).rows.bundle == client.get_tasks().rows.bundle  # type: ignore[attr-defined]
    assert client.get_tasks().rows.bundle.path == path  # type: ignore[attr-defined]
    assert client.get_tasks({"ids": "1-99"}).rows.bundle is None  # type: ignore[attr-defined]


def test_a_bundle_with_one_target_answers_every_list(offline: Open, checkout: Path) -> None:
    client = offline(checkout / "fixtures/bundles/golden")
    assert len(client.get_tasks()) == len(client.get_assignments()) == 2


def test_of_several_targets_the_one_that_is_asked_for_answers(offline: Open, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text('{"id":1,"data":{}}\n')
    (tmp_path / "assignments.jsonl").write_text('{"id":2,"data":{}}\n{"id":3,"data":{}}\n')
    client = offline(tmp_path)
    assert (len(client.get_tasks()), len(client.get_assignments())) == (1, 2)
    with pytest.raises(UsageError, match="ground_truth"):
        client.list_ground_truth_events(list_all=True)


def test_one_page_has_the_count_and_says_where_to_go_on(offline: Open, checkout: Path) -> None:
    client = offline(checkout / "fixtures/bundles/seed_tasks")
    page = client.list_tasks({"page_size": 2, "page": 2})
    assert (ids(page["results"]), page["count"]) == ([3, 4], 5)
    assert page["next"]
    assert client.list_tasks({"page_size": 2, "page": 3})["next"] is None


def test_every_storage_is_the_output_folder(offline: Open, checkout: Path, tmp_path: Path) -> None:
    storage = offline(checkout / "fixtures/bundles/golden").get_storage(77)
    assert storage["configuration"]["location"] == str(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_in_the_bundle_changes(offline: Open, checkout: Path) -> None:
    folder = checkout / "fixtures/bundles/mixed_layouts"

    def digest() -> str:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()

    before = digest()
    list(offline(folder).get_tasks().rows)
    assert digest() == before


def test_what_was_unpacked_is_removed(checkout: Path, tmp_path: Path) -> None:
    with OfflineClient(checkout / "fixtures/bundles/splits", tmp_path) as client:
        list(client.get_tasks().rows)
        work = client._work
        assert any(work.iterdir())
    assert not work.exists()


def test_a_client_that_nobody_closes_leaves_nothing_behind(checkout: Path, tmp_path: Path) -> None:
    client = OfflineClient(checkout / "fixtures/bundles/splits", tmp_path)
    work = client._work
    assert work.exists()

    del client
    gc.collect()

    assert not work.exists()


@pytest.mark.parametrize("shuffled", [False, True])
def test_memory_does_not_grow_with_the_rows(offline: Open, tmp_path: Path, shuffled: bool) -> None:
    def peak(count: int) -> int:
        folder = tmp_path / f"n{count}"
        numbers = [number * 7919 % 1_000_003 for number in range(1, count + 1)] if shuffled else range(count)
        with BundleWriter(folder) as writer:
            for number in numbers:
                writer.write({"id": number, "data": {"annotations": []}})
        client = offline(folder)
        tracemalloc.start()
        seen = sum(1 for _ in client.get_tasks().rows)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert seen == count
        return most

    small, large = peak(300), peak(1_500)
    assert large - small < 1_200 * 24


def test_a_folder_alone_is_a_storage_and_has_no_rows(tmp_path: Path) -> None:
    client = FolderClient(tmp_path)
    assert client.get_storage(3)["configuration"] == {"location": str(tmp_path)}
    for call in (client.get_tasks, client.count_assignments, client.list_ground_truth_events):
        with pytest.raises(UsageError, match="--source"):
            call()


def test_rows_may_be_read_by_several_at_once(offline: Open, tmp_path: Path) -> None:
    rows = [{"id": number, "data": {"annotations": []}} for number in range(1, 6)]
    client = offline(bundle(tmp_path / "b", rows, records_per_part=2))

    pairs = zip(client.get_tasks().rows, client.get_tasks().rows, strict=True)
    first = next(pairs)
    assert client.count_tasks() == 5

    assert [(a["id"], b["id"]) for a, b in (first, *pairs)] == [(n, n) for n in range(1, 6)]
