"""Bundle lines to records: the fast path, and the general way where it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from exportkit.errors import RecordFault
from exportkit.native import core
from exportkit.normalize.contract import Normalizer
from exportkit.normalize.dm_v1 import DmV1Normalizer
from exportkit.normalize.dm_v2 import DmV2Normalizer, DmV2WrappedNormalizer
from exportkit.normalize.drift import unknown_keys
from exportkit.normalize.explain import explain
from exportkit.normalize.item import item_id, read_item
from exportkit.normalize.options import InputOptions
from exportkit.normalize.outside_numbers import judge_outside
from exportkit.normalize.seed import SeedNormalizer
from exportkit.normalize.seed_fast import SeedFast
from exportkit.normalize.seed_native import seed_reader
from exportkit.normalize.survey import RecordSurvey, survey_of
from exportkit.records import Record
from exportkit.records.numbers import quoted
from exportkit.wire.tolerant import tolerant_loads
from exportkit.wire.wrapper import unwrap

if TYPE_CHECKING:
    from exportkit.native._core import SeedRun, SeedSurveyor

__all__ = ["BUILTIN_NORMALIZERS", "LineNormalizer"]

#: Key paths are remembered up to here; what lies beyond is no drift but another schema.
_REMEMBERED_DRIFT = 1000

#: In the order in which a payload is offered to them (formats, section 1.3).
BUILTIN_NORMALIZERS: tuple[type[Normalizer], ...] = (
    DmV2WrappedNormalizer,
    SeedNormalizer,
    DmV1Normalizer,
    DmV2Normalizer,
)


class LineNormalizer:
    """Turns bundle lines into records with one set of options; make one per process.

    ``normalizers`` are asked in order; those of plugins follow the built-in ones. With ``strict_json`` a key
    that is given twice fails its record (formats, section 2.1).
    """

    def __init__(
        self,
        options: InputOptions | None = None,
        *,
        normalizers: Sequence[type[Normalizer]] = BUILTIN_NORMALIZERS,
        strict_json: bool = False,
    ) -> None:
        self._options = options or InputOptions()
        self._normalizers = tuple(normalizer() for normalizer in normalizers)
        self._strict_json = strict_json
        # A normaliser that stands before one of ours may claim its lines, so the fast path keeps out of its way.
        first = tuple(normalizers[: len(BUILTIN_NORMALIZERS)]) == BUILTIN_NORMALIZERS
        #: Paths of keys that no schema names, in the lines that went the general way.
        self.drift: set[str] = set()
        fast = first and not strict_json
        self._fast = SeedFast(self._options) if fast else None
        self._native = seed_reader(self._options) if fast else None

    @property
    def place(self) -> Callable[..., Record | None] | None:
        """Makes the one record of an ordinary line that was surveyed, in one go; None where there is no such way.

        Called with a text, start and end of the line within it, width, height and orientation of its picture, its
        part's path and its number; gives None for a line that only :meth:`records` can tell about.
        """
        return self._native.place if self._native is not None else None

    def run(self, text: bytearray, places: list[tuple[int, int, int, int]]) -> SeedRun | None:
        """The annotations of surveyed lines, kept for makers of texts; None where there is no such way.

        ``places`` are start and length of each line in ``text``, which must stay as it is, with width and height of
        its picture.
        """
        if core is None or self._native is None:
            return None
        made: SeedRun = core.SeedRun(reader=self._native, text=text, places=places)
        return made

    def records(self, line: bytes, *, surveyed: bool = False) -> list[Record]:
        """The records of one line without its line end. Raises RecordFault where the whole line is wrong.

        ``surveyed`` promises that :meth:`survey` took the same line before.
        """
        record = self._native.normalise(line, surveyed) if self._native is not None else None
        if record is None and self._fast is not None:
            record = self._fast.normalise(line, surveyed=surveyed)
        return [record] if record is not None else self.records_of(tolerant_loads(line, strict=self._strict_json))

    @property
    def ordinary(self) -> Callable[[bytes | bytearray, int, int], RecordSurvey | None] | None:
        """The quickest way to the survey of an ordinary line; None where there is no quicker one than :meth:`survey`.

        Called with a text, start and end of the line within it; gives None for a line that is not ordinary.
        """
        return self._native.survey if self._native is not None else None

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
        """Surveys runs of ordinary lines with this reader; None where there is no such way.

        ``folder`` is the descriptor of the folder of files whose headers are read, or -1; names of such files have one
        of these extensions.
        """
        if core is None or self._native is None:
            return None
        made: SeedSurveyor = core.SeedSurveyor(
            reader=self._native,
            splits=splits,
            rules=rules,
            part=part,
            keeps_negatives=keeps_negatives,
            folder=folder,
            extensions=extensions,
        )
        return made

    def survey(self, line: bytes) -> list[RecordSurvey]:
        """The surveys of the records of one line. Raises RecordFault as :meth:`records` does."""
        found = self._native.survey(line) if self._native is not None else None
        if found is None and self._fast is not None:
            found = self._fast.survey(line)
        if found is not None:
            return [found]
        skeleton = self._options.skeleton
        return [
            survey_of(record, skeleton) for record in self.records_of(tolerant_loads(line, strict=self._strict_json))
        ]

    def records_of(self, line: dict[str, Any]) -> list[Record]:
        """The records of one parsed line, by the general way. Raises RecordFault."""
        if len(self.drift) < _REMEMBERED_DRIFT:
            self.drift.update(unknown_keys(line))
        try:
            records = self._general(line)
        except RecordFault as fault:
            reason = explain(line).get(fault.json_path)
            if reason is None:
                raise
            raise RecordFault(fault.code, _with_reason(fault.message, reason), fault.json_path) from fault
        if any(record.rejected for record in records):
            return _explained(records, explain(line))
        return records

    def _general(self, line: dict[str, Any]) -> list[Record]:
        item_id(line)
        if line.get("data") is None:
            raise RecordFault("E_DATA_MISSING", "The line has no data: an unlabelled item is no negative.", "$.data")
        data, reason = unwrap(line["data"])
        if reason is not None:
            raise RecordFault("E_WRAPPER", reason, "$.data")
        if not isinstance(data, dict):
            raise RecordFault("E_DATA_MISSING", f"data must be an object, not {quoted(data)}.", "$.data")
        judge_outside(line)
        for normalizer in self._normalizers:
            if normalizer.recognises(data):
                return normalizer.normalise(read_item(line, data, self._options), self._options)
        text = "data is of no known schema: neither a list of annotations nor DM V1 or V2."
        path = "$.data.annotations" if "annotations" in data else "$.data"
        raise RecordFault("E_SCHEMA_UNKNOWN", text, path)


def _explained(records: list[Record], reasons: dict[str, str]) -> list[Record]:
    """``records`` whose refusals say what the shape wants at the bad place."""
    explained = []
    for record in records:
        rejected = tuple(
            msgspec.structs.replace(entry, message=_with_reason(entry.message, reasons[entry.json_path]))
            if entry.json_path in reasons
            else entry
            for entry in record.rejected
        )
        explained.append(msgspec.structs.replace(record, rejected=rejected))
    return explained


def _with_reason(message: str, reason: str) -> str:
    return f"{message.rstrip('.')} ({reason})."
