"""Every committed bundle becomes four datasets that verify and check as the conversion said."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import FIXTURES, FOUR, LISTS, Workbench, assert_balanced, lines_of

BUNDLES = sorted(path.name for path in (FIXTURES / "bundles").iterdir())
NAMES = ("coco", "yolo", "voc", "csv")


def _truth(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((FIXTURES / "truth" / f"{name}.json").read_text(encoding="utf-8"))
    return value


def _four(bench: Workbench, name: str) -> dict[str, Any]:
    run = bench.convert(FIXTURES / "bundles" / name, *(word for text in FOUR for word in ("--to", text)))
    assert run.code == (3 if name in {"dirty", "golden"} else 0), run
    return run.data


@pytest.fixture(scope="module", params=BUNDLES)
def converted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Workbench, dict[str, Any]]:
    """Each bundle, converted once to all four formats: name, workbench, summary."""
    bench = Workbench(tmp_path_factory.mktemp(request.param))
    return request.param, bench, _four(bench, request.param)


Converted = tuple[str, Workbench, dict[str, Any]]


def test_both_equations_hold_in_summary_and_manifest(converted: Converted) -> None:
    _, bench, summary = converted
    assert [output["name"] for output in summary["outputs"]] == list(NAMES)
    over = {entry["path"]: entry for entry in bench.manifest()["datasets"]}
    for output in summary["outputs"]:
        manifest = bench.manifest(output["name"])
        for account in (output, manifest, over[output["name"]]):
            assert_balanced(account)
            assert account["records"] == output["records"]
            assert account["annotations"] == output["annotations"]
        assert manifest["codes"] == output["codes"]


def test_lists_agree_with_the_account(converted: Converted) -> None:
    _, bench, summary = converted
    for output in summary["outputs"]:
        name = output["name"]
        counts = {code: sum(classes.values()) for code, classes in output["codes"].items()}
        listed = Counter(entry["code"] for entry in [*bench.errors(name), *bench.losses(name)])
        # A key point object stands for many source points, which are counted one by one and listed as one.
        assert listed.keys() == counts.keys(), name
        assert listed <= Counter(counts), name
        if output["annotations"]["seen"] == sum(len(r["annotations"]) for r in _truth(converted[0])["records"]):
            assert listed == Counter(counts), name
        assert sum(code[0] == "E" for code in listed.elements()) == len(bench.errors(name))
        assert {entry["writer"] for entry in [*bench.errors(name), *bench.losses(name)]} <= {name}
        images = lines_of(bench.out / name / "exportkit-images.jsonl")
        assert len(images) == output["records"]["written"]
        files = lines_of(bench.out / name / "exportkit-files.jsonl")
        assert [entry["path"] for entry in files] == sorted(entry["path"] for entry in files)
        assert len(files) == output["files"]["count"]
        there = {
            path.relative_to(bench.out / name).as_posix() for path in (bench.out / name).rglob("*") if path.is_file()
        }
        assert there == {entry["path"] for entry in files} | {"exportkit-manifest.json", *LISTS}


def test_records_are_those_of_the_truth_in_its_order(converted: Converted) -> None:
    name, bench, summary = converted
    truth = _truth(name)["records"]
    for output in summary["outputs"]:
        images = lines_of(bench.out / output["name"] / "exportkit-images.jsonl")
        wanted = [(r["item_id"], r["media_id"], r["name"], r["width"], r["height"]) for r in truth]
        found = [(i["record"], i["media"], i["source_name"], i["width"], i["height"]) for i in images]
        if output["records"]["failed"] == 0:
            assert found == wanted, output["name"]
        else:
            assert found == [row for row in wanted if row in found], output["name"]


def test_pictures_are_the_bytes_of_the_bundle(converted: Converted) -> None:
    name, bench, summary = converted
    files = {(r["item_id"], r["media_id"]): r["file"] for r in _truth(name)["records"]}
    for output in summary["outputs"]:
        for image in lines_of(bench.out / output["name"] / "exportkit-images.jsonl"):
            source = files[image["record"], image["media"]]
            if source is not None:
                made = bench.out / output["name"] / image["path"]
                assert made.read_bytes() == (FIXTURES / "bundles" / name / source).read_bytes()


def test_verify_finds_the_bytes_that_were_published(converted: Converted) -> None:
    _, bench, _summary = converted
    run = bench.run("verify", bench.out, "--json")
    assert run.data["differences"] == []
    assert run.code == 0
    for name in NAMES:
        assert bench.run("verify", bench.out / name).code == 0


def test_check_agrees_with_the_conversion(converted: Converted) -> None:
    _, bench, summary = converted
    run = bench.run("check", bench.out, "--json")
    assert run.code == 0, run
    found = {Path(d["path"]).name: d for d in run.data["datasets"]}
    general = {"C_EXIF_ROTATED", "C_CASE_TWIN", "C_STRAY", "C_IMAGE_MISSING"}
    for output in summary["outputs"]:
        again = {f["code"] for f in found[output["name"]]["findings"]}
        assert {f["code"] for f in output["check"]} - general == again - general, output["name"]


def test_every_broken_line_of_the_dirty_bundle_earns_its_code(bench: Workbench) -> None:
    _four(bench, "dirty")
    truth = _truth("dirty")
    wanted = {(entry["line"], entry["code"]) for entry in truth["failed_lines"]}
    for name in NAMES:
        assert {(e["line"], e["code"]) for e in bench.errors(name) if e["line"] >= 27} == wanted, name
    readers = {"box": NAMES, "label": NAMES, "annotation": NAMES, "region": ("coco", "yolo")}
    for line, record in enumerate(truth["records"][:25], 1):
        broken = next(a for a in record["annotations"] if "code" in a)
        for name in readers.get(broken["reads"], ()):
            entries = [*bench.errors(name), *bench.losses(name)]
            codes = {entry["code"] for entry in entries if entry["line"] == line}
            assert broken["code"] in codes, (name, line, codes)


def test_a_dataset_of_its_own_stands_in_the_output_itself(bench: Workbench) -> None:
    run = bench.convert(FIXTURES / "bundles" / "seed_tasks")

    assert run.code == 0
    assert {path.name for path in bench.out.iterdir()} == {"annotations", "images", "exportkit-manifest.json", *LISTS}
    assert "datasets" not in bench.manifest()


def test_two_outputs_of_one_format_stand_under_their_names(bench: Workbench) -> None:
    run = bench.convert(
        FIXTURES / "bundles" / "seed_tasks", "--to", "yolo:task=detect,as=boxes", "--to", "yolo:task=segment"
    )

    assert run.code == 0
    assert sorted(path.name for path in bench.out.iterdir()) == ["boxes", "exportkit-manifest.json", "yolo"]
    assert bench.run("verify", bench.out).code == 0
    assert bench.run("check", bench.out).code == 0


def test_what_a_writer_gives_does_not_depend_on_the_others(bench: Workbench) -> None:
    _four(bench, "dirty")
    alone = bench.folder / "alone"
    alone.mkdir()
    for text, name in zip(FOUR, NAMES, strict=True):
        bench.convert(FIXTURES / "bundles" / "dirty", "--to", text, out=alone / name)
        for path in sorted((alone / name).rglob("*")):
            if path.is_file():
                assert path.read_bytes() == (bench.out / name / path.relative_to(alone / name)).read_bytes(), path
