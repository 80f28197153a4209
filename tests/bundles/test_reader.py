from __future__ import annotations

import hashlib
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from exportkit.bundles import Bundle, bundle_targets, count_lines, iter_lines, opened
from exportkit.errors import BundleRefused, BundleTraversalError, ExportkitError, UsageError

LINES = b'{"id":1}\n\n{"id":2}\n'


def put(root: Path, path: str, content: bytes = LINES) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def declare(root: Path, manifest: object) -> None:
    put(root, "manifest.json", json.dumps(manifest).encode())


def declare_part(root: Path, path: str = "task/part-00001.jsonl", **members: Any) -> None:
    declare(root, {"prefix": "x", "targets": {"task": {"dir": "task", "parts": [{"path": path, **members}]}}})


def ids_in(bundle: Bundle) -> list[int]:
    ids = []
    for part in bundle.parts:
        with opened(part) as file:
            ids += [json.loads(line.text or b"")["id"] for line in iter_lines(file, part.mark, part.size)]
    return ids


def verify(bundle: Bundle) -> None:
    bundle.verify_counts([count_lines(part)[0].records for part in bundle.parts])


def refusal_of(root: Path, **options: Any) -> BundleRefused:
    with pytest.raises(BundleRefused) as caught:
        verify(Bundle.open(root, **options))
    assert caught.value.exit_code == 4
    return caught.value


# -- layouts --------------------------------------------------------------------------------------------------------


def test_parts_are_read_in_the_order_of_the_manifest(tmp_path: Path) -> None:
    put(tmp_path, "task/part-00001.jsonl", b'{"id":1}\n')
    put(tmp_path, "task/part-00002.jsonl", b'{"id":2}\n')
    parts = [{"path": "task/part-00002.jsonl", "records": 1}, {"path": "task/part-00001.jsonl", "records": 1}]
    declare(tmp_path, {"prefix": "a/b/", "targets": {"task": {"dir": "task/", "records": 2, "parts": parts}}})
    bundle = Bundle.open(tmp_path)
    verify(bundle)
    assert (bundle.target, ids_in(bundle), bundle.notices) == ("task", [2, 1], ())


@pytest.mark.parametrize(
    ("name", "target"), [("tasks", "task"), ("assignments", "assignment"), ("ground_truths", "ground_truth")]
)
@pytest.mark.parametrize("manifest", [{"prefix": "bundle", "total": 2}, {"prefix": "bundle", "targets": {}}])
def test_a_single_file_needs_no_declared_target(
    tmp_path: Path, name: str, target: str, manifest: dict[str, Any]
) -> None:
    put(tmp_path, f"{name}.jsonl")
    declare(tmp_path, manifest)
    bundle = Bundle.open(tmp_path)
    verify(bundle)
    assert (bundle.target, ids_in(bundle)) == (target, [1, 2])


def test_a_target_without_parts_is_a_single_file(tmp_path: Path) -> None:
    declare(tmp_path, {"prefix": "x", "targets": {"task": {"records": 2}}})
    assert refusal_of(tmp_path).code == "E_MANIFEST_PART"
    put(tmp_path, "tasks.jsonl")
    verify(Bundle.open(tmp_path))


def test_without_a_manifest_parts_are_found_by_name_and_number(tmp_path: Path) -> None:
    for number, name in enumerate(["part-2.jsonl", "part-10.jsonl", "part-00011.jsonl"], 1):
        put(tmp_path, f"assignment/{name}", b'{"id":%d}\n' % number)
    put(tmp_path, "assignment/notes.txt", b"no lines")
    bundle = Bundle.open(tmp_path)
    assert (bundle.target, ids_in(bundle)) == ("assignment", [1, 2, 3])
    assert [notice.code for notice in bundle.notices] == ["N_NO_MANIFEST"]


def test_a_lone_file_is_a_bundle(tmp_path: Path) -> None:
    file = put(tmp_path, "ground_truths.export.jsonl")
    (tmp_path / "link.jsonl").symlink_to(file)
    assert ids_in(Bundle.open(file)) == [1, 2]
    assert Bundle.open(file).target == "ground_truth"
    assert Bundle.open(file, "assignment").target == "assignment"
    assert Bundle.open(put(tmp_path, "mine.jsonl")).target == "task"
    assert ids_in(Bundle.open(tmp_path / "link.jsonl")) == [1, 2]


