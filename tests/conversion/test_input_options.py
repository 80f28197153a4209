"""What ``--input`` says about the source decides the output (formats, sections 0, 1 and 1.2)."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.conversion.workbench import Workbench, box, item, lines_of

#: 10 × 10, turned by a quarter about its top-left corner: clockwise it covers x -10…0, counter-clockwise y -10…0.
TURNED = {"category": "cat", "bbox": [20, 15, 10, 4]}


def coco_boxes(bench: Workbench) -> list[list[float]]:
    return [annotation["bbox"] for annotation in bench.coco()["annotations"]]


@pytest.mark.parametrize(
    ("words", "rotation", "expected"),
    [
        (None, math.pi / 2, [23, 12, 4, 10]),
        ("center-cw-deg", 90, [23, 12, 4, 10]),
        ("topleft-cw-deg", 90, [16, 15, 4, 10]),
        ("ccw-deg-topleft", 90, [20, 5, 4, 10]),
        ("topleft", math.pi / 2, [16, 15, 4, 10]),
    ],
)
def test_rotations_are_read_by_their_words(
    bench: Workbench, words: str | None, rotation: float, expected: list[float]
) -> None:
    bundle = bench.bundle([item(1, {**TURNED, "rotation": rotation})])

    options = ("--input", f"rotation={words}") if words else ()
    run = bench.convert(bundle, "--to", "coco", "--media", "none", *options)

    assert run.code == 0, run
    assert coco_boxes(bench) == [pytest.approx(expected, abs=1e-6)]


def photograph(orientation: int) -> bytes:
    """A PNG of 40 × 30 stored pixels that is shown turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.new("L", (40, 30)).save(file, "PNG", exif=exif.tobytes())
    return file.getvalue()


@pytest.mark.parametrize(
    ("space", "orientation", "expected", "shown"),
    [
        ("stored", 1, [1, 2, 10, 5], (40, 30)),
        ("stored", 3, [29, 23, 10, 5], (40, 30)),
        ("stored", 6, [23, 1, 5, 10], (30, 40)),
        ("stored", 8, [2, 29, 5, 10], (30, 40)),
        ("display", 6, [1, 2, 10, 5], (30, 40)),
    ],
)
def test_geometry_on_stored_pixels_is_turned_as_its_picture_is_shown(
    bench: Workbench, space: str, orientation: int, expected: list[float], shown: tuple[int, int]
) -> None:
    size = shown if space == "display" else (40, 30)
    unit = {"id": 1, "name": "1.png", "width": size[0], "height": size[1]}
    bundle = bench.bundle(
        [item(1, box(x=1, y=2, width=10, height=5), file="files/1/1.png", data_unit=unit)],
        {"files/1/1.png": photograph(orientation)},
    )

    run = bench.convert(bundle, "--to", "coco", "--input", f"geometry_space={space}")

    assert run.code == 0, run
    assert coco_boxes(bench) == [expected]
    (image,) = bench.coco()["images"]
    assert (image["width"], image["height"]) == shown


def test_a_skeleton_file_judges_the_number_of_key_points(bench: Workbench) -> None:
    path = bench.folder / "hand.yaml"
    path.write_text("name: hand\nkeypoints: [wrist, thumb]\nskeleton: [[1, 2]]\n", encoding="utf-8")
    good: dict[str, Any] = {"category": "cat", "keypoints": [1, 2, 2, 3, 4, 1], "bbox": [1, 1, 9, 9]}
    short: dict[str, Any] = {"id": "short", "category": "cat", "keypoints": [1, 2, 2], "bbox": [1, 1, 9, 9]}
    bundle = bench.bundle([item(1, good), item(2, short)])

    run = bench.convert(bundle, "--to", "voc", "--media", "none", "--input", f"skeleton={path}", "--validate", "full")

    assert run.code == 3, run
    (error,) = lines_of(bench.out / "exportkit-errors.jsonl")
    assert (error["id"], error["annotation"], error["code"]) == (2, "short", "E_KEYPOINT_COUNT")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot be read"),
        ("name: [", "not valid YAML"),
        ("- 1", "holds no skeleton"),
        ("name: hand", "no point names"),
        ("name: hand\nkeypoints: [a, a]", "twice"),
        ("name: hand\nkeypoints: [a, b]\nskeleton: [[0, 1]]", "from 1 to 2"),
        ("name: hand\nkeypoints: [a, b]\nedges: [[0, 2]]", "from 0 to 1"),
        ("name: hand\nkeypoints: [a, b]\nflip: [1, 1]", "flip"),
        ("name: hand\nkeypoints: [a, b]\ncolour: red", "colour"),
        ("name: hand\nkeypoints: [a]\npoints: [a]", "both"),
    ],
)
def test_a_skeleton_file_that_holds_none_is_a_wrong_use(bench: Workbench, text: str | None, says: str) -> None:
    path: Path = bench.folder / "hand.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")

    run = bench.convert(bench.bundle([item(1, box())]), "--input", f"skeleton={path}")

    assert run.code == 2
    assert says in run.data["exit_error"]["message"]
    assert run.err == ""


def test_a_field_may_name_the_group_of_a_record(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box(), patient=7), item(2, box(), patient=["no", "text"])])

    run = bench.convert(bundle, "--to", "coco", "--media", "none", "--split", "train=1", "--input", "group_by=patient")

    assert run.code == 3, run
    (error,) = lines_of(bench.out / "exportkit-errors.jsonl")
    assert (error["id"], error["json_path"]) == (2, "$.patient")
