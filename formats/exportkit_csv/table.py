"""What all tables of the CSV writer have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from exportkit.records import Annotation, Record
from exportkit.writing import Encoded, EncodedRun, Fragments, Outcome, OutputFile, Placement, Plan, RecordRun, failed
from exportkit.writing.precision import Precision
from exportkit_csv.cell import quoted_cell, text_cell
from exportkit_csv.options import CsvOptions, Dialect

__all__ = ["NEGATIVE_ELSEWHERE", "Table", "class_fault"]

_MARK = b"\xef\xbb\xbf"
#: Notice of a picture without objects where only a side table lists it.
NEGATIVE_ELSEWHERE = (("N_NEGATIVE_ELSEWHERE", "The picture has no row; it stands in the table of pictures."),)


def class_fault(name: str, dialect: Dialect = "long") -> str | None:
    """Why the readers of a dialect cannot be given a class name, or None."""
    if "\0" in name:
        return "readers of CSV end or refuse a file at a NUL character"
    if dialect == "automl" and ("\n" in name or "\r" in name):
        return "the importer takes each line for a record, also between quotes"
    return None


class Table(ABC):
    """One dialect: what a record's rows are, and which files they make."""

    #: Kinds that :meth:`encode_run` takes without a box, too.
    boxless: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, options: CsvOptions, plan: Plan) -> None:
        self.options = options
        self.plan = plan
        #: Makes a text cell; ``raw`` leaves formulas alive.
        self.text = quoted_cell if options.raw else text_cell
        self.precision = Precision(options.precision)
        self.end = "\r\n" if options.eol == "crlf" else "\n"
        #: Class name, or one that stands for it → its cell, for every class that can be written.
        self.labels = {
            name: self.text(plan.classes[index])
            for name, index in plan.class_index.items()
            if class_fault(plan.classes[index], options.dialect) is None
        }

    @abstractmethod
    def encode(self, record: Record, placement: Placement) -> Encoded:
        """What one record becomes."""

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        """What the leading records of a run become; by default they are encoded one by one."""
        del run
        return None

    def notices(self) -> Iterable[tuple[str, str]]:
        """Run-scoped notices (code, message)."""
        return ()

    @abstractmethod
    def files(self) -> Iterable[OutputFile]:
        """The files of the dialect."""

    def lines(self, rows: Iterable[str]) -> bytes:
        """Rows as bytes, each with its line end."""
        end = self.end
        text = end.join(rows)
        return (text + end).encode("utf-8") if text else b""

    def byte_lines(self, rows: Iterable[bytes]) -> bytes:
        """The same of rows that are bytes already."""
        end = self.end.encode()
        text = end.join(rows)
        return text + end if text else b""

    def literal(self, path: str, rows: Iterable[str]) -> OutputFile:
        """A table that the plan alone fills."""
        known = self.lines(rows)
        return OutputFile(path, (_MARK + known if self.options.bom else known,))

    def file(self, path: str, header: str = "") -> OutputFile:
        """A table of its header and the rows of all records."""
        known = self.lines([header] if header else ())
        return OutputFile(path, (_MARK + known if self.options.bom else known, Fragments(f"{path}#rows")))

    def split_names(self) -> tuple[str, ...]:
        """Splits that have pictures; ``train`` where nothing has."""
        return tuple(split.name for split in self.plan.splits if split.records) or ("train",)

    def class_failure(self, annotation: Annotation) -> Outcome:
        """The outcome of an annotation whose class has no cell."""
        name = annotation.label or ""
        shown = ascii(name[:120])
        if (fault := class_fault(name, self.options.dialect)) is not None:
            return failed("E_CLASS_UNREPRESENTABLE", f"The class {shown} cannot be written: {fault}; rename it.")
        return failed("E_CLASS_UNKNOWN", f"The class {shown} is not in the class map; add it to the list.")
