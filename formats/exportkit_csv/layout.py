"""Which file of a dataset is which table: by the dialect that the manifest names, else by header, first row or name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from exportkit.writing import Dataset
from exportkit_csv.box_judges import RetinanetClassesJudge, RetinanetJudge, TfodImagesJudge, TfodLabelsJudge
from exportkit_csv.fraction_judges import (
    MACHINE_SETS,
    AutomlJudge,
    OpenImagesBoxesJudge,
    OpenImagesClassesJudge,
    OpenImagesImagesJudge,
    OpenImagesListJudge,
    OpenImagesShortJudge,
)
from exportkit_csv.judge import Judge
from exportkit_csv.long_judge import LongJudge, ParquetRowsJudge
from exportkit_csv.reading import records
from exportkit_csv.via_judge import ViaFirstJudge, ViaJudge

__all__ = ["MARK", "PARQUET", "judge_at", "split_of", "tables"]

MARK = b"\xef\xbb\xbf"
PARQUET = "annotations.parquet"
_HEAD = 1 << 16
_Named = tuple[re.Pattern[str], type[Judge]]

#: Tables of each dialect by their names.
_DIALECTS: Mapping[str, tuple[_Named, ...]] = {
    "long": ((re.compile(r"annotations\.csv"), LongJudge),),
    "parquet": ((re.compile(re.escape(PARQUET)), ParquetRowsJudge),),
    "retinanet": (
        (re.compile(r"annotations_[^/]*\.csv"), RetinanetJudge),
        (re.compile(r"classes\.csv"), RetinanetClassesJudge),
    ),
    "tfod": (
        (re.compile(r"[^/]*_labels\.csv"), TfodLabelsJudge),
        (re.compile(r"[^/]*_images\.csv"), TfodImagesJudge),
    ),
    "openimages": (
        (re.compile(r"[^/]*-annotations-bbox\.csv"), OpenImagesBoxesJudge),
        (re.compile(r"[^/]*-images\.csv"), OpenImagesImagesJudge),
        (re.compile(r"class-descriptions-boxable\.csv"), OpenImagesClassesJudge),
    ),
    "via": ((re.compile(r"via_region_data_?[^/]*\.csv"), ViaJudge),),
    "automl": ((re.compile(r"annotations\.csv"), AutomlJudge),),
}
_SPLIT = re.compile(
    r"annotations_(.+)\.csv|(.+)_(?:labels|images)\.csv|(.+)-(?:annotations-bbox|images)\.csv|via_region_data_(.+)\.csv"
)
_BY_NAME = tuple(named for dialect in _DIALECTS.values() for named in dialect)
_HEADERS: Mapping[str, type[Judge]] = {
    judge.header: judge
    for judge in (
        LongJudge,
        TfodLabelsJudge,
        TfodImagesJudge,
        OpenImagesBoxesJudge,
        OpenImagesShortJudge,
        OpenImagesImagesJudge,
        OpenImagesListJudge,
        ViaJudge,
        ViaFirstJudge,
    )
    if judge.header is not None
}


def judge_at(dataset: Dataset, path: str, dialect: str | None) -> type[Judge] | None:
    """What judges the rows of a file; None for a file that is no table of ours.

    ``dialect`` is what the manifest says, None where there is none.
    """
    if dialect is not None and dialect in _DIALECTS:
        return _named(path, _DIALECTS[dialect])
    if not path.endswith(".csv"):
        return _named(path, _BY_NAME)
    return _told_by_content(dataset, path) or _named(path, _BY_NAME)


def tables(dataset: Dataset, dialect: str | None) -> Iterator[tuple[str, type[Judge]]]:
    """Tables lie at the top; the pictures below are not walked to find them."""
    for path in sorted(entry.name for entry in dataset.root.iterdir()):
        if path.endswith((".csv", ".parquet")) and dataset.exists(path):
            judge = judge_at(dataset, path, dialect)
            if judge is not None:
                yield path, judge


def split_of(path: str) -> str:
    """The split that the name of a table tells; empty where it tells none."""
    match = _SPLIT.fullmatch(path)
    return "" if match is None else next(filter(None, match.groups()), "")


def _named(path: str, named: tuple[_Named, ...]) -> type[Judge] | None:
    return next((judge for pattern, judge in named if pattern.fullmatch(path)), None)


def _told_by_content(dataset: Dataset, path: str) -> type[Judge] | None:
    """By the header, or by a first row that only one dialect without header has."""
    if not dataset.exists(path):
        return None
    head = next(dataset.stream(path, _HEAD), b"").removeprefix(MARK)
    line = head.partition(b"\n")[0].removesuffix(b"\r").decode("utf-8", "replace")
    if line in _HEADERS:
        return _HEADERS[line]
    cells = next((cells for _, cells in records(line, 1)), None)
    if cells is None:
        return None
    if len(cells) == AutomlJudge.columns and cells[0] in MACHINE_SETS:
        return AutomlJudge
    numbers = cells[1:5]
    if len(cells) == RetinanetJudge.columns and (all(map(str.isdecimal, numbers)) or not any(cells[1:])):
        return RetinanetJudge
    return None
