"""Names of pictures in the output, and their collisions (formats, section 4)."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item, lines_of, png

LONG = "é" * 99 + ".png"
CUT = "é" * 91 + "__" + hashlib.sha256(LONG.encode()).hexdigest()[:12] + ".png"
NFD = unicodedata.normalize("NFD", "é")

REFUSED = [
    "/a.png", "a//b.png", "a/./b.png", "a/../b.png", "../a.png", "a/", ".", "..", "a\\b.png", "C:/a.png", "c:a.png",
    "a\x00.png", "a\n.png", "a\x1b.png", "a\x7f.png", "a" * 252 + ".png", "/".join(["a" * 200] * 21) + ".png",
]  # fmt: skip

MADE = [
    # Source name, what COCO (a tree) makes of it, what YOLO and VOC (flat, by extension) make of it.
    ("a.png", "a.png", "a.png", "a.png"),
    ("a/b/c.png", "a/b/c.png", "c.png", "c.png"),
    ("ab:c.png", "ab_c.png", "ab_c.png", "ab_c.png"),
    ('a<b>"|?*.png', "a_b_____.png", "a_b_____.png", "a_b_____.png"),
    (".hidden.png", "_hidden.png", "_hidden.png", "_hidden.png"),
    ("trailing.png.", "trailing.png_", "trailing.png_.png", "trailing.png_.png"),
    (" lead.png", "_lead.png", "_lead.png", "_lead.png"),
    ("trail .png", "trail_.png", "trail_.png", "trail_.png"),
    ("con.png", "_con.png", "_con.png", "_con.png"),
    ("LPT1.a.png", "_LPT1.a.png", "_LPT1.a.png", "_LPT1.a.png"),
    ("aux/a.png", "_aux/a.png", "a.png", "a.png"),
    ("console.png", "console.png", "console.png", "console.png"),
    ("noext", "noext", "noext.png", "noext.png"),
    ("lying.jpg", "lying.jpg", "lying.jpg.png", "lying.jpg.png"),
    ("UPPER.PNG", "UPPER.PNG", "UPPER.PNG", "UPPER.PNG"),
    (LONG, CUT, CUT, CUT),
    ("two words, 'quoted' & more.png", "two words, 'quoted' & more.png", "two words, 'quoted' & more.png", "two_words,_'quoted'_&_more.png"),  # noqa: E501
    ("a#b.png", "a#b.png", "a#b.png", "a_b.png"),
    ("猫 🐈.png", "猫 🐈.png", "猫 🐈.png", "猫_🐈.png"),
    (f"caf{NFD}.png", f"caf{NFD}.png", f"caf{NFD}.png", f"caf{NFD}.png"),
    ("%41%2f.png", "%41%2f.png", "%41%2f.png", "%41%2f.png"),
    ("data.yaml", "data.yaml", "data.yaml.png", "data.yaml.png"),
    ("images/labels/a.png", "images/labels/a.png", "a.png", "a.png"),
]  # fmt: skip


def _named(
    bench: Workbench, *records: tuple[Any, str], formats: tuple[str, ...] = ("coco",)
) -> dict[str, dict[Any, str]]:
    """Convert records with these names and pictures; the path of each picture, by format and record."""
    lines = [item(i, box(), name=name, file=f"files/{n}/p") for n, (i, name) in enumerate(records)]
    bundle = bench.bundle(lines, {f"files/{n}/p": png(40 + n) for n in range(len(records))})
    run = bench.convert(bundle, *(word for text in formats for word in ("--to", text)))
    assert run.code in {0, 3}, run
    found = {}
    for output in run.data["outputs"]:
        label = output["name"] if len(formats) > 1 else ""
        images = lines_of(bench.out / label / "exportkit-images.jsonl")
        for image in images:
            assert (bench.out / label / image["path"]).is_file()
        found[output["name"]] = {image["record"]: image["path"] for image in images}
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_no_output_can_have_fails_its_record(bench: Workbench, name: str) -> None:
    run = bench.convert(bench.bundle([item(1, box()), item(2, box(), name=name)]))

    assert run.code == 3
    assert [(error["line"], error["code"]) for error in bench.errors()] == [(2, "E_NAME_UNSAFE")]


@pytest.mark.parametrize(("name", "tree", "flat", "voc"), MADE)
def test_a_name_becomes_safe_and_is_said_to_have_changed(
    bench: Workbench, name: str, tree: str, flat: str, voc: str
) -> None:
    found = _named(bench, (5, name), formats=("coco", "yolo:task=detect", "voc", "csv"))

    assert found["coco"] == {5: f"images/train/{tree}"}
    assert found["csv"] == {5: f"images/{tree}"}
    assert found["yolo"] == {5: f"images/train/{flat}"}
    assert found["voc"][5].rpartition("/")[2] == voc
    last = name.rpartition("/")[2]
    for label, changed in (("coco", tree != name), ("yolo", flat != last), ("voc", voc != last)):
        assert ("N_NAME_CHANGED" in bench.manifest(label)["codes"]) == changed, label
    assert bench.run("verify", bench.out).code == 0
    assert bench.run("check", bench.out).code == 0


def test_the_smallest_id_keeps_a_name_in_every_order(bench: Workbench) -> None:
    found = _named(bench, ("b", "x/same.png"), (30, "y/same.png"), (7, "z/SAME.jpg"), formats=("yolo:task=detect",))

    names = {key: path.rpartition("/")[2] for key, path in found["yolo"].items()}
    assert names == {7: "SAME.jpg.png", 30: "same.png", "b": "same__b.png"}


def test_twins_by_case_normalisation_and_extension_collide(bench: Workbench) -> None:
    found = _named(bench, (1, "d/é.png"), (2, f"d/{NFD}.png"), (3, "d/É.jpg"), (4, "e/é.png"))

    assert found["coco"] == {
        1: "images/train/d/é.png",
        2: f"images/train/d/{NFD}__2.png",
        3: "images/train/d/É__3.jpg",
        4: "images/train/e/é.png",
    }


def test_a_made_name_takes_no_literal_name_of_another(bench: Workbench) -> None:
    found = _named(bench, (1, "a.png"), (2, "A.png"), (3, "a__2.png"), (4, "A__2_2.png"))

    names = [path.rpartition("/")[2] for path in found["coco"].values()]
    assert names[0] == "a.png"
    assert names[2:] == ["a__2.png", "A__2_2.png"]
    assert len({unicodedata.normalize("NFC", name).casefold().rpartition(".")[0] for name in names}) == 4


def test_an_id_that_is_no_plain_word_is_hashed(bench: Workbench) -> None:
    found = _named(bench, (1, "a.png"), ("x/../y", "a.png"), ("x" * 65, "a.png"), ("né", "a.png"))

    for key in ("x/../y", "x" * 65, "né"):
        assert found["coco"][key] == f"images/train/a__{hashlib.sha256(key.encode()).hexdigest()[:12]}.png"


def test_yolo_trees_keep_images_and_labels_for_themselves(bench: Workbench) -> None:
    found = _named(bench, (1, "images/a.png"), (2, "x/labels/a.png"), formats=("yolo:task=detect,names=tree",))

    assert found["yolo"] == {1: "images/train/images_/a.png", 2: "images/train/x/labels_/a.png"}
