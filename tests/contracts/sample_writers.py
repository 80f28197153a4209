"""A good writer, and writers with one defect each: what the contract has to tell apart.

The tests put this folder on the path and register these classes by a plugin of their own, as ``pip`` would.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from exportkit import (
    AnnotationFault,
    AnnotationSkip,
    Canvas,
    Checker,
    CheckReport,
    Encoded,
    Finding,
    Fragments,
    NamingRule,
    Outcome,
    OutputFile,
    Piece,
    Placement,
    Plan,
    Record,
    RecordFault,
    UsageError,
    Writer,
    WriterOptions,
    failed,
    hookimpl,
    lossy,
    skipped,
    written,
)
from exportkit.records import Annotation, Box


class PlainWriter(Writer):
    """Boxes, one a line, in one table, and a note for each picture. Does everything right."""

    name = "plain"
    summary = "one line a box"
    kinds: ClassVar[Mapping[str, str]] = {"box": "written"}

    def encode(self, record: Record, placement: Placement) -> Encoded:
        canvas = Canvas(record.width, record.height, self.plan.invalid, self.plan.max_pixels)
        lines: list[str] = []
        outcomes = [self.outcome(annotation, canvas, lines) for annotation in record.annotations]
        note = (f"notes/{placement.split}/{placement.stem}.txt", b"%d\n" % len(lines))
        return Encoded(outcomes, [note], {"boxes.txt#rows": "".join(lines).encode()})

    def outcome(self, annotation: Annotation, canvas: Canvas, lines: list[str]) -> Outcome:
        if annotation.kind != "box":
            return skipped("S_KIND_UNSUPPORTED")
        try:
            box, codes = canvas.box(annotation)
        except AnnotationFault as fault:
            return failed(fault.code, fault.message, fault.json_path)
        except AnnotationSkip as skip:
            return skipped(skip.code, skip.message)
        return self.line(annotation, box, codes, lines)

    def line(self, annotation: Annotation, box: Box, codes: tuple[str, ...], lines: list[str]) -> Outcome:
        index = self.plan.class_index[str(annotation.label)]
        lines.append(f"{index} {box.x} {box.y} {box.width} {box.height}\n")
        return lossy(*codes) if codes else written("N_PLAIN_BOX")

    def files(self) -> Iterable[OutputFile]:
        yield OutputFile("boxes.txt", (b"index x y width height\n", Fragments("boxes.txt#rows")))


class UnregisteredWriter(PlainWriter):
    name = "unregistered"


# -- the class ---------------------------------------------------------------------------------------------


class WithABadName(PlainWriter):
    name = "Plain Writer"


class ForANewerInterface(PlainWriter):
    api_version = 99


class Demanding(WriterOptions):
    precision: int


class WithAnOptionWithoutDefault(PlainWriter):
    options_model = Demanding


class Tolerant(WriterOptions, extra="ignore"):
    precision: int = 1


class WithOptionsThatTakeAnything(PlainWriter):
    options_model = Tolerant


def writer_within_a_function() -> type[Writer]:
    class Hidden(PlainWriter):
        pass

    return Hidden


class WithAMood(PlainWriter):
    asked: ClassVar[list[int]] = []

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        cls.asked.append(1)
        return NamingRule(layout="flat" if len(cls.asked) % 2 else "tree")


class WithNumberingsOfNothing(PlainWriter):
    @classmethod
    def numberings(cls, options: WriterOptions) -> tuple[frozenset[str], ...]:
        return (frozenset({"boxes"}),)


# -- encoding ----------------------------------------------------------------------------------------------


class ThatRaises(PlainWriter):
    name = "that-raises"

    def encode(self, record: Record, placement: Placement) -> Encoded:
        if record.annotations and record.annotations[0].iscrowd is record.annotations[0].difficult is False:
            raise KeyError(record.item_id)
        return super().encode(record, placement)


class ThatReturnsALine(PlainWriter):
    def encode(self, record: Record, placement: Placement) -> Any:
        return b"line"


class WithAForeignRecordFault(PlainWriter):
    def encode(self, record: Record, placement: Placement) -> Encoded:
        raise RecordFault("E_TOO_DIFFICULT", "It is too difficult.")


class WithAMissingOutcome(PlainWriter):
    def encode(self, record: Record, placement: Placement) -> Encoded:
        encoded = super().encode(record, placement)
        return Encoded([o for o in encoded.outcomes if o.status != "skipped"], encoded.files, encoded.streams)


class WithOneOutcomeTooMany(PlainWriter):
    def encode(self, record: Record, placement: Placement) -> Encoded:
        encoded = super().encode(record, placement)
        return Encoded([*encoded.outcomes, written()], encoded.files, encoded.streams)


class _WithOutcomeOfWhole(PlainWriter):
    whole: ClassVar[Any] = written()

    def line(self, annotation: Annotation, box: Box, codes: tuple[str, ...], lines: list[str]) -> Outcome:
        super().line(annotation, box, codes, lines)
        outcome: Outcome = self.whole
        return lossy(*codes) if codes else outcome


class WithAnUnknownCode(_WithOutcomeOfWhole):
    whole = lossy("L_MADE_UP")


class WithTheCodeOfAnotherWriter(_WithOutcomeOfWhole):
    whole = lossy("L_OTHER_CLIPPED")


class WithTheCodeOfARecord(_WithOutcomeOfWhole):
    whole = failed("E_JSON", "The line is no JSON.")


class ThatCallsLossesWritten(_WithOutcomeOfWhole):
    whole = written("L_CLIPPED")


class ThatSkipsWithoutReason(_WithOutcomeOfWhole):
    whole = Outcome("skipped")


class ThatFailsWithoutAWord(_WithOutcomeOfWhole):
    whole = failed("E_ANNOTATION", "")


class WithAMessageOfManyLines(_WithOutcomeOfWhole):
    whole = failed("E_ANNOTATION", "It is\nbroken.")


class WithAnEndlessMessage(_WithOutcomeOfWhole):
    whole = failed("E_ANNOTATION", "broken " * 100)


class WithAJsonPathOfTheLine(_WithOutcomeOfWhole):
    whole = failed("E_ANNOTATION", "It is broken.", "$.data.annotations[0]")


class WithAWordForAnOutcome(_WithOutcomeOfWhole):
    whole = "written"


class WithAnUnknownNotice(PlainWriter):
    def notices(self) -> Iterable[tuple[str, str]]:
        yield "N_WELL_DONE", "All is well."


class WithATableOfOtherKinds(PlainWriter):
    kinds: ClassVar[Mapping[str, str]] = {"box": "written", "boxes": "written"}


class ThatPromisesTooMuch(PlainWriter):
    kinds: ClassVar[Mapping[str, str]] = {"box": "written", "polygon": "L_REGION_DROPPED"}


class ThatPromisesNothing(PlainWriter):
    kinds: ClassVar[Mapping[str, str]] = {}


class ThatTakesBoxesAsTheyAre(PlainWriter):
    def outcome(self, annotation: Annotation, canvas: Canvas, lines: list[str]) -> Outcome:
        box = annotation.box
        if annotation.kind != "box" or not isinstance(box, Box):
            return skipped("S_KIND_UNSUPPORTED")
        return self.line(annotation, box, (), lines)


class ThatAlwaysClips(PlainWriter):
    def outcome(self, annotation: Annotation, canvas: Canvas, lines: list[str]) -> Outcome:
        return super().outcome(annotation, Canvas(canvas.width, canvas.height, "clip"), lines)


class ThatWritesTagsUnseen(PlainWriter):
    kinds: ClassVar[Mapping[str, str]] = {"box": "written", "tag": "written"}

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        return "a line ends there" if "\n" in name else None

    def outcome(self, annotation: Annotation, canvas: Canvas, lines: list[str]) -> Outcome:
        return written() if annotation.kind == "tag" else super().outcome(annotation, canvas, lines)


class _Noting(PlainWriter):
    """Puts one more word into the note of each picture."""

    def word(self, record: Record) -> str:
        raise NotImplementedError

    def encode(self, record: Record, placement: Placement) -> Encoded:
        encoded = super().encode(record, placement)
        files = [(path, data + self.word(record).encode()) for path, data in encoded.files]
        return Encoded(encoded.outcomes, files, encoded.streams)


class ThatCounts(_Noting):
    name = "that-counts"

    def __init__(self, options: WriterOptions, plan: Plan) -> None:
        super().__init__(options, plan)
        self.count = 0

    def word(self, record: Record) -> str:
        self.count += 1
        return str(self.count)


class ThatCountsForAll(_Noting):
    name = "that-counts-for-all"
    count: ClassVar[list[int]] = []

    def word(self, record: Record) -> str:
        self.count.append(record.line)
        return str(len(self.count))


class ThatChangesThePlan(_Noting):
    def word(self, record: Record) -> str:
        names: Any = self.plan.class_index
        return str(names.setdefault("unheard of", 77))


class WithTheDate(_Noting):
    def word(self, record: Record) -> str:
        return time.strftime("%Y-%m-%d")


class WithTheYear(_Noting):
    def word(self, record: Record) -> str:
        return time.strftime("%Y")


class InTheOrderOfHashes(_Noting):
    def word(self, record: Record) -> str:
        return " ".join({"some", "words", "in", "the", "order", "of", "hashes", *self.plan.classes})


class ThatOpensAFile(_Noting):
    def word(self, record: Record) -> str:
        return str(len(Path(__file__).read_bytes()))


class WithTheLine(_Noting):
    name = "with-the-line"

    def word(self, record: Record) -> str:
        return str(record.line)


# -- files -------------------------------------------------------------------------------------------------


class WithAStreamWithoutFile(PlainWriter):
    def files(self) -> Iterable[OutputFile]:
        return ()


class WithAStreamOfAnotherFile(PlainWriter):
    def files(self) -> Iterable[OutputFile]:
        yield OutputFile("all/boxes.txt", (Fragments("boxes.txt#rows"),))


class WithAStreamInTwoPlaces(PlainWriter):
    def files(self) -> Iterable[OutputFile]:
        yield OutputFile("boxes.txt", (Fragments("boxes.txt#rows"), Fragments("boxes.txt#rows")))


class WithTextForBytes(PlainWriter):
    def encode(self, record: Record, placement: Placement) -> Encoded:
        lines: Any = "text"
        return Encoded(super().encode(record, placement).outcomes, streams={"boxes.txt#rows": lines})


class _WithNoteAt(PlainWriter):
    def path(self, placement: Placement) -> str:
        raise NotImplementedError

    def encode(self, record: Record, placement: Placement) -> Encoded:
        encoded = super().encode(record, placement)
        return Encoded(encoded.outcomes, [(self.path(placement), b"note\n")], encoded.streams)


class AboveTheDataset(_WithNoteAt):
    def path(self, placement: Placement) -> str:
        return f"../{placement.stem}.txt"


class AtAnAbsolutePath(_WithNoteAt):
    def path(self, placement: Placement) -> str:
        return f"/notes/{placement.stem}.txt"


class AtOnePathForAll(_WithNoteAt):
    def path(self, placement: Placement) -> str:
        return "notes/note.txt"


class InPlaceOfTheManifest(_WithNoteAt):
    def path(self, placement: Placement) -> str:
        return "exportkit-manifest.json"


class WithOnePictureForAll(PlainWriter):
    def picture_path(self, placement: Placement) -> str:
        return "images/picture.png"


class WithAFolderAbove(PlainWriter):
    def folders(self) -> Iterable[str]:
        yield "images/../.."


class WithTheFolderOfTheRun(PlainWriter):
    name = "with-the-folder"

    def files(self) -> Iterable[OutputFile]:
        head = f"# made in {Path.cwd()}\n".encode()
        yield OutputFile("boxes.txt", (head, Fragments("boxes.txt#rows")))


# -- whole datasets ----------------------------------------------------------------------------------------


class ThatNeedsARecord(PlainWriter):
    name = "that-needs-a-record"

    def __init__(self, options: WriterOptions, plan: Plan) -> None:
        if not plan.records:
            raise UsageError("There is no record.")
        super().__init__(options, plan)


class ThatItsCheckerRefuses(PlainWriter):
    name = "refused"


class StrictChecker(Checker):
    """Takes every dataset while it is made, and none that is published."""

    name = "refused"

    @classmethod
    def recognises(cls, dataset: Any) -> bool:
        return False

    def pieces(self) -> Iterator[Piece]:
        _, _, rows = self.dataset.read("boxes.txt").partition(b"\n")
        yield Piece("boxes.txt", rows, "rows", 2)

    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        rows = b"".join(piece.data for piece in pieces if piece.section == "rows")
        return CheckReport(findings=[], pictures=[], objects=rows.count(b"\n"))

    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        if self.dataset.exists("exportkit-manifest.json"):
            yield Finding("C_REFUSED_ANYWAY", "error", "It is not liked.", "boxes.txt")


# -- the plugin --------------------------------------------------------------------------------------------


@hookimpl
def exportkit_register_writers() -> Sequence[type[Writer]]:
    return [
        PlainWriter, ThatRaises, ThatCounts, ThatCountsForAll, WithTheLine,
        WithTheFolderOfTheRun, ThatNeedsARecord, ThatItsCheckerRefuses,
    ]  # fmt: skip


@hookimpl
def exportkit_register_checkers() -> Sequence[type[Checker]]:
    return [StrictChecker]
