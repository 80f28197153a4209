"""What the contract's samples are made of: every kind, every breakage, real pictures, one bundle in many orders."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from exportkit.pictures import check_structure, probe
from exportkit.records import KINDS, Annotation, Canvas, Record
from exportkit.testing.sample_annotations import HEIGHT, WIDTH, box_over_the_edge, broken, well_formed
from exportkit.testing.sample_bundle import RECORDS, Storage, make_bundle, png
from exportkit.testing.sample_records import samples

STORAGES: tuple[Storage, ...] = ("ascending", "descending", "shuffled", "parts")


def judged(annotation: Annotation) -> list[str]:
    return [fault.code for fault in Canvas(WIDTH, HEIGHT).judge(annotation)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_plain_annotation_of_a_kind_is_whole(kind: str) -> None:
    assert judged(well_formed(kind)) == []


def test_every_broken_annotation_is_broken_as_it_says() -> None:
    for case in broken():
        codes = judged(case.annotation)
        # A region that is not there at all is nothing that the canvas could judge.
        assert codes == [case.code] or case.title == "polygon without a region", case.title


def test_the_box_over_the_edge_is_clipped() -> None:
    _, codes = Canvas(WIDTH, HEIGHT).box(box_over_the_edge())
    assert codes == ("L_CLIPPED",)


def test_samples_have_titles_names_and_ids_of_their_own() -> None:
    made = samples()
    for values in ([s.title for s in made], [s.record.name for s in made], [s.record.item_id for s in made]):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_samples_hold_every_kind_and_are_made_anew_at_each_call() -> None:
    one, other = samples(), samples()
    assert {a.kind for s in one for a in s.record.annotations} == set(KINDS)
    records: list[tuple[Record, Record]] = [(a.record, b.record) for a, b in zip(one, other, strict=True)]
    assert not any(a is b for a, b in records)


def test_the_picture_is_a_whole_png(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(png(5, 3, (1, 2, 3)))
    with path.open("rb") as file:
        header = probe(file.fileno())
        assert (header.format, header.width, header.height, header.channels) == ("png", 5, 3, 3)
        assert check_structure(file.fileno(), header) is None


@pytest.mark.parametrize("storage", STORAGES)
def test_the_bundle_holds_every_record_once(tmp_path: Path, storage: Storage) -> None:
    parts = sorted((make_bundle(tmp_path / "bundle", storage) / "task").iterdir())
    ids = [json.loads(line)["id"] for part in parts for line in part.read_bytes().splitlines()]
    assert sorted(ids) == list(range(1, RECORDS + 1))
    assert len(parts) == (5 if storage == "parts" else 1)


def test_the_orders_of_the_bundle_differ(tmp_path: Path) -> None:
    first_lines = {
        storage: min((make_bundle(tmp_path / storage, storage) / "task").iterdir()).read_bytes() for storage in STORAGES
    }
    assert len(set(first_lines.values())) == len(STORAGES)


def test_the_tools_load_without_pytest_and_the_suite_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from exportkit.testing import tree_digest\n"
        "try:\n    from exportkit.testing import WriterContract\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'exportkit[testing]'" in done.stdout
