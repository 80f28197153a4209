"""Whether readers of CSV would take a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit_csv.judge import Judge, Report, RowFacts
from exportkit_csv.layout import MARK, judge_at, split_of, tables
from exportkit_csv.parquet_judge import ParquetJudge
from exportkit_csv.reading import blocks, chunks_of_records, records, without_guard

__all__ = ["CsvChecker"]

_CONSUMERS = {
    "C_CSV_HEADER": "pandas",
    "C_CSV_FORMULA": "spreadsheets",
    "C_CSV_MISSING": "pandas",
    "C_PARQUET": "pyarrow",
}
_CHUNK = 1 << 20
_GROUP = "row group "
#: Findings of one code that are told of one file and batch of pieces; a hostile file could have millions.
_MOST_TOLD = 1_000


class CsvChecker(Checker):
    """Judges the long table, its Parquet twin, and the tables of all dialects, whoever wrote them."""

    name = "csv"
    single_files = True

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        writer = (dataset.manifest or {}).get("writer")
        options = writer.get("options") if isinstance(writer, dict) else None
        self._options: dict[str, object] = options if isinstance(options, dict) else {}
        dialect = self._options.get("dialect")
        self._dialect = dialect if isinstance(dialect, str) else None
        self._judges: dict[str, type[Judge] | None] = {}

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return next(tables(dataset, None), None) is not None

    @classmethod
    def recognises_file(cls, dataset: Dataset, path: str) -> bool:
        return path.endswith((".csv", ".parquet")) and judge_at(dataset, path, None) is not None

    def pieces(self) -> Iterator[Piece]:
        for path, judge in self._tables:
            if path.endswith(".parquet"):
                groups = self._parquet(path, []).groups()
                yield from (Piece(path, b"", f"{_GROUP}{number}", 1) for number in range(groups))
                continue
            first = True
            for data, line in chunks_of_records(self.dataset.stream(path, _CHUNK)):
                start = len(MARK) if first and data.startswith(MARK) else 0
                if first and judge.header is not None:
                    end = data.find(b"\n") + 1 or len(data)
                    start, line = end, 2  # noqa: PLW2901 - the header is judged from the file's first bytes
                first = False
                if len(data) > start:
                    yield Piece(path, data[start:], f"{path}#rows", line)

    @cached_property
    def _tables(self) -> list[tuple[str, type[Judge]]]:
        if self.file is not None:
            judge = judge_at(self.dataset, self.file, None)
            return [(self.file, judge)] if judge is not None else []
        return list(tables(self.dataset, self._dialect))

    # -- rows ------------------------------------------------------------------------------------------

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        report = CheckReport(findings=[], pictures=[], facts={})
        judges: dict[str, Judge | ParquetJudge] = {}
        staged = True
        for piece in pieces:
            staged = staged and not piece.line
            if piece.section.startswith(_GROUP):
                group = self._parquet(piece.path, report.findings)
                group.judge_group(int(piece.section.removeprefix(_GROUP)))
                judges[f"{piece.path}#{piece.section}"] = group
                continue
            judge = judges.get(piece.path) or self._judge(piece.path, report.findings)
            if not isinstance(judge, Judge):
                continue
            judges[piece.path] = judge
            text = _text(piece, report.findings)
            if text is not None:
                for block, line in blocks(text, piece.line):
                    judge.rows(block, line if piece.line else 0)
        for path, judge in judges.items():
            boxes = judges.get(_boxes_beside(path))
            if boxes is not None:
                boxes.facts.unlisted -= {picture.name for picture in judge.pictures}
        for key, judge in judges.items():
            self._take(report, key.partition("#")[0], judge, staged=staged)
        return report

    def _take(self, report: CheckReport, path: str, judge: Judge | ParquetJudge, *, staged: bool) -> None:
        """Add what a judge has noted. A staged dataset has its pictures judged already, and all its side tables."""
        _add(report.facts.setdefault(path, RowFacts()), judge.facts)
        report.objects += judge.facts.objects
        if not (isinstance(judge, ParquetJudge) or judge.lists_pictures or (not staged and self._lists(path))):
            return
        of_file = split_of(path)
        for name, width, height, split in judge.pictures:
            place = f"images/{name}" if staged else self._place(name, self._kind(path))
            if place is not None:
                report.pictures.append(Picture(place, width, height, path, split or of_file))

    def _judge(self, path: str, findings: list[Finding]) -> Judge | None:
        kind = self._kind(path)
        return None if kind is None else kind(_teller(path, findings), raw=self._options.get("raw") is True)

    def _parquet(self, path: str, findings: list[Finding]) -> ParquetJudge:
        return ParquetJudge(self.dataset, path, _teller(path, findings))

    def _kind(self, path: str) -> type[Judge] | None:
        if path not in self._judges:
            self._judges[path] = judge_at(self.dataset, path, self._dialect)
        return self._judges[path]

    def _lists(self, path: str) -> bool:
        """Whether a table is the one that names the pictures of its split."""
        kind = self._kind(path)
        if kind is None or kind.lists_pictures:
            return kind is not None
        return kind.side is not None and not self.dataset.exists(_side_of(path, kind))

    # -- pictures --------------------------------------------------------------------------------------

    def _place(self, name: str, kind: type[Judge] | None) -> str | None:
        """Path of a picture that a table names; None where it lies on another machine."""
        prefix = self._options.get("prefix")
        name = name.removeprefix(prefix) if isinstance(prefix, str) else name
        if "://" in name:
            return None
        if kind is not None and kind.folder is None:
            return self._stems.get(name, f"images/{name}")
        place = f"{kind.folder if kind is not None else ''}{name}"
        if self._dialect is None and not self.dataset.exists(place) and self.dataset.exists(name):
            # Other tools put pictures beside their tables.
            return name
        return place

    @cached_property
    def _stems(self) -> dict[str, str]:
        """Pictures by their name without folder and extension."""
        folder = "images" if self.dataset.is_dir("images") else ""
        found: dict[str, str] = {}
        for path in self.dataset.listing(folder):
            found.setdefault(path[path.rfind("/") + 1 :].rpartition(".")[0], path)
        return found

    # -- the whole -------------------------------------------------------------------------------------

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        files: dict[str, RowFacts] = {}
        for report in reports:
            for path, facts in (report.facts or {}).items():
                _add(files.setdefault(path, RowFacts()), facts)
        for path, judge in self._tables:
            yield from self._header(path, judge)
            facts = files.get(path, RowFacts())
            if facts.fractional and facts.greatest <= 1:
                # What exportkit has written is in pixels, however small; of others it is the likelier mistake.
                severity = "error" if self.dataset.manifest is None else "warn"
                yield _finding("C_CSV_BOX", severity, "no coordinate is above 1, as if they were fractions", path)
            if facts.unlisted:
                yield from self._unlisted(path, judge, facts.unlisted)
        if not self._tables:
            yield from self._nothing_known()
        if self.file is None:
            yield from self._pictures_without_row(files)

    def _nothing_known(self) -> Iterator[Finding]:
        for path in sorted(entry.name for entry in self.dataset.root.iterdir()):
            if path.endswith(".csv") and self.dataset.exists(path):
                yield _finding("C_CSV_HEADER", "error", "the first line is that of no dialect", path, 1)

    def _header(self, path: str, judge: type[Judge]) -> Iterator[Finding]:
        if path.endswith(".parquet"):
            findings: list[Finding] = []
            self._parquet(path, findings).judge_schema()
            yield from findings
            return
        head = next(self.dataset.stream(path, 1 << 16), b"")
        if head.startswith(MARK):
            if self._options.get("bom") is not True:
                yield _finding(
                    "C_CSV_HEADER", "error", "a byte-order mark becomes part of the first column's name", path, 1
                )
            head = head[len(MARK) :]
        if judge.header is not None and head.split(b"\n", 1)[0].removesuffix(b"\r") != judge.header.encode():
            yield _finding("C_CSV_HEADER", "error", f"the first line is not {judge.header}", path, 1)

    def _unlisted(self, path: str, judge: type[Judge], names: set[str]) -> Iterator[Finding]:
        """Boxes of pictures that the table of pictures may list in another piece."""
        side = _side_of(path, judge)
        if not self.dataset.exists(side):
            return
        left = set(names)
        for data, line in chunks_of_records(self.dataset.stream(side)):
            left -= {without_guard(cells[0]) for _, cells in records(data.decode("utf-8", "replace"), line) if cells}
        for name in sorted(left):
            yield _finding(
                "C_CSV_NEGATIVE", "error", f"{ascii(name)[:120]} has boxes but is not listed in {side}", path
            )

    def _pictures_without_row(self, files: dict[str, RowFacts]) -> Iterator[Finding]:
        """Count first: only where the numbers differ are names compared."""
        told = sum(facts.pictures for path, facts in files.items() if self._lists(path))
        if sum(1 for _ in self.dataset.listing("images")) <= told:
            return
        known: set[str] = set()
        for piece in self.pieces():
            known.update(picture.path for picture in self.check_pieces([piece]).pictures)
        for path in self.dataset.listing("images"):
            if path not in known:
                yield _finding("C_CSV_NEGATIVE", "error", "the picture has no row and stands in no side table", path)


def _side_of(path: str, judge: type[Judge]) -> str:
    """The table of pictures beside a table of boxes."""
    own, side = judge.side or ("", "")
    return path.removesuffix(own) + side


def _boxes_beside(path: str) -> str:
    """The table of boxes beside a table of pictures."""
    if path.endswith("_images.csv"):
        return path.removesuffix("_images.csv") + "_labels.csv"
    return path.removesuffix("-images.csv") + "-annotations-bbox.csv" if path.endswith("-images.csv") else ""


def _teller(path: str, findings: list[Finding]) -> Report:
    told: Counter[str] = Counter()

    def tell(code: str, severity: str, message: str, line: int) -> None:
        told[code] += 1
        if told[code] <= _MOST_TOLD:
            findings.append(_finding(code, severity, message, path, line or None))

    return tell


def _text(piece: Piece, findings: list[Finding]) -> str | None:
    try:
        text = piece.data.decode("utf-8")
    except UnicodeDecodeError as error:
        findings.append(_finding("C_TEXT", "error", f"the bytes are no UTF-8: {error.reason}", piece.path))
        return None
    if "\0" in text:
        findings.append(_finding("C_TEXT", "error", "a NUL character ends the file for some readers", piece.path))
    return text


def _add(whole: RowFacts, part: RowFacts) -> None:
    whole.pictures += part.pictures
    whole.objects += part.objects
    whole.unlisted |= part.unlisted
    whole.greatest = max(whole.greatest, part.greatest)
    whole.fractional = whole.fractional or part.fractional


def _finding(code: str, severity: str, message: str, path: str, line: int | None = None) -> Finding:
    level = "error" if severity == "error" else "warn"
    return Finding(code, level, message, file=path, line=line, consumer=_CONSUMERS.get(code))  # type: ignore[arg-type]
