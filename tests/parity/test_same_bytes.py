"""One tree of bytes for any number of workers and any order of storage (product description, promise 3)."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import FIXTURES, FOUR, Workbench, box, item

from exportkit.bundles import BundleWriter
from exportkit.testing import lists_as_data, tree_digest

FORMATS = [word for text in FOUR for word in ("--to", text)]
RECORDS = 2_400
Line = dict[str, Any]


def _lines() -> list[Line]:
    """About 13 MB, so four shards: boxes, polygons, masks, odd names, broken annotations, broken records, text ids."""
    chance = random.Random(7)
    lines = []
    for number in range(1, RECORDS + 1):
        identity: Any = number if number % 50 else f"text-{number}"
        parts: list[Any] = []
        for _ in range(chance.randrange(12)):
            x, y = chance.randrange(600), chance.randrange(400)
            label = chance.choice(["cat", "dog", "two words", "ünïcode"])
            kind = chance.randrange(10)
            if kind < 6:
                parts.append(
                    box(label, x, y, chance.randrange(60), 20.5, attributes={"note": "n" * chance.randrange(40)})
                )
            elif kind < 9:
                width, height = chance.randrange(60), 30.25
                ring = [x, y, x + width, y, x + width, y + height, x + 3, y + height]
                parts.append({"category": label, "segmentation": [ring], "iscrowd": 0})
            else:
                parts.append(
                    chance.choice([5, {"category": "", "bbox": [1, 1, 1, 1]}, {"category": "cat", "caption": "c"}])
                )
        name = chance.choice(["a/%d.jpg", "b/%d.JPG", "%d.png", "x y/%d .jpg"]) % (number // 3)
        line = item(identity, *parts, name=name, data_unit={"name": name, "width": 640, "height": 480})
        line["padding"] = "p" * 4500
        if number % 397 == 0:
            line["data"] = None
        if number % 5 == 0:
            line["split"] = "val"
        lines.append(line)
    return lines


def _store(root: Path, lines: list[Line], **options: Any) -> Path:
    with BundleWriter(root, "task", prefix="x", **options) as writer:
        for line in lines:
            writer.write_line(json.dumps(line).encode() + b"\n")
    return root


def _typed(line: Line) -> tuple[bool, Any]:
    return (isinstance(line["id"], str), line["id"])


@pytest.fixture(scope="session")
def lines() -> list[Line]:
    return _lines()


@pytest.fixture(scope="session")
def reference(lines: list[Line], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """The tree of the ascending bundle made by one worker: its digest, and its lists as data."""
    folder = tmp_path_factory.mktemp("reference")
    bench = Workbench(folder)
    bundle = _store(folder / "bundle", sorted(lines, key=_typed), bytes_per_part=1 << 30)
    assert (bundle / "task/part-00001.jsonl").stat().st_size > 12_000_000
    return _converted(bench, bundle, 1)


def _converted(bench: Workbench, bundle: Path, workers: int, **environment: str) -> tuple[str, dict[str, Any]]:
    run = bench.program(
        "convert", bundle, *FORMATS, "-o", bench.out, "--media", "none", "--workers", str(workers), "--quiet",
        env={**os.environ, **environment},
    )  # fmt: skip
    assert run.returncode == 3, run.stderr
    return tree_digest(bench.out), lists_as_data(bench.out)


def _same(found: tuple[str, dict[str, Any]], wanted: tuple[str, dict[str, Any]]) -> None:
    for key in wanted[1]:
        assert found[1][key] == wanted[1][key], key
    assert found[1].keys() == wanted[1].keys()
    assert found[0] == wanted[0]


def _shuffled(lines: list[Line]) -> list[Line]:
    return random.Random(1).sample(lines, len(lines))


ORDERS: dict[str, tuple[Callable[[list[Line]], list[Line]], dict[str, Any]]] = {
    "ascending": (lambda lines: sorted(lines, key=_typed), {"bytes_per_part": 1 << 30}),
    "descending": (lambda lines: sorted(lines, key=_typed, reverse=True), {}),
    "shuffled in parts": (_shuffled, {"records_per_part": 1000}),
    "shuffled in one file of gzip": (_shuffled, {"layout": "single", "encoding": "gzip"}),
}


@pytest.mark.slow
@pytest.mark.parametrize(("order", "workers"), list(zip(ORDERS, (2, 3, 7, 2), strict=True)))
def test_any_order_of_storage_and_any_number_of_workers_give_the_same_tree(
    bench: Workbench, lines: list[Line], reference: tuple[str, dict[str, Any]], order: str, workers: int
) -> None:
    arrange, options = ORDERS[order]

    _same(_converted(bench, _store(bench.folder / "bundle", arrange(lines), **options), workers), reference)


@pytest.mark.slow
def test_workers_without_the_compiled_core_give_the_same_tree(
    bench: Workbench, lines: list[Line], reference: tuple[str, dict[str, Any]]
) -> None:
    bundle = _store(bench.folder / "bundle", _shuffled(lines), records_per_part=1000)

    _same(_converted(bench, bundle, 3, EXPORTKIT_NATIVE="0"), reference)


@pytest.mark.parametrize("name", ["dm_v1_assignments", "golden", "odd_pictures", "ugly_names"])
def test_a_part_for_each_record_gives_the_tree_and_the_account_of_one_part(bench: Workbench, name: str) -> None:
    source = FIXTURES / "bundles" / name
    [part] = source.glob("*/part-*.jsonl")
    single, many = bench.folder / "single", bench.folder / "many"
    for folder, records in ((single, 1000), (many, 1)):
        with BundleWriter(folder, part.parent.name, prefix="x", records_per_part=records) as writer:
            for line in part.read_bytes().splitlines(keepends=True):
                writer.write_line(line)
        if (source / "files").is_dir():
            shutil.copytree(source / "files", folder / "files")
    found = []
    for folder, out in ((single, bench.out), (many, bench.folder / "place" / "many")):
        bench.convert(folder, *FORMATS, out=out)
        found.append((tree_digest(out), lists_as_data(out)))

    assert len(list(many.glob("*/part-*.jsonl"))) > 1
    _same(found[1], found[0])


@pytest.mark.parametrize("name", ["twins_descending", "twins_shuffled", "twins_one_file", "twins_parts"])
def test_the_committed_twins_give_the_same_tree(bench: Workbench, name: str) -> None:
    bench.convert(FIXTURES / "bundles" / "twins_ascending", *FORMATS, out=bench.folder / "place" / "first")
    bench.convert(FIXTURES / "bundles" / name, *FORMATS)

    first = bench.folder / "place" / "first"
    assert tree_digest(bench.out) == tree_digest(first)
    assert lists_as_data(bench.out) == lists_as_data(first)


def test_place_time_locale_and_user_do_not_reach_the_output(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = FIXTURES / "bundles" / "ugly_names"
    bench.convert(bundle, *FORMATS)
    other = bench.folder / "ünder other näme"
    monkeypatch.setenv("TZ", "Asia/Kathmandu")

    run = bench.program(
        "convert", bundle, *FORMATS, "-o", other, "--quiet",
        env={"PATH": "/usr/bin", "LC_ALL": "C", "PYTHONHASHSEED": "3", "TZ": "Asia/Kathmandu", "HOME": "/nonexistent"},
    )  # fmt: skip

    assert run.returncode == 0, run.stderr
    assert tree_digest(other) == tree_digest(bench.out)
    for path in bench.out.rglob("exportkit-*"):
        assert path.read_bytes() == (other / path.relative_to(bench.out)).read_bytes(), path


def test_a_later_run_in_the_same_process_uses_its_own_options(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box(x=35)), item(2, box())])

    assert bench.convert(bundle, "--invalid", "clip").code == 0
    assert bench.convert(bundle, "--invalid", "fail", "--overwrite").code == 3
    assert bench.convert(bundle, "--invalid", "drop", "--overwrite").data["outputs"][0]["annotations"]["skipped"] == 1


@pytest.mark.parametrize("bundle", sorted(path.name for path in (FIXTURES / "bundles").iterdir()))
def test_with_and_without_the_compiled_core_the_tree_is_the_same(bench: Workbench, bundle: str) -> None:
    found = []
    for switch in ("0", "1"):
        out = bench.folder / "place" / f"native-{switch}"
        run = bench.program(
            "convert", FIXTURES / "bundles" / bundle, *FORMATS, "-o", out, "--media", "none", "--quiet",
            env={**os.environ, "EXPORTKIT_NATIVE": switch},
        )  # fmt: skip
        made = (tree_digest(out), lists_as_data(out)) if out.exists() else None
        found.append((run.returncode, run.stderr.replace(out.name, "out"), made))
    assert found[0] == found[1]
