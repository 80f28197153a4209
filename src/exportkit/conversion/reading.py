"""One bundle line to its records, hooks included; the same in the survey and in the encoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from exportkit.conversion.headers import HeaderProbe
from exportkit.conversion.rows import MediaRow, Row
from exportkit.conversion.setup import SurveySetup
from exportkit.errors import RecordFault
from exportkit.normalize import InputOptions, LineNormalizer, RecordSurvey, class_numbers, item_id, survey_of, turned
from exportkit.plugins import HookFault
from exportkit.records import Record
from exportkit.transforms import TransformFault, applied
from exportkit.transforms.chain import filtered
from exportkit.wire import canonical_item, restored_item, tolerant_loads

if TYPE_CHECKING:
    from exportkit.native._core import SeedRun, SeedSurveyor

__all__ = ["DROPPED", "RecordReader"]

#: Medium of a survey whose record a hook dropped.
DROPPED = "dropped"
#: Orientations beyond this one let width and height change places.
_LAST_UNSWAPPED = 4


class RecordReader:
    """Reads lines with the options and plugins of one run; made once per shard.

    Geometry is in display space before a hook or a writer sees it: where it was drawn on the stored pixels, ``probe``
    tells how the file is turned.
    """

    def __init__(self, setup: SurveySetup, probe: HeaderProbe) -> None:
        plugins = setup.plugins
        self._strict = setup.strict_json
        self._items = plugins.item_hooks
        self._ready = plugins.record_hooks
        normalizers = [entry.cls for owners in plugins.normalizers().values() for entry in owners]
        self._lines = _normalizer(setup.input, tuple(ordered(normalizers)), self._strict)
        self._parts = setup.parts
        self._skeleton = setup.input.skeleton
        self._transforms = setup.transforms
        #: Classes of records before any transform, gathered where there are transforms.
        self.met: set[str | None] = set()
        self._hooked = self._items is not None or self._ready is not None or bool(setup.transforms)
        self._numbered = setup.class_numbers
        self._turning = probe if setup.input.geometry_space == "stored" else None
        #: Only where nothing but the line decides about its record.
        self._place = self._lines.place if not self._hooked and self._turning is None else None

    @property
    def ordinary(self) -> Callable[[bytes | bytearray, int, int], RecordSurvey | None] | None:
        """Surveys an ordinary line, given by its place in a text, or refuses it; None where every line needs care."""
        return self._lines.ordinary if not (self._hooked or self._numbered) else None

    def surveyor(
        self,
        splits: dict[str | None, str],
        rules: tuple[tuple[bool, frozenset[str], frozenset[str]], ...],
        part: int,
        *,
        keeps_negatives: bool,
        folder: int,
        extensions: frozenset[str],
    ) -> SeedSurveyor | None:
        """Surveys runs of ordinary lines of a part; None where each line needs a look of its own.

        ``splits`` are the splits by the word that names them, which may grow; ``rules`` tell for each naming rule
        whether it is flat, and the extensions and folders that it refuses. Headers are read of files below the folder
        of this descriptor, unless it is -1; the names of their pictures have one of these extensions.
        """
        if self._hooked or self._numbered:
            return None
        return self._lines.surveyor(
            splits, rules, part, keeps_negatives=keeps_negatives, folder=folder, extensions=extensions
        )

    def survey(self, line: bytes) -> list[RecordSurvey]:
        """What the survey needs of each record of a line. Raises RecordFault where the whole line is wrong."""
        if not self._hooked:
            surveyed = self._lines.survey(line)
        else:
            identity, records = self._hooked_records(line)
            surveyed = [
                RecordSurvey(item_id=identity, medium=DROPPED) if record is None else survey_of(record, self._skeleton)
                for record in records
            ]
        if self._numbered and surveyed:
            surveyed[0].numbers = tuple(class_numbers(line))
        return surveyed

    @property
    def drift(self) -> set[str]:
        """Paths of unknown keys in the lines that went the general way so far."""
        return self._lines.drift

    def identity(self, line: bytes) -> int | str | None:
        """The id of a line that failed, if it can be read."""
        try:
            return item_id(tolerant_loads(line))
        except RecordFault:
            return None

    def run(self, source: bytearray, places: list[tuple[int, int, int, int]]) -> SeedRun | None:
        """The annotations of neighbouring rows, for makers of texts; None where they have to be objects.

        ``source`` holds their lines at these ``places``, as :class:`RowColumns` has them.
        """
        return self._lines.run(source, places) if self._place is not None else None

    def records(self, source: bytearray, start: int, row: Row, line_base: int) -> list[Record | None]:
        """The records of a surveyed line with their sizes; None for one that a hook dropped.

        The line lies in ``source`` from ``start`` on.
        """
        file, number = self._parts[row.part].path, row.line + line_base
        if self._place is not None and len(row.media) == 1:
            media = row.media[0]
            record = self._place(
                source, start, start + row.length, media.width, media.height, media.orientation, file, number
            )
            if record is not None:
                return [record]
        line = bytes(source[start : start + row.length])
        found: Sequence[Record | None]
        found = (
            self._hooked_records(line)[1] if self._hooked else self._turned(self._lines.records(line, surveyed=True))
        )
        return [
            None if record is None else _placed(record, media, file, number)
            for record, media in zip(found, row.media, strict=True)
        ]

    def _hooked_records(self, line: bytes) -> tuple[int | str, list[Record | None]]:
        try:
            if self._items is None:
                records = self._lines.records(line)
            else:
                given = tolerant_loads(line, strict=self._strict)
                identity = item_id(given)
                item = self._items(canonical_item(given))
                if item is None:
                    return identity, [None]
                records = self._lines.records_of(restored_item(item, given))
            records = self._turned(records)
            return records[0].item_id, [self._changed(record) for record in records]
        except (HookFault, TransformFault) as fault:
            raise RecordFault("E_WRITER", str(fault)) from fault

    def _changed(self, record: Record) -> Record | None:
        """What hooks and transforms leave of a record; annotations that they take away are accounted for."""
        found: Record | None = record
        if self._ready is not None:
            found = self._ready(record)
            if found is not None and found is not record:
                found = filtered(record, found, "a plugin")
        if found is None or not self._transforms:
            return found
        self.met.update([annotation.label for annotation in found.annotations])
        return applied(self._transforms, found)

    def _turned(self, records: list[Record]) -> list[Record]:
        """``records`` with their geometry in display space; the very same where nothing was drawn on stored pixels."""
        return records if self._turning is None else [_turned(record, self._turning) for record in records]


def _turned(record: Record, probe: HeaderProbe) -> Record:
    found = probe.size(survey_of(record))
    is_swapped = found.orientation > _LAST_UNSWAPPED
    stored = (found.height, found.width) if is_swapped else (found.width, found.height)
    return turned(record, found.orientation, *stored)


def _normalizer(options: InputOptions, normalizers: tuple[type, ...], strict: bool) -> LineNormalizer:
    return LineNormalizer(options, normalizers=normalizers, strict_json=strict)


def ordered(normalizers: list[type]) -> list[type]:
    """Built-in normalisers in their order, then those of plugins."""
    from exportkit.normalize import BUILTIN_NORMALIZERS

    others = [cls for cls in normalizers if cls not in BUILTIN_NORMALIZERS]
    return [*(cls for cls in BUILTIN_NORMALIZERS if cls in normalizers), *others]


def _placed(record: Record, media: MediaRow, file: str, line: int) -> Record:
    return msgspec.structs.replace(
        record,
        width=media.width,
        height=media.height,
        orientation=media.orientation,
        source_file=file,
        line=line,
    )
