"""Each rule of ``check`` for CSV (formats, section 7, rules 48 to 53) finds the table that breaks it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.writing import Finding, Piece
from exportkit_csv.checker import CsvChecker
from exportkit_csv.reading import chunks_of_records

LONG = (
    "split,image_id,image,image_width,image_height,id,kind,label,label_id,x,y,width,height,rotation,"
    "polygons,rle,keypoints,score,iscrowd,difficult,truncated,occluded,group_id,track_id,frame,attributes\n"
)
LONG_ROW = 'train,1,x.jpg,100,80,1,box,cat,0,1,2,3.5,4,,"[[[[0,0],[1,0],[1,1]]]]",,,,0,0,0,0,-5,,,"{""a"":1}"\n'
NEGATIVE_ROW = "train,2,y.jpg,60,40,,,,,,,,,,,,,,,,,,,,,\n"
LABELS = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
IMAGES = "filename,width,height\nx.jpg,100,80\ny.jpg,60,40\n"

SOUND: dict[str, dict[str, str]] = {
    "long": {"annotations.csv": LONG + LONG_ROW + NEGATIVE_ROW},
    "retinanet": {
        "annotations_train.csv": "images/x.jpg,1,2,3,4,cat\nimages/y.jpg,,,,,\n",
        "classes.csv": "cat,0\n",
    },
    "tfod": {
        "train_labels.csv": LABELS + "x.jpg,100,80,cat,1,2,30.5,40\n",
        "train_images.csv": IMAGES,
        "label_map.pbtxt": 'item {\n  id: 1\n  name: "cat"\n}\n',
    },
}


class Folder:
    """A dataset directory."""

    def __init__(self, root: Path, manifest: dict[str, Any] | None = None) -> None:
        self.root = root
        self.manifest = manifest

    def exists(self, path: str) -> bool:
        try:
            return (self.root / path).is_file()
        except OSError:
            return False

    def is_dir(self, path: str) -> bool:
        return (self.root / path).is_dir()

    def listing(self, folder: str = "") -> Iterator[str]:
        found = (p for p in (self.root / folder).rglob("*") if p.is_file())
        return iter(sorted(p.relative_to(self.root).as_posix() for p in found))

    def folders(self, folder: str = "") -> Iterator[str]:
        return iter(sorted(p.name for p in (self.root / folder).iterdir() if p.is_dir()))

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        return (self.root / path).read_bytes()[:limit]

    def open_picture(self, path: str) -> int:
        return os.open(self.root / path, os.O_RDONLY)

    def is_known_jpeg(self, path: str) -> bool:
        return False

    def ends(self, path: str, first: int, last: int) -> tuple[bytes, bytes]:
        data = (self.root / path).read_bytes()
        return data[:first], data[max(0, len(data) - last) :]

    def stream(self, path: str, size: int = 1 << 20) -> Iterator[bytes]:
        data = (self.root / path).read_bytes()
        return (data[at : at + size] for at in range(0, len(data), size))


def dataset(root: Path, dialect: str, **changed: str | bytes) -> Path:
    """A sound dataset of two pictures but for the changed files."""
    (root / "images").mkdir()
    for name in ("x.jpg", "y.jpg"):
        (root / "images" / name).write_bytes(b"")
    for path, text in {**SOUND[dialect], **{key.replace("__", "."): value for key, value in changed.items()}}.items():
        (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def check(root: Path, **options: Any) -> list[Finding]:
    checker = CsvChecker(Folder(root, {"writer": {"options": options}}))
    reports = [checker.check_pieces([piece]) for piece in checker.pieces()]
    return [*(finding for report in reports for finding in report.findings), *checker.conclude(reports)]


def codes(findings: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.code, finding.severity) for finding in findings}


@pytest.mark.parametrize("dialect", SOUND)
def test_a_sound_dataset_passes(tmp_path: Path, dialect: str) -> None:
    root = dataset(tmp_path, dialect)

    assert CsvChecker.recognises(Folder(root))
    assert check(root) == []


@pytest.mark.parametrize(
    ("dialect", "file", "text", "code", "severity"),
    [
        ("long", "annotations__csv", LONG.replace("label,", "l,") + LONG_ROW + NEGATIVE_ROW, "C_CSV_HEADER", "error"),
        ("long", "annotations__csv", "\ufeff" + LONG + LONG_ROW + NEGATIVE_ROW, "C_CSV_HEADER", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW + NEGATIVE_ROW[1:-2] + "\n", "C_CSV_QUOTE", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace("3.5", "3;5") + NEGATIVE_ROW, "C_CSV_QUOTE", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace("3.5", "1e3") + NEGATIVE_ROW, "C_CSV_QUOTE", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace("[[[[", "[[[") + NEGATIVE_ROW, "C_CSV_QUOTE", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace(':1}"', ":1}") + NEGATIVE_ROW, "C_CSV_QUOTE", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace("cat", "=1+1") + NEGATIVE_ROW, "C_CSV_FORMULA", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace("cat", " ＠") + NEGATIVE_ROW, "C_CSV_FORMULA", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace("cat", "None") + NEGATIVE_ROW, "C_CSV_MISSING", "warn"),
        ("long", "annotations__csv", LONG + LONG_ROW, "C_CSV_NEGATIVE", "error"),
        ("long", "annotations__csv", (LONG + LONG_ROW).encode() + b"\xff\n", "C_TEXT", "error"),
        ("long", "annotations__csv", LONG + LONG_ROW.replace("cat", "c\0t") + NEGATIVE_ROW, "C_TEXT", "error"),
        ("retinanet", "annotations_train__csv", "images/x.jpg,1.0,2,3,4,cat\n", "C_CSV_BOX", "error"),
        ("retinanet", "annotations_train__csv", "images/x.jpg,3,2,3,4,cat\nimages/y.jpg,,,,,\n", "C_CSV_BOX", "error"),
        ("retinanet", "annotations_train__csv", "images/x.jpg,-3,2,3,4,cat\nimages/y.jpg,,,,,\n", "C_CSV_BOX", "error"),
        ("retinanet", "annotations_train__csv", "images/x.jpg,1,2,3,4,cat\n", "C_CSV_NEGATIVE", "error"),
        ("retinanet", "classes__csv", "cat,zero\n", "C_CSV_QUOTE", "error"),
        ("retinanet", "classes__csv", "@cat,0\n", "C_CSV_FORMULA", "error"),
        ("tfod", "train_labels__csv", LABELS + "x.jpg,100,80,cat,0.1,0.2,0.5,0.5\n", "C_CSV_BOX", "warn"),
        ("tfod", "train_labels__csv", LABELS + "x.jpg,100,80,cat,1,2,100.5,40\n", "C_CSV_BOX", "error"),
        ("tfod", "train_labels__csv", LABELS + "x.jpg,100,80,cat,1,2,nan,40\n", "C_CSV_BOX", "error"),
        ("tfod", "train_labels__csv", LABELS + "z.jpg,100,80,cat,1,2,30,40\n", "C_CSV_NEGATIVE", "error"),
        ("tfod", "train_images__csv", IMAGES.replace("y.jpg,60,40\n", ""), "C_CSV_NEGATIVE", "error"),
        ("tfod", "train_images__csv", IMAGES.replace("width", "w"), "C_CSV_HEADER", "error"),
    ],
)  # fmt: skip
def test_a_broken_table_is_found_out(
    tmp_path: Path, dialect: str, file: str, text: str | bytes, code: str, severity: str
) -> None:
    assert (code, severity) in codes(check(dataset(tmp_path, dialect, **{file: text})))


def test_what_was_asked_for_is_no_error(tmp_path: Path) -> None:
    table = "\ufeff" + LONG + LONG_ROW.replace("cat", "=1+1") + NEGATIVE_ROW

    assert codes(check(dataset(tmp_path, "long", annotations__csv=table), raw=True, bom=True)) == {
        ("C_CSV_FORMULA", "warn")
    }


def test_windows_line_ends_pass(tmp_path: Path) -> None:
    table = (LONG + LONG_ROW + NEGATIVE_ROW).replace("\n", "\r\n")

    assert check(dataset(tmp_path, "long", annotations__csv=table), eol="crlf") == []


def test_findings_name_the_line(tmp_path: Path) -> None:
    table = LONG + LONG_ROW.replace("cat", '"c\nat"') + LONG_ROW.replace("3.5", "x") + NEGATIVE_ROW
    (finding,) = check(dataset(tmp_path, "long", annotations__csv=table))

    assert (finding.code, finding.file, finding.line) == ("C_CSV_QUOTE", "annotations.csv", 4)


def test_pieces_of_a_conversion_give_pictures_and_objects(tmp_path: Path) -> None:
    pieces = [
        Piece("train_images.csv", b"'=x.jpg,100,80\ny.jpg,60,40\n", "rows"),
        Piece("train_labels.csv", b"'=x.jpg,100,80,cat,1,2,3,4\n'=x.jpg,100,80,cat,5,6,7,8\n", "rows"),
        Piece("label_map.pbtxt", b"item {}"),
    ]
    report = CsvChecker(Folder(tmp_path)).check_pieces(pieces)

    assert report.findings == []
    assert report.objects == 2
    assert [(p.path, p.width, p.height) for p in report.pictures] == [
        ("images/=x.jpg", 100, 80),
        ("images/y.jpg", 60, 40),
    ]
    assert report.facts["train_labels.csv"].unlisted == set()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["a,b\n", '"x\ny",z\n', '"q""",\n', "\n"])), st.integers(1, 9))
def test_chunks_end_where_records_end(rows: list[str], size: int) -> None:
    data = "".join(rows).encode()
    chunks = list(chunks_of_records(data[at : at + size] for at in range(0, len(data), size)))

    assert b"".join(chunk for chunk, _ in chunks) == data
    assert all(chunk.endswith(b"\n") and chunk.count(b'"') % 2 == 0 for chunk, _ in chunks)
    assert [line for _, line in chunks] == [
        1 + sum(c.count(b"\n") for c, _ in chunks[:position]) for position in range(len(chunks))
    ]
