"""The checker takes what the writer makes, and each rule names the damage it is there for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exportkit.conversion.dataset import DatasetDirectory
from exportkit.conversion.lists import MANIFEST
from exportkit.conversion.stream_pieces import StreamPieces
from exportkit.records import Annotation, Box, Record
from exportkit.writing import Finding, Fragments, Piece, Placement, Plan, SplitFacts
from exportkit_voc.checker import VocChecker
from exportkit_voc.options import VocOptions
from exportkit_voc.writer import VocWriter

MAIN = "VOCdevkit/VOC2012/ImageSets/Main"
XML = "VOCdevkit/VOC2012/Annotations/a.xml"
CAT = Annotation(0, "box", "cat", box=Box(10, 10, 20, 20), attributes={"color": "red"})
DOG = Annotation(1, "box", "dog", box=Box(50, 50, 20, 20), difficult=True)
ODD = Annotation(2, "box", "cat", box=Box(1.5, 2.5, 3, 4))


def record(name: str, *annotations: Annotation) -> Record:
    return Record(name, annotations, name=name, width=100, height=80)


RECORDS = {"train": [record("a.jpg", CAT, DOG), record("b.jpg")], "val": [record("c.jpg", ODD)]}


def check(root: Path) -> list[Finding]:
    checker = VocChecker(DatasetDirectory(root))
    report = checker.check_pieces(list(checker.pieces()))
    return [*report.findings, *checker.conclude([report])]


def errors(root: Path) -> list[str]:
    return [finding.code for finding in check(root) if finding.severity == "error"]


@pytest.fixture
def dataset(write_dataset: Callable[..., Path]) -> Path:
    return write_dataset(RECORDS)


@pytest.mark.parametrize(
    "options", [{}, {"coords": "zero"}, {"coords": "float"}, {"root": "flat"}, {"year": "2007"}], ids=str
)
def test_what_the_writer_makes_passes(write_dataset: Callable[..., Path], options: dict[str, str]) -> None:
    root = write_dataset(RECORDS, **options)

    assert VocChecker.recognises(DatasetDirectory(root))
    assert check(root) == []


def test_pictures_are_reported_with_the_size_beside_them(dataset: Path) -> None:
    checker = VocChecker(DatasetDirectory(dataset))

    report = checker.check_pieces(list(checker.pieces()))

    first = report.pictures[0]
    assert (first.path, first.width, first.height) == ("VOCdevkit/VOC2012/JPEGImages/a.jpg", 100, 80)
    assert report.objects == 3


@pytest.mark.parametrize(
    ("path", "old", "new", "code"),
    [
        (XML, "</annotation>\n", "", "C_VOC_XML"),
        (XML, "<annotation>\n\t<folder>", "<!DOCTYPE annotation>\n<annotation>\n\t<folder>", "C_VOC_XML"),
        (XML, "<width>100<", "<width>0<", "C_VOC_SIZE"),
        (XML, "\t\t<depth>3</depth>\n", "", "C_VOC_SIZE"),
        (XML, "<xmin>11<", "<xmin>0<", "C_VOC_BOX"),
        (XML, "<xmin>11<", "<xmin>31<", "C_VOC_BOX"),
        (XML, "<xmax>30<", "<xmax>101<", "C_VOC_BOX"),
        (XML, "<xmin>11<", "<xmin>11.5<", "C_VOC_BOX"),
        (XML, "<xmin>11<", "<xmin>+11<", "C_VOC_BOX"),
        (XML, "\t\t\t<ymax>30</ymax>\n", "", "C_VOC_BOX"),
        (XML, "<truncated>0<", "<truncated>2<", "C_VOC_FLAG"),
        (XML, "\t\t<difficult>0</difficult>\n", "", "C_VOC_FLAG"),
        (XML, "\t\t<pose>Unspecified</pose>\n", "", "C_VOC_FLAG"),
        (XML, "<name>cat<", "<name><", "C_VOC_FLAG"),
        (XML, "a.jpg", "z.jpg", "C_VOC_FILENAME"),
        (f"{MAIN}/train.txt", "a\n", "a\na\n", "C_VOC_SET"),
        (f"{MAIN}/train.txt", "a\n", "z\n", "C_VOC_SET"),
        (f"{MAIN}/train.txt", "a\n", "a#1\n", "C_VOC_SET"),
        (f"{MAIN}/val.txt", "c\n", "", "C_VOC_SET"),
        (f"{MAIN}/trainval.txt", "c\n", "", "C_VOC_SET"),
        (f"{MAIN}/cat_train.txt", "a  1", "a  0", "C_VOC_CLASS_SET"),
        (f"{MAIN}/cat_train.txt", "b -1", "b  1", "C_VOC_CLASS_SET"),
        (f"{MAIN}/dog_train.txt", "a  0", "a -1", "C_VOC_CLASS_SET"),
        (f"{MAIN}/dog_train.txt", "b -1\n", "", "C_VOC_CLASS_SET"),
    ],
)
def test_damaged_text_is_an_error(dataset: Path, path: str, old: str, new: str, code: str) -> None:
    text = (dataset / path).read_text()
    assert old in text
    (dataset / path).write_text(text.replace(old, new, 1))

    assert code in errors(dataset)


def test_an_annotation_without_a_picture_is_an_error(dataset: Path) -> None:
    (dataset / "VOCdevkit/VOC2012/JPEGImages/a.jpg").unlink()

    assert errors(dataset) == ["C_VOC_SET"]


def test_a_record_that_never_had_a_picture_is_no_error(dataset: Path) -> None:
    (dataset / "VOCdevkit/VOC2012/JPEGImages/a.jpg").unlink()
    (dataset / MANIFEST).write_text('{"codes":{"N_NO_MEDIA":{"":1}}}')

    assert errors(dataset) == []


def test_boxes_in_other_spellings_are_judged_one_by_one(dataset: Path) -> None:
    text = (dataset / XML).read_text()
    (dataset / XML).write_text(text.replace("<xmin>11<", "<xmin>011<"))

    assert errors(dataset) == []


def test_lists_must_exist(dataset: Path) -> None:
    for path in (dataset / MAIN).iterdir():
        path.unlink()

    assert errors(dataset) == ["C_VOC_SET"]


def test_a_picture_that_is_no_jpg_is_a_warning(write_dataset: Callable[..., Path]) -> None:
    found = check(write_dataset({"train": [record("a.png", CAT)]}))

    assert [(finding.code, finding.severity) for finding in found] == [("C_VOC_JPG", "warn")]


@pytest.mark.parametrize(("year", "found"), [("2012", ["C_VOC_YEAR"]), ("2007", [])])
def test_a_test_set_is_known_for_one_year_only(write_dataset: Callable[..., Path], year: str, found: list[str]) -> None:
    root = write_dataset({"train": [record("a.jpg", CAT)], "test": [record("b.jpg")]}, year=year)

    assert [finding.code for finding in check(root)] == found


def test_a_class_list_under_a_made_name_is_compared_by_its_content(write_dataset: Callable[..., Path]) -> None:
    slash = Annotation(0, "box", "a/b", box=Box(10, 10, 20, 20))
    root = write_dataset({"train": [record("a.jpg", slash), record("b.jpg")]}, classes=("a/b",))

    assert check(root) == []
    (root / f"{MAIN}/class_0_train.txt").write_text("a  0\nb -1\n")
    assert errors(root) == ["C_VOC_CLASS_SET"]


def test_other_spellings_of_lists_are_taken(dataset: Path) -> None:
    (dataset / f"{MAIN}/cat_train.txt").write_bytes(b"b -1\r\na 1\r\n")
    (dataset / f"{MAIN}/train.txt").write_bytes(b"a\r\nb")

    assert check(dataset) == []


def conversion_pieces() -> list[Piece]:
    splits = (SplitFacts("train", 2, {}), SplitFacts("val", 1, {}))
    plan = Plan(("cat", "dog"), {"cat": 0, "dog": 1}, splits, {}, {"image": 3}, 3, ids_usable=True)
    writer = VocWriter(VocOptions(), plan)
    pieces: list[Piece] = []
    parts = [part for file in writer.files() for part in file.parts if isinstance(part, Fragments)]
    streams = StreamPieces({part.key: part for part in parts})
    for split, own in RECORDS.items():
        for item in own:
            encoded = writer.encode(item, Placement(split, item.name, item.name[:-4], 0))
            pieces.extend(Piece(path, data) for path, data in encoded.files)
            streams.take(encoded.streams)
    return [*pieces, *(Piece(key.partition("#")[0], data, "ids") for key, data in streams.joined().items())]


def test_lines_and_files_of_one_batch_are_compared_at_once(dataset: Path) -> None:
    checker = VocChecker(DatasetDirectory(dataset))
    pieces = conversion_pieces()

    report = checker.check_pieces(pieces)
    assert report.findings == []
    assert report.facts.compared
    assert not report.facts.flags

    wrong = [
        Piece(piece.path, piece.data.replace(b"a  1", b"a -1"), piece.section) if piece.section else piece
        for piece in pieces
    ]
    assert [finding.code for finding in checker.check_pieces(wrong).findings] == ["C_VOC_CLASS_SET"]