def test_what_is_no_bundle_is_a_mistake_of_usage(tmp_path: Path) -> None:
    put(tmp_path, "photo.jpg")
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent", "photo.jpg", "pipe"):
        with pytest.raises(UsageError, match=name):
            Bundle.open(tmp_path / name)
    with pytest.raises(UsageError, match="nonsense"):
        Bundle.open(put(tmp_path, "a.jsonl"), "nonsense")


def test_no_target_at_all_is_an_empty_bundle(tmp_path: Path) -> None:
    assert refusal_of(tmp_path).code == "E_BUNDLE_EMPTY"
    (tmp_path / "task").mkdir()
    put(tmp_path, "assignment", b"a file with the name of a folder")
    assert refusal_of(tmp_path).code == "E_BUNDLE_EMPTY"
    declare(tmp_path, {"prefix": "x", "total": 0})
    assert refusal_of(tmp_path).code == "E_BUNDLE_EMPTY"


def test_of_several_targets_one_must_be_chosen(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl")
    put(tmp_path, "assignments.jsonl", b"")
    with pytest.raises(UsageError, match=r"'task', 'assignment'.*--target") as caught:
        Bundle.open(tmp_path)
    assert caught.value.exit_code == 2
    assert bundle_targets(tmp_path) == ("task", "assignment")
    assert Bundle.open(tmp_path, "assignment").target == "assignment"
    with pytest.raises(UsageError, match="ground_truth"):
        Bundle.open(tmp_path, "ground_truth")


@pytest.mark.parametrize("entry", [{"parts": []}, {"parts": [], "records": 0}])
def test_a_result_without_records_is_valid(tmp_path: Path, entry: dict[str, Any]) -> None:
    declare(tmp_path, {"prefix": "x", "targets": {"task": entry}})
    bundle = Bundle.open(tmp_path)
    verify(bundle)
    assert bundle.parts == ()


def test_an_empty_target_file_is_valid(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl", b"")
    declare(tmp_path, {"prefix": "x", "total": 0})
    verify(Bundle.open(tmp_path))


# -- manifest -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"prefix":"x","total":"3"}', b'{"prefix":"x","schema":"exportkit-bundle/2.0"}']
)
def test_an_unusable_manifest_refuses_the_bundle(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, "tasks.jsonl")
    put(tmp_path, "manifest.json", content)
    refusal = refusal_of(tmp_path)
    assert (refusal.code, refusal.file) == ("E_MANIFEST", "manifest.json")


def test_a_manifest_over_64_mib_is_refused_unread(tmp_path: Path) -> None:
    with open(put(tmp_path, "manifest.json"), "wb") as file:
        file.truncate((64 << 20) + 1)
    assert refusal_of(tmp_path).code == "E_MANIFEST"


@pytest.mark.parametrize("special", ["folder", "fifo", "socket"])
def test_a_manifest_that_is_no_file_is_refused(tmp_path: Path, special: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "tasks.jsonl")
    make_special(tmp_path, "manifest.json", special, monkeypatch)
    assert refusal_of(tmp_path).code == "E_MANIFEST"


def make_special(root: Path, name: str, special: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if special == "folder":
        (root / name).mkdir()
    elif special == "fifo":
        os.mkfifo(root / name)
    else:
        monkeypatch.chdir(root)  # the path of a socket is short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(name)


UNSAFE = [
    "..",
    "../x",
    "a/../b",
    "/etc",
    "a//b",
    "./a",
    "a\\b",
    "C:a",
    "a\0b",
    "a\nb",
    "%2e%2e/x",
    "a%2Fb",
    "x" * 256,
    "",
]


@pytest.mark.parametrize("path", UNSAFE)
@pytest.mark.parametrize("place", ["prefix", "dir", "part", "target"])
def test_unsafe_paths_in_the_manifest_are_refused(tmp_path: Path, place: str, path: str) -> None:
    put(tmp_path, "t/part-00001.jsonl")
    values = {"prefix": "x", "dir": "t", "part": "t/part-00001.jsonl", "target": "task", place: path}
    entry = {"dir": values["dir"], "parts": [{"path": values["part"]}]}
    declare(tmp_path, {"prefix": values["prefix"], "targets": {values["target"]: entry}})
    refusal = refusal_of(tmp_path)
    assert (refusal.code, refusal.file) == ("E_MANIFEST_PATH", "manifest.json")
    assert isinstance(refusal, BundleTraversalError)
    assert isinstance(refusal, ValueError)
    assert "\n" not in str(refusal)


def test_parts_that_are_or_lie_behind_links_are_refused(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside/part-00001.jsonl")
    for number, (link, goal) in enumerate(
        [("task", outside.parent), ("task/part-00001.jsonl", outside), ("tasks.jsonl", outside)]
    ):
        root = tmp_path / f"bundle{number}"
        put(root, "inside.jsonl")
        (root / link).parent.mkdir(exist_ok=True)
        (root / link).symlink_to(goal)
        assert refusal_of(root).code == "E_MANIFEST_PATH"
        declare_part(root, link if link.endswith("l") else f"{link}/part-00001.jsonl")
        assert refusal_of(root).code == "E_MANIFEST_PATH"


def test_a_link_that_stays_inside_is_refused_and_a_hard_link_is_a_file(tmp_path: Path) -> None:
    inside = put(tmp_path, "inside.jsonl")
    (tmp_path / "tasks.jsonl").symlink_to("inside.jsonl")
    assert refusal_of(tmp_path).code == "E_MANIFEST_PATH"
    (tmp_path / "tasks.jsonl").unlink()
    (tmp_path / "tasks.jsonl").hardlink_to(inside)
    assert ids_in(Bundle.open(tmp_path)) == [1, 2]


def test_a_manifest_behind_a_link_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl")
    declare(tmp_path / "elsewhere", {"prefix": "x"})
    (tmp_path / "manifest.json").symlink_to("elsewhere/manifest.json")
    assert refusal_of(tmp_path).code == "E_MANIFEST_PATH"


@pytest.mark.parametrize("special", ["absent", "folder", "fifo", "socket"])
def test_a_declared_part_that_is_no_file_is_refused(
    tmp_path: Path, special: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare_part(tmp_path, "part-00001.jsonl")
    if special != "absent":
        make_special(tmp_path, "part-00001.jsonl", special, monkeypatch)
    refusal = refusal_of(tmp_path)
    assert (refusal.code, refusal.file) == ("E_MANIFEST_PART", "part-00001.jsonl")


@pytest.mark.parametrize(
    "manifest",
    [
        {"total": 3},
        {"count": 1},
        {"records": 0},
        {"records": {"task": 3}},
        {"total": 2, "count": 2, "records": 7},
        {"targets": {"task": {"records": 3}}},
        {"targets": {"task": {"parts": [], "records": 2}}},
        {"targets": {"task": {"parts": []}}, "total": 2},
        {"targets": {"task": {"parts": [{"path": "tasks.jsonl", "records": 1}]}}},
        {"targets": {"task": {"parts": [{"path": "tasks.jsonl", "records": 2, "cumulative_records": 3}]}}},
        {"targets": {"task": {"parts": [{"path": "tasks.jsonl"}], "records": 4}}},
    ],
)
def test_a_count_that_lies_is_refused_with_both_numbers(tmp_path: Path, manifest: dict[str, Any]) -> None:
    put(tmp_path, "tasks.jsonl")
    declare(tmp_path, {"prefix": "x", **manifest})
    refusal = refusal_of(tmp_path)
    assert refusal.code == "E_MANIFEST_COUNT"
    assert sum(character.isdigit() for character in str(refusal)) >= 2


def test_a_bad_line_counts_as_a_line(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl", b'{"id":1}\nnot json\n\xff\n  \n')
    declare(tmp_path, {"prefix": "x", "total": 3})
    verify(Bundle.open(tmp_path))


def test_a_flat_count_of_several_targets_is_their_sum(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl")
    put(tmp_path, "assignments.jsonl")
    targets = {"task": {"records": 2}, "assignment": {"records": 2}}
    declare(tmp_path, {"prefix": "x", "targets": targets, "total": 4})
    verify(Bundle.open(tmp_path, "task"))
    declare(tmp_path, {"prefix": "x", "targets": targets, "total": 2})
    assert refusal_of(tmp_path, target="task").code == "E_MANIFEST_COUNT"
    del targets["assignment"]["records"]
    declare(tmp_path, {"prefix": "x", "targets": targets, "total": 9})
    verify(Bundle.open(tmp_path, "task"))


@pytest.mark.parametrize("members", [{"size": 20}, {"sha256": "0" * 64}])
def test_a_part_other_than_its_size_or_digest_is_refused(tmp_path: Path, members: dict[str, Any]) -> None:
    put(tmp_path, "task/part-00001.jsonl")
    declare_part(tmp_path, **members)
    refusal = refusal_of(tmp_path)
    assert (refusal.code, refusal.file) == ("E_DIGEST", "task/part-00001.jsonl")


def test_size_and_digest_that_agree_are_accepted(tmp_path: Path) -> None:
    put(tmp_path, "task/part-00001.jsonl")
    declare_part(tmp_path, size=len(LINES), sha256=hashlib.sha256(LINES).hexdigest().upper())
    assert ids_in(Bundle.open(tmp_path)) == [1, 2]


def test_a_bundle_that_is_not_complete_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl")
    declare(tmp_path, {"prefix": "x", "complete": False})
    assert refusal_of(tmp_path).code == "E_DIGEST"


# -- encoding of the whole file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_in_another_encoding_refuse_the_bundle(tmp_path: Path, encoding: str, mark: str) -> None:
    put(tmp_path, "tasks.jsonl", (mark + '{"id": 1}\n').encode(encoding))
    refusal = refusal_of(tmp_path)
    assert (refusal.code, refusal.file) == ("E_BUNDLE_ENCODING", "tasks.jsonl")


def test_a_nul_far_into_the_first_line_is_found_and_one_in_the_second_is_not_looked_for(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl", b"x" * 300_000 + b"\0\n")
    assert refusal_of(tmp_path).code == "E_BUNDLE_ENCODING"
    put(tmp_path, "tasks.jsonl", b'{"id":1}\n\0\n')
    assert count_lines(Bundle.open(tmp_path).parts[0])[0].records == 2


def test_a_byte_order_mark_is_noticed_once_per_file(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl", b"\xef\xbb\xbf" + LINES)
    bundle = Bundle.open(tmp_path)
    assert [(notice.code, notice.file) for notice in bundle.notices] == [
        ("N_NO_MANIFEST", "manifest.json"),
        ("N_BOM", "tasks.jsonl"),
    ]
    assert ids_in(bundle) == [1, 2]


# -- facts ----------------------------------------------------------------------------------------------------------


def test_the_description_is_json_and_names_no_place_of_this_machine(tmp_path: Path) -> None:
    put(tmp_path, "task/part-00001.jsonl")
    declare_part(tmp_path, records=2, size=len(LINES))
    facts = Bundle.open(tmp_path).describe()
    assert str(tmp_path) not in json.dumps(facts)
    assert facts["parts"][0] == {
        "path": "task/part-00001.jsonl",
        "size": len(LINES),
        "records": 2,
        "encoding": None,
        "sha256": None,
    }


def test_integrity_of_originals_is_found_by_path(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl")
    declare(tmp_path, {"prefix": "x", "files": [{"path": "files/5/a.jpg", "size": 9}]})
    assert Bundle.open(tmp_path).originals["files/5/a.jpg"].size == 9


def test_a_refused_bundle_is_left_as_it_was(tmp_path: Path) -> None:
    put(tmp_path, "tasks.jsonl")
    declare(tmp_path, {"prefix": "../x"})
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(ExportkitError):
        Bundle.open(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
