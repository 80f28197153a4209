"""Each rule about segmentation planes and their lists names the damage it is there for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from exportkit.conversion.dataset import DatasetDirectory
from exportkit.records import Annotation, Box, Mask, Part, Polygon, Record, RotatedBox
from exportkit.writing import Finding, Piece
from exportkit_voc.checker import VocChecker
from exportkit_voc.palette_png import palette_png

ROOT = "VOCdevkit/VOC2012"
SETS = f"{ROOT}/ImageSets/Segmentation"
XML = f"{ROOT}/Annotations/a.xml"
CLASSES, OBJECTS = f"{ROOT}/SegmentationClass/a.png", f"{ROOT}/SegmentationObject/a.png"
WIDTH, HEIGHT = 10, 8
BOX = Annotation(0, "box", "dog", box=Box(1, 1, 2, 2))
CAT = Annotation(1, "polygon", "cat", region=Polygon((Part((1, 1, 6, 1, 6, 5)),)))
DOG = Annotation(2, "mask", "dog", region=Mask.from_row_runs([(0, 5)], WIDTH, HEIGHT))
CROWD = Annotation(3, "polygon", "cat", iscrowd=True, region=Polygon((Part((7, 5, 9, 5, 9, 7)),)))


def record(name: str, *annotations: Annotation) -> Record:
    return Record(name, annotations, name=name, width=WIDTH, height=HEIGHT)


RECORDS = {"train": [record("a.jpg", BOX, CAT, DOG, CROWD), record("b.jpg", BOX)], "val": [record("c.jpg", DOG)]}


def check(root: Path, *, batches: bool = False) -> list[Finding]:
    checker = VocChecker(DatasetDirectory(root))
    pieces = list(checker.pieces())
    cut: list[list[Piece]] = [[piece] for piece in pieces] if batches else [pieces]
    reports = [checker.check_pieces(batch) for batch in cut]
    return [*(finding for report in reports for finding in report.findings), *checker.conclude(reports)]


def found(root: Path) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in check(root)]


@pytest.fixture
def dataset(write_dataset: Callable[..., Path]) -> Path:
    return write_dataset(RECORDS, task="segment")


def repaint(path: Path, change: Callable[[bytearray], None]) -> None:
    """Change the values of a plane in place."""
    values = bytearray(Image.open(path).tobytes())
    change(values)
    rows = b"".join(b"\0" + values[place : place + WIDTH] for place in range(0, len(values), WIDTH))
    path.write_bytes(palette_png(WIDTH, HEIGHT, rows))


def replace(old: int, new: int) -> Callable[[bytearray], None]:
    def change(values: bytearray) -> None:
        assert old in values
        values[:] = values.replace(bytes((old,)), bytes((new,)))

    return change


def replace_first(old: int, new: int) -> Callable[[bytearray], None]:
    def change(values: bytearray) -> None:
        values[values.index(old)] = new

    return change


@pytest.mark.parametrize("batches", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"border": 2}, {"root": "flat"}, {"year": "2007"}, {"robndbox": "yes", "coords": "float"}], ids=str
)
def test_what_the_writer_makes_passes(
    write_dataset: Callable[..., Path], options: dict[str, str], batches: bool
) -> None:
    assert check(write_dataset(RECORDS, task="segment", **options), batches=batches) == []


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (OBJECTS, replace(3, 9)),
        (OBJECTS, replace(2, 0)),
        (OBJECTS, replace(255, 4)),
        (CLASSES, replace(255, 0)),
        (CLASSES, replace(1, 3)),
        (CLASSES, replace(1, 2)),
        (CLASSES, replace_first(1, 2)),
    ],
    ids=[
        "no such object",
        "object missing in one plane",
        "void in one plane only",
        "void in the other only",
        "no such class",
        "another class than the file says",
        "object in two classes",
    ],
)
@pytest.mark.parametrize("batches", [False, True])
def test_wrong_values_are_errors(dataset: Path, path: str, change: Callable[[bytearray], None], batches: bool) -> None:
    repaint(dataset / path, change)

    findings = check(dataset, batches=batches)

    assert {(finding.code, finding.severity) for finding in findings} == {("C_VOC_PLANE", "error")}
    assert {finding.file for finding in findings} <= {CLASSES, OBJECTS}


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("path", [CLASSES, OBJECTS])
def test_a_plane_of_another_mode_is_an_error(dataset: Path, path: str, mode: str) -> None:
    Image.new(mode, (WIDTH, HEIGHT)).save(dataset / path)

    assert found(dataset) == [("C_VOC_PLANE", "error")]


@pytest.mark.parametrize("path", [CLASSES, OBJECTS])
def test_a_plane_of_another_size_is_an_error(dataset: Path, path: str) -> None:
    (dataset / path).write_bytes(palette_png(WIDTH, HEIGHT + 1, bytes((WIDTH + 1) * (HEIGHT + 1))))

    assert found(dataset) == [("C_VOC_PLANE", "error")]


@pytest.mark.parametrize("path", [CLASSES, OBJECTS])
@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"], ids=["empty", "jpeg", "cut"])
def test_a_damaged_plane_is_an_error(dataset: Path, path: str, data: bytes) -> None:
    (dataset / path).write_bytes(data)

    assert found(dataset) == [("C_VOC_PLANE", "error")]


def test_a_header_of_many_pixels_is_a_warning_and_allocates_nothing(dataset: Path) -> None:
    side = 60_000
    for path in (CLASSES, OBJECTS):
        (dataset / path).write_bytes(palette_png(side, side, b""))
    text = (dataset / XML).read_text().replace(f"<width>{WIDTH}<", f"<width>{side}<")
    (dataset / XML).write_text(text.replace(f"<height>{HEIGHT}<", f"<height>{side}<"))

    assert found(dataset) == [("C_VOC_PLANE", "warn")] * 2


def test_an_interlaced_plane_is_a_warning(dataset: Path) -> None:
    for path in (CLASSES, OBJECTS):
        data = bytearray((dataset / path).read_bytes())
        data[28] = 1
        (dataset / path).write_bytes(data)

    assert found(dataset) == [("C_VOC_PLANE", "warn")] * 2


def test_a_plane_without_its_partner_is_an_error(dataset: Path) -> None:
    (dataset / OBJECTS).unlink()

    assert found(dataset) == [("C_VOC_PLANE", "error")]


def test_an_object_plane_alone_is_an_error(dataset: Path) -> None:
    (dataset / CLASSES).unlink()

    assert set(found(dataset)) == {("C_VOC_PLANE", "error"), ("C_VOC_SET", "error")}


def test_class_planes_alone_are_enough_for_their_consumer(dataset: Path) -> None:
    for path in (dataset / ROOT / "SegmentationObject").iterdir():
        path.unlink()
    (dataset / ROOT / "SegmentationObject").rmdir()

    assert found(dataset) == []


def test_planes_of_a_file_that_does_not_tell_of_them_are_a_warning(dataset: Path) -> None:
    (dataset / XML).write_text((dataset / XML).read_text().replace("<segmented>1<", "<segmented>0<"))

    assert found(dataset) == [("C_VOC_PLANE", "warn")] * 2


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (f"{SETS}/train.txt", "a\n", "a\na\n"),
        (f"{SETS}/train.txt", "a\n", "a\nb\n"),
        (f"{SETS}/val.txt", "c\n", "c#\n"),
        (f"{SETS}/trainval.txt", "c\n", ""),
    ],
    ids=["twice", "without planes", "odd", "not the sum"],
)
def test_lists_of_planes_are_judged_as_the_others(dataset: Path, path: str, old: str, new: str) -> None:
    (dataset / path).write_text((dataset / path).read_text().replace(old, new))

    assert ("C_VOC_SET", "error") in found(dataset)


def test_planes_that_stand_in_no_list_are_an_error(dataset: Path) -> None:
    for path in (dataset / SETS).iterdir():
        path.write_text(path.read_text().replace("a\n", ""))

    assert found(dataset) == [("C_VOC_SET", "error")]


def test_planes_need_lists(dataset: Path) -> None:
    for path in (dataset / SETS).iterdir():
        path.unlink()

    assert found(dataset) == [("C_VOC_SET", "error")]


def test_a_listed_plane_needs_its_picture(dataset: Path) -> None:
    (dataset / ROOT / "JPEGImages/a.jpg").unlink()

    assert set(found(dataset)) == {("C_VOC_SET", "error")}


def test_a_set_that_torchvision_does_not_know_is_a_warning(write_dataset: Callable[..., Path]) -> None:
    root = write_dataset({"train": [record("a.jpg", CAT)], "test": [record("b.jpg", DOG)]}, task="segment")

    assert found(root) == [("C_VOC_YEAR", "warn")] * 2


def test_without_a_label_map_class_values_are_not_judged(dataset: Path) -> None:
    (dataset / ROOT / "labelmap.txt").unlink()
    repaint(dataset / CLASSES, replace(1, 3))

    assert found(dataset) == []


def test_planes_are_pictures_of_the_dataset(dataset: Path) -> None:
    checker = VocChecker(DatasetDirectory(dataset))

    assert {CLASSES, OBJECTS} <= {picture.path for picture in checker.pictures()}


@pytest.mark.parametrize(("old", "new"), [("<w>4<", "<w>0<"), ("<cx>5<", "<cx>NaN<"), ("<angle>1<", "<angle><")])
def test_a_broken_rotated_box_is_an_error(write_dataset: Callable[..., Path], old: str, new: str) -> None:
    turned = Annotation(0, "rotated_box", "cat", geometry=RotatedBox(5, 4, 4, 2, 1))
    root = write_dataset({"train": [record("a.jpg", turned)]}, robndbox="yes")
    assert found(root) == []
    text = (root / XML).read_text()
    assert old in text
    (root / XML).write_text(text.replace(old, new))

    assert found(root) == [("C_VOC_BOX", "error")]


def test_the_smallest_edges_pass(write_dataset: Callable[..., Path]) -> None:
    tiny = Annotation(0, "box", "cat", box=Box(1e-300, 0, 2, 2))

    assert found(write_dataset({"train": [record("a.jpg", tiny)]}, coords="float")) == []


@pytest.mark.parametrize(
    "path", [XML, CLASSES, f"{SETS}/train.txt", f"{ROOT}/ImageSets/Main/train.txt", f"{ROOT}/labelmap.txt"]
)
def test_files_that_are_links_are_findings_and_no_accident(dataset: Path, path: str) -> None:
    moved = dataset / f"{path}.moved"
    (dataset / path).rename(moved)
    (dataset / path).symlink_to(moved)

    assert any(severity == "error" for _, severity in found(dataset))
