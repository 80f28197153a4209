"""The checker takes what the writer makes, and each rule names the damage it is there for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.conversion.dataset import DatasetDirectory
from exportkit.conversion.lists import MANIFEST
from exportkit.records import Annotation, Box, Part, Polygon, Record
from exportkit.writing import Finding
from exportkit_yolo.checker import YoloChecker
from exportkit_yolo.label_file import judge_labels

BOX = Annotation(0, "box", "cat", box=Box(10, 10, 20, 20))
FAR = Annotation(1, "box", "dog", box=Box(50, 50, 20, 20))
POLYGON = Annotation(2, "polygon", "cat", region=Polygon((Part((10, 10, 30, 10, 10, 30)),)))


def record(name: str, *annotations: Annotation) -> Record:
    return Record(name, annotations, name=name, width=100, height=80)


def check(root: Path) -> list[Finding]:
    checker = YoloChecker(DatasetDirectory(root))
    report = checker.check_pieces(list(checker.pieces()))
    return [*report.findings, *checker.conclude([report])]


@pytest.fixture
def dataset(write_dataset: Callable[..., Path]) -> Path:
    return write_dataset({"train": [record("a.jpg", BOX, FAR), record("b.jpg")], "val": [record("c.jpg", BOX)]})


def rewritten(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_the_writer_makes_passes(dataset: Path) -> None:
    assert YoloChecker.recognises(DatasetDirectory(dataset))
    assert check(dataset) == []


def test_segment_datasets_pass_too(write_dataset: Callable[..., Path]) -> None:
    root = write_dataset({"train": [record("a.jpg", POLYGON, BOX)], "val": [record("c.jpg", POLYGON)]})

    assert check(root) == []


def test_val_that_is_train_is_a_warning(write_dataset: Callable[..., Path]) -> None:
    root = write_dataset({"train": [record("a.jpg", BOX)]})

    assert [(f.code, f.severity) for f in check(root)] == [("C_YOLO_SPLIT", "warn")]


ROW = "0 0.200000 0.250000 0.200000 0.250000"
LABEL = "labels/train/a.txt"


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        ("data.yaml", "nc: 2", "nc: 3", "C_YOLO_YAML"),
        ("data.yaml", "val: images/val\n", "", "C_YOLO_YAML"),
        ("data.yaml", "  1:", "  2:", "C_YOLO_YAML"),
        ("data.yaml", "train: images", "path: .\ntrain: images", "C_YOLO_YAML"),
        ("data.yaml", "names:", "names: [", "C_YOLO_YAML"),
        ("data.yaml", '"dog"', "yes", "C_YOLO_YAML"),
        ("data.yaml", "images/val", "images/other", "C_YOLO_SPLIT"),
        ("data.yaml", "images/val", "../../val", "C_PATH"),
        (LABEL, ROW, "2" + ROW[1:], "C_YOLO_ROW"),
        (LABEL, ROW, "0.5" + ROW[1:], "C_YOLO_ROW"),
        (LABEL, ROW, "-1" + ROW[1:], "C_YOLO_ROW"),
        (LABEL, ROW, "0 nan" + ROW[10:], "C_YOLO_ROW"),
        (LABEL, ROW, "0 1e999" + ROW[10:], "C_YOLO_ROW"),
        (LABEL, ROW, ROW + " 0.5", "C_YOLO_ROW"),
        (LABEL, ROW, ROW + " 0.5 0.5", "C_YOLO_ROW"),
        (LABEL, ROW, "0 0.2 0.25 0.2 1.25", "C_YOLO_RANGE"),
        (LABEL, ROW, "0 0.200000 0.250000 0.000000 0.250000", "C_YOLO_RANGE"),
        (LABEL, ROW, "0 0.100000 0.250000 0.200006 0.250000", "C_YOLO_RANGE"),
        (LABEL, ROW, "0 0.2 0.25 0.2 -0.25", "C_YOLO_RANGE"),
        (LABEL, ROW, f"{ROW}\n{ROW}", "C_YOLO_DUPLICATE"),
        (LABEL, ROW, f"{ROW}\n0 0.2 0.25 0.2 0.25", "C_YOLO_DUPLICATE"),
    ],
)
def test_damaged_text_is_an_error(dataset: Path, path: str, old: str, new: str, code: str) -> None:
    rewritten(dataset / path, old, new)

    assert (code, "error") in [(finding.code, finding.severity) for finding in check(dataset)]


def test_a_class_that_the_loader_renames_is_a_warning(dataset: Path) -> None:
    rewritten(dataset / "data.yaml", '"cat"', '"n02084071"')

    assert [(f.code, f.severity) for f in check(dataset)] == [("C_YOLO_N0", "warn")]


def _remove_label(root: Path) -> None:
    (root / LABEL).unlink()


def _add_twin(root: Path) -> None:
    (root / "images/train/a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\x0dIHDR" + b"\0\0\1\0" * 2)


def _nest_images(root: Path) -> None:
    for kind, name in (("images/train/images", "z.jpg"), ("images/train/labels", "z.txt")):
        (root / kind).mkdir()
        (root / kind / name).write_bytes(b"\xff\xd8\xff\xd9" if name == "z.jpg" else b"")


def _hide(root: Path) -> None:
    (root / "images/train/a.jpg").rename(root / "images/train/.a.jpg")


def _unknown_extension(root: Path) -> None:
    (root / "images/train/a.jpg").rename(root / "images/train/a.xyz")


def _no_picture_content(root: Path) -> None:
    (root / "images/train/a.jpg").write_bytes(b"hello")


def _masks(root: Path) -> None:
    (root / "masks").mkdir()


def _empty_val(root: Path) -> None:
    (root / "images/val/c.jpg").unlink()


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (_remove_label, "C_YOLO_PAIR"),
        (_add_twin, "C_YOLO_PAIR"),
        (_nest_images, "C_YOLO_PAIR"),
        (_hide, "C_YOLO_NAME"),
        (_unknown_extension, "C_YOLO_NAME"),
        (_no_picture_content, "C_YOLO_FORMAT"),
        (_masks, "C_YOLO_MASKS"),
        (_empty_val, "C_YOLO_SPLIT"),
    ],
)
def test_damaged_folders_are_an_error(dataset: Path, damage: Callable[[Path], None], code: str) -> None:
    damage(dataset)

    assert (code, "error") in [(finding.code, finding.severity) for finding in check(dataset)]


def test_a_jpeg_without_its_end_marker_is_a_warning(dataset: Path) -> None:
    (dataset / "images/train/a.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")

    assert [(f.code, f.severity) for f in check(dataset)] == [("C_YOLO_FORMAT", "warn")]


def test_a_label_without_a_picture_is_a_warning(dataset: Path) -> None:
    (dataset / "labels/train/z.txt").write_text("")

    assert [(f.code, f.severity) for f in check(dataset)] == [("C_STRAY", "warn")]


def test_a_record_that_never_had_a_picture_is_at_most_a_warning(dataset: Path) -> None:
    (dataset / "images/train/a.jpg").unlink()
    (dataset / MANIFEST).write_text('{"codes":{"N_NO_MEDIA":{"":1}}}')

    assert [(f.code, f.severity) for f in check(dataset)] == [("C_STRAY", "warn")]


def test_pictures_are_those_that_the_loader_finds(dataset: Path) -> None:
    for name in ("train/.hidden.jpg", "train/notes.txt", "train/odd.xyz", "elsewhere.jpg"):
        (dataset / "images" / name).write_bytes(b"")

    found = [picture.path for picture in YoloChecker(DatasetDirectory(dataset)).pictures()]

    assert found == ["images/train/a.jpg", "images/train/b.jpg", "images/val/c.jpg"]


def test_pictures_of_a_list_file_are_named_with_their_list(dataset: Path) -> None:
    rewritten(dataset / "data.yaml", "train: images/train", "train: lists/train.txt")
    (dataset / "lists").mkdir()
    lines = [
        "./a.jpg",
        "images/train/b.jpg",
        f"{dataset.resolve()}/images/val/c.jpg",
        "/elsewhere/d.jpg",
        "../e.jpg",
        "x",
    ]
    (dataset / "lists/train.txt").write_text("\n".join(lines) + "\n")

    pictures = list(YoloChecker(DatasetDirectory(dataset)).pictures())

    listed = ["lists/a.jpg", "images/train/b.jpg", "images/val/c.jpg"]
    assert [(p.path, p.source) for p in pictures] == [
        *[(path, "lists/train.txt") for path in listed], ("images/val/c.jpg", ""),
    ]  # fmt: skip
    assert {(p.width, p.height) for p in pictures} == {(0, 0)}


def test_rows_of_two_forms_are_an_error_wherever_they_stand(dataset: Path) -> None:
    (dataset / "labels/val/c.txt").write_text("0 0.1 0.1 0.2 0.1 0.2 0.2\n")

    (finding,) = check(dataset)
    assert (finding.code, finding.severity) == ("C_YOLO_ROW", "error")


def test_a_yaml_with_aliases_is_refused(dataset: Path) -> None:
    (dataset / "data.yaml").write_text("train: &a images/train\nval: *a\nnames: [x]\n")

    assert "C_YOLO_YAML" in {finding.code for finding in check(dataset)}


def test_key_point_rows_are_judged_by_their_shape(dataset: Path) -> None:
    rewritten(dataset / "data.yaml", "nc: 2", "nc: 2\nkpt_shape: [1, 3]")
    for name in ("train/a", "val/c"):
        (dataset / f"labels/{name}.txt").write_text(f"{ROW} 0.5 0.5 2\n")

    assert [(f.code, f.severity) for f in check(dataset)] == [("C_YOLO_POSE", "warn")]


def test_a_list_of_names_and_other_spellings_of_numbers_are_taken(dataset: Path) -> None:
    (dataset / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [cat, dog]\n")
    (dataset / LABEL).write_text("1.0 .5 0.5 1e-1 0.100\r\n\n0 0.5 0.5 0.25 0.25")

    assert check(dataset) == []


def test_line_numbers_point_at_the_row() -> None:
    labels = judge_labels(f"{ROW}\n1 0.5 0.5 0.1\n{ROW}\n".encode())

    assert [(fault.code, fault.line) for fault in labels.faults] == [("C_YOLO_ROW", 2), ("C_YOLO_DUPLICATE", 3)]


fraction = st.integers(0, 1_000_000).map(lambda n: f"{n / 1e6:.6f}")
detect_row = st.tuples(st.integers(0, 90).map(str), fraction, fraction, fraction, fraction).map(" ".join)
outline_row = st.builds(
    lambda c, points: " ".join([str(c), *(v for p in points for v in p)]),
    st.integers(0, 90),
    st.lists(st.tuples(fraction, fraction), min_size=3, max_size=6),
)


edge_row = st.sampled_from(
    [
        "0 0.100000 0.250000 0.200004 0.250000",
        "0 0.100000 0.250000 0.200005 0.250000",
        "0 0.900002 0.250000 0.200000 0.250000",
        "0 0.900003 0.250000 0.200000 0.250000",
        "0 1.000001 0.250000 0.000001 0.250000",
        "0 0.500000 0.500000 1.000000 1.000000",
        "0 0.500000 0.500000 1.000001 1.000000",
        "01 0.500000 0.500000 1.000000 1.000000",
        "1234567890 0.500000 0.500000 1.000000 1.000000",
    ]
)


@settings(max_examples=100)
@given(st.lists(detect_row | edge_row, min_size=1, max_size=5) | st.lists(outline_row, min_size=1, max_size=4))
def test_the_whole_file_judgement_agrees_with_the_one_row_by_row(rows: list[str]) -> None:
    plain = "".join(f"{row}\n" for row in rows)

    # A blank at a line's end changes nothing for the loader and leads to the judgement row by row.
    careful: Any = judge_labels(plain.replace("\n", " \n").encode())
    assert judge_labels(plain.encode()) == careful
