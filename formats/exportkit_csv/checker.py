"""Whether readers of CSV would take a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from exportkit.writing import Checker, CheckReport, Dataset, Finding, Picture, Piece
from exportkit_csv.judges import JUDGES, Judge, RowFacts
from exportkit_csv.reading import blocks, chunks_of_records, records, without_guard

__all__ = ["CsvChecker"]

_MARK = b"\xef\xbb\xbf"
_CONSUMERS = {"C_CSV_HEADER": "pandas", "C_CSV_FORMULA": "spreadsheets", "C_CSV_MISSING": "pandas"}
_CHUNK = 1 << 20


class CsvChecker(Checker):
    """Judges the long table and the tables of keras-retinanet and TF Object Detection."""

    name = "csv"

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        writer = (dataset.manifest or {}).get("writer")
        options = writer.get("options") if isinstance(writer, dict) else None
        self._options: dict[str, object] = options if isinstance(options, dict) else {}

    @classmethod
    def recognises(cls, dataset: Dataset) -> bool:
        return any(dataset.exists(path) for path in ("annotations.csv", "classes.csv", "label_map.pbtxt")) and bool(
            next(_tables(dataset), None)
        )

    def pieces(self) -> Iterator[Piece]:
        for path, judge in _tables(self.dataset):
            first = True
            for data, line in chunks_of_records(self.dataset.stream(path, _CHUNK)):
                start = len(_MARK) if first and data.startswith(_MARK) else 0
                if first and judge.header is not None:
                    end = data.find(b"\n") + 1 or len(data)
                    start, line = end, 2  # noqa: PLW2901 - the header is judged from the file's first bytes
                first = False
                if len(data) > start:
                    yield Piece(path, data[start:], f"{path}#rows", line)

    # -- rows ------------------------------------------------------------------------------------------

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        report = CheckReport(findings=[], pictures=[], facts={})
        judges: dict[str, Judge] = {}
        for piece in pieces:
            judge = judges.get(piece.path) or self._judge(piece.path, report.findings)
            if judge is None:
                continue
            judges[piece.path] = judge
            text = _text(piece, report.findings)
            if text is not None:
                for block, line in blocks(text, piece.line):
                    judge.rows(block, line if piece.line else 0)
        for path, judge in judges.items():
            report.facts[path] = judge.facts
            report.objects += judge.facts.objects
            report.pictures.extend(Picture(name, width, height, path) for name, width, height in judge.pictures)
            if path.endswith("_images.csv"):
                labels = judges.get(_labels_of(path))
                if labels is not None:
                    labels.facts.unlisted -= {name.removeprefix("images/") for name, _, _ in judge.pictures}
        return report

    def _judge(self, path: str, findings: list[Finding]) -> Judge | None:
        kind = _judge_of(path)
        if kind is None:
            return None

        def tell(code: str, severity: str, message: str, line: int) -> None:
            findings.append(_finding(code, severity, message, path, line or None))

        return kind(tell, raw=self._options.get("raw") is True)

    # -- the whole -------------------------------------------------------------------------------------

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        files: dict[str, RowFacts] = {}
        for report in reports:
            for path, facts in (report.facts or {}).items():
                _add(files.setdefault(path, RowFacts()), facts)
        for path, judge in _tables(self.dataset):
            yield from self._header(path, judge)
            facts = files.get(path, RowFacts())
            if facts.fractional and facts.greatest <= 1 and path.endswith("_labels.csv"):
                yield _finding("C_CSV_BOX", "error", "no coordinate is above 1: these are fractions, not pixels", path)
            if facts.unlisted:
                yield from self._unlisted(path, facts.unlisted)
        yield from self._pictures_without_row(files)

    def _header(self, path: str, judge: type[Judge]) -> Iterator[Finding]:
        head = next(self.dataset.stream(path, 1 << 16), b"")
        if head.startswith(_MARK):
            if self._options.get("bom") is not True:
                yield _finding(
                    "C_CSV_HEADER", "error", "a byte-order mark becomes part of the first column's name", path, 1
                )
            head = head[len(_MARK) :]
        if judge.header is not None and head.split(b"\n", 1)[0].removesuffix(b"\r") != judge.header.encode():
            yield _finding("C_CSV_HEADER", "error", f"the first line is not {judge.header}", path, 1)

    def _unlisted(self, path: str, names: set[str]) -> Iterator[Finding]:
        """Boxes of pictures that the table of pictures may list in another piece."""
        side = path.removesuffix("_labels.csv") + "_images.csv"
        left = set(names)
        if self.dataset.exists(side):
            for data, line in chunks_of_records(self.dataset.stream(side)):
                left -= {
                    without_guard(cells[0]) for _, cells in records(data.decode("utf-8", "replace"), line) if cells
                }
        for name in sorted(left):
            yield _finding(
                "C_CSV_NEGATIVE", "error", f"{ascii(name)[:120]} has boxes but is not listed in {side}", path
            )

    def _pictures_without_row(self, files: dict[str, RowFacts]) -> Iterator[Finding]:
        """Count first: only where the numbers differ are names compared."""
        told = sum(facts.pictures for path, facts in files.items() if not path.endswith(("_labels.csv", "classes.csv")))
        if sum(1 for _ in self.dataset.listing("images")) <= told:
            return
        known: set[str] = set()
        for piece in self.pieces():
            known.update(picture.path for picture in self.check_pieces([piece]).pictures)
        for path in self.dataset.listing("images"):
            if path not in known:
                yield _finding("C_CSV_NEGATIVE", "error", "the picture has no row and stands in no side table", path)


def _tables(dataset: Dataset) -> Iterator[tuple[str, type[Judge]]]:
    """Tables lie at the top; the pictures below are not walked to find them."""
    for path in sorted(entry.name for entry in dataset.root.iterdir()):
        judge = _judge_of(path)
        if judge is not None and dataset.exists(path):
            yield path, judge


def _judge_of(path: str) -> type[Judge] | None:
    return next((judge for pattern, judge in JUDGES if pattern.fullmatch(path)), None)


def _labels_of(images: str) -> str:
    return images.removesuffix("_images.csv") + "_labels.csv"


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
