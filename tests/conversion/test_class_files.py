"""Fixed class lists and lock files (formats, section 3)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item


def _bundle(bench: Workbench, *labels: str, name: str = "bundle") -> Path:
    return bench.bundle([item(n, box(label)) for n, label in enumerate(labels, 1)], name=name)


def _classes(bench: Workbench) -> list[str]:
    return [entry["name"] for entry in bench.manifest()["classes"]]


def test_observed_names_come_in_code_point_order_whatever_was_seen_first(bench: Workbench) -> None:
    bench.convert(_bundle(bench, "zebra", "Ant", "ant", "é", "𝒳", "\uffee"))

    assert _classes(bench) == ["Ant", "ant", "zebra", "é", "\uffee", "𝒳"]
    assert bench.manifest()["codes"]["N_CLASS_OBSERVED"] == {"": 1}
    assert bench.manifest()["codes"]["N_CLASS_TWINS"] == {"": 1}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.txt", "dog\r\ncat\r\n"),
        ("c.txt", "dog\ncat"),
        ("c.json", '["dog", "cat"]'),
        ("c.yaml", "classes: [dog, cat]\n"),
    ],
)
def test_a_fixed_list_gives_the_numbers_and_others_fail(bench: Workbench, name: str, content: str) -> None:
    (bench.folder / name).write_text(content, newline="")

    run = bench.convert(_bundle(bench, "cat", "cow", "dog"), "--classes", bench.folder / name)

    assert run.code == 3
    assert _classes(bench) == ["dog", "cat"]
    assert [(error["code"], error["line"]) for error in bench.errors()] == [("E_CLASS_UNKNOWN", 2)]
    assert "cow" in bench.errors()[0]["message"]
    assert "N_CLASS_OBSERVED" not in bench.manifest()["codes"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("c.txt", b"cat\n\ndog\n"), ("c.txt", b"cat\ncat\n"),
     ("c.json", b'["cat", 3]'), ("c.json", b"{"), ("c.yaml", b"- cat\n- yes\n- 3\n"),
     ("c.yaml", b"a: &x [b]\nclasses: *x\n"), ("c.txt", b"\xff\xfe"), ("c.txt", b"")],
)  # fmt: skip
def test_a_malformed_list_is_a_usage_error(bench: Workbench, name: str, content: bytes) -> None:
    (bench.folder / name).write_bytes(content)

    assert bench.convert(_bundle(bench, "cat"), "--classes", bench.folder / name).code == 2


def test_a_missing_list_is_a_usage_error(bench: Workbench) -> None:
    assert bench.convert(_bundle(bench, "cat"), "--classes", bench.folder / "none.txt").code == 2


def test_names_match_a_listed_one_after_strip_and_nfc(bench: Workbench) -> None:
    (bench.folder / "c.txt").write_text("caf\u00e9\n", encoding="utf-8")

    run = bench.convert(_bundle(bench, " cafe\u0301 ", "caf\u00e9"), "--classes", bench.folder / "c.txt")

    assert run.code == 0, run
    assert {a["category_id"] for a in bench.coco()["annotations"]} == {1}


def test_a_lock_is_created_once_and_only_appended_to(bench: Workbench) -> None:
    lock = bench.out.parent / "classes.lock"

    assert bench.convert(_bundle(bench, "dog", "cat", name="first"), "--lock", lock).code == 0
    first = lock.read_bytes()
    assert first == b'schema: exportkit-classes/1\nclasses:\n- "cat"\n- "dog"\n'
    assert bench.convert(_bundle(bench, "ant", "dog", "é", name="second"), "--lock", lock, "--overwrite").code == 0
    assert _classes(bench) == ["cat", "dog", "ant", "é"]
    second = lock.read_bytes()
    assert second == first + b'- "ant"\n- "\\xe9"\n'
    status = lock.stat()
    assert bench.convert(bench.folder / "first", "--lock", lock, "--overwrite").code == 0
    assert _classes(bench) == ["cat", "dog", "ant", "é"]
    assert lock.read_bytes() == second
    assert (lock.stat().st_ino, lock.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


@pytest.mark.parametrize(
    "words", [("--dry-run",), ("--on-error", "fail"), ("--max-errors", "0"), ("--on-loss", "fail")]
)
def test_a_failed_or_dry_run_leaves_the_lock_alone(bench: Workbench, words: tuple[str, ...]) -> None:
    lock = bench.out.parent / "classes.lock"
    bundle = bench.bundle([item(1, box()), item(2, box(width=0), box(x=35))])

    assert bench.convert(bundle, "--lock", lock, *words).code == (3 if "--dry-run" in words else 8)
    assert not lock.exists()
    assert bench.convert(_bundle(bench, "dog", name="other"), "--lock", lock).code == 0
    before = lock.read_bytes()
    bench.convert(bundle, "--lock", lock, "--overwrite", *words)
    assert lock.read_bytes() == before


@pytest.mark.parametrize("first", [True, False])
def test_a_lock_changed_by_somebody_stops_the_run(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    lock = bench.out.parent / "classes.lock"
    if not first:
        bench.convert(_bundle(bench, "ant", name="before"), "--lock", lock, out=bench.out.parent / "before")
    theirs = b'schema: exportkit-classes/1\nclasses:\n- "theirs"\n'
    steps = sys.modules["exportkit.conversion.convert"]
    encode = steps.encode_shard

    def meddle(job: Any) -> Any:
        lock.write_bytes(theirs)
        return encode(job)

    monkeypatch.setattr(steps, "encode_shard", meddle)
    run = bench.run("convert", _bundle(bench, "cat"), "--to", "coco", "-o", bench.out, "--lock", lock)

    assert run.code == 10, run
    assert not bench.out.exists()
    assert lock.read_bytes() == theirs
    assert not [path for path in bench.out.parent.iterdir() if "exportkit-run" in path.name]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]",
     b"schema: other/1\nclasses: []\n", b"schema: exportkit-classes/1\n", b"schema: exportkit-classes/1\nclasses: [a, a]\n",  # noqa: E501
     b"schema: exportkit-classes/1\nclasses: [1]\n", b"\xff",
      b"a: &b c\nd: *b\n", b"schema: exportkit-classes/1\nclasses: !!python/object:os.system {}\n"],
)  # fmt: skip
def test_a_malformed_lock_is_a_usage_error(bench: Workbench, content: bytes) -> None:
    lock = bench.folder / "classes.lock"
    lock.write_bytes(content)

    assert bench.convert(_bundle(bench, "cat"), "--lock", lock).code == 2
    assert lock.read_bytes() == content


def test_a_list_and_a_lock_exclude_each_other(bench: Workbench) -> None:
    (bench.folder / "c.txt").write_text("cat\n")

    run = bench.convert(_bundle(bench, "cat"), "--classes", bench.folder / "c.txt", "--lock", bench.folder / "l")

    assert run.code == 2


ODD = [
    "yes",
    "null",
    "3.0",
    "2001-01-01",
    "a: b",
    "# c",
    "- d",
    '"e"',
    "tab\there",
    "line\nbreak",
    "\U0001f408",
    "nel\x85x",
    " lead",
    "<x>&'",
    "=1+1",
    "%Y",
]


def test_odd_names_come_back_exactly(bench: Workbench) -> None:
    from ruamel.yaml import YAML

    run = bench.convert(
        _bundle(bench, *ODD),
        "--to",
        "coco",
        "--to",
        "yolo:task=detect",
        "--to",
        "voc",
        "--lock",
        bench.out.parent / "l",
    )

    assert run.code == 0, run
    names = sorted(ODD)
    assert [c["name"] for c in bench.coco("coco")["categories"]] == names
    loaded = YAML(typ="safe", pure=True).load((bench.out / "yolo/data.yaml").read_bytes())
    assert list(loaded["names"].values()) == names
    assert YAML(typ="safe", pure=True).load((bench.out.parent / "l").read_bytes())["classes"] == names


def test_a_class_that_xml_cannot_hold_fails_in_voc_alone(bench: Workbench) -> None:
    run = bench.convert(_bundle(bench, "ok", "bad\x01"), "--to", "coco", "--to", "voc")

    assert run.code == 3
    assert bench.errors("coco") == []
    assert [error["code"] for error in bench.errors("voc")] == ["E_CLASS_UNREPRESENTABLE"]
