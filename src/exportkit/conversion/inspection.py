"""``exportkit inspect``: what a bundle holds, every part of every line judged."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from exportkit.bundles import Bundle, bundle_targets
from exportkit.conversion.line_errors import line_errors
from exportkit.conversion.planning import order_shards
from exportkit.conversion.repeated import forget_repeated
from exportkit.conversion.rows import Row, read_rows
from exportkit.conversion.setup import SurveySetup, store_setup
from exportkit.conversion.source import ShardSource
from exportkit.conversion.survey import run_survey
from exportkit.engines import open_engine
from exportkit.errors import AnnotationFault
from exportkit.normalize import InputOptions
from exportkit.plugins import PluginManager
from exportkit.records import Canvas
from exportkit.writing.ledger import Entry

__all__ = ["Inspection", "inspect_bundle"]

_LISTED_PROBLEMS = 1000


class Inspection(msgspec.Struct):
    """One target of a bundle."""

    target: str
    lines: int
    records: int
    annotations: int
    media: dict[str, int]
    splits: dict[str, int]
    kinds: dict[str, int]
    classes: dict[str, int]
    #: Smallest and largest picture as ``WxH``, and how many sizes are unknown; empty without pictures.
    sizes: dict[str, str | int]
    codes: dict[str, int]
    #: The first problems in record order.
    problems: list[Entry]
    bundle: dict[str, object]


def inspect_bundle(
    path: Path,
    target: str | None,
    options: InputOptions,
    plugins: PluginManager,
    workers: int,
    advance: Callable[[str, int, int], None],
) -> list[Inspection]:
    """Inspect one target, or all that the bundle holds. Nothing is written but temporary files.

    Raises BundleRefused and UsageError as a conversion would.
    """
    targets: list[str | None] = [target] if target is not None else [*bundle_targets(path)] or [None]
    return [_inspect(path, name, options, plugins, workers, advance) for name in targets]


def _inspect(
    path: Path,
    target: str | None,
    options: InputOptions,
    plugins: PluginManager,
    workers: int,
    advance: Callable[[str, int, int], None],
) -> Inspection:
    with tempfile.TemporaryDirectory(prefix="exportkit-inspect-") as name:
        spool = Path(name)
        bundle = Bundle.open(path, target, work=spool)
        size = sum(part.size for part in bundle.parts)
        setup = SurveySetup(
            bundle_root=bundle.root,
            parts=bundle.parts,
            probe=(bundle.root / "files").is_dir(),
            media="none",
            target=bundle.target,
            input=options,
            strict_json=False,
            validate_full=True,
            rules=(),
            plugins=plugins,
        )
        with open_engine(workers, size) as engine:
            stored = store_setup(spool / "survey.setup", setup)
            survey = run_survey(bundle, stored, spool, engine, lambda done: advance("survey", done, size))
        lines = sum(shard.lines for shard in survey.shards)
        ordering = order_shards(survey.shards, survey.first_lines, spool)
        forget_repeated(ordering.repeated, survey, setup)
        judge = _Judge()
        for error in line_errors(survey, ordering, bundle.parts, spool):
            judge.note(error)
        for shard in ordering.shards:
            rows = list(read_rows(shard.rows, Row))
            with ShardSource(setup, rows, shard.line_base) as source:
                judge.records(source)
        for notice in bundle.notices:
            judge.codes[notice.code] += 1
        kinds: Counter[str] = Counter()
        for (_, kind), count in survey.kinds.items():
            kinds[kind] += count
        return Inspection(
            target=bundle.target,
            lines=lines,
            records=sum(survey.splits.values()),
            annotations=judge.annotations,
            media=dict(sorted(survey.media.items())),
            splits=dict(sorted(survey.splits.items())),
            kinds=dict(sorted(kinds.items())),
            classes=dict(sorted(survey.labels.items())),
            sizes=judge.sizes(),
            codes=dict(sorted(judge.codes.items())),
            problems=judge.problems,
            bundle=bundle.describe(),
        )


class _Judge:
    """Reads every part of every record and keeps what is wrong."""

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.problems: list[Entry] = []
        self.annotations = 0
        self._smallest: tuple[int, int, int] | None = None
        self._largest: tuple[int, int, int] | None = None
        self._unknown = 0

    def note(self, entry: Entry) -> None:
        """Count one problem and list it while there is room."""
        self.codes[entry.code] += 1
        if len(self.problems) < _LISTED_PROBLEMS:
            self.problems.append(entry)

    def records(self, source: ShardSource) -> None:
        """Judge the records of one shard."""
        for row, records in source.records():
            for media, record in zip(row.media, records, strict=True):
                if record is None:
                    continue
                where = (record.source_file, record.line)
                self._size(record.width, record.height)
                if media.fault is not None:
                    self.note(Entry(record.item_id, *where, "survey", media.fault[0], media.fault[1], media.fault[2]))
                for code, message in (*record.notices, *media.notices):
                    self.note(Entry(record.item_id, *where, "survey", code, message, media=record.media_id))
                self.annotations += sum(a.weight for a in record.annotations) + sum(r.weight for r in record.rejected)
                for rejected in record.rejected:
                    self.note(
                        Entry(record.item_id, *where, "normalize", rejected.code, rejected.message, rejected.json_path)
                    )
                canvas = Canvas(record.width or 1_000_000, record.height or 1_000_000)
                for annotation in record.annotations:
                    for code in annotation.notices:
                        self.codes[code] += 1
                    for fault in canvas.judge(annotation):
                        self._fault(record.item_id, where, annotation.json_path, fault)

    def _fault(self, identity: int | str, where: tuple[str, int], path: str, fault: AnnotationFault) -> None:
        self.note(Entry(identity, *where, "judge", fault.code, fault.message, path + fault.json_path))

    def _size(self, width: int, height: int) -> None:
        if not width:
            self._unknown += 1
            return
        size = (width * height, width, height)
        self._smallest = min(self._smallest or size, size)
        self._largest = max(self._largest or size, size)

    def sizes(self) -> dict[str, str | int]:
        """Smallest and largest picture, and how many are unknown."""
        if self._smallest is None or self._largest is None:
            return {"unknown": self._unknown, "smallest": "-", "largest": "-"} if self._unknown else {}
        return {
            "smallest": f"{self._smallest[1]}x{self._smallest[2]}",
            "largest": f"{self._largest[1]}x{self._largest[2]}",
            "unknown": self._unknown,
        }
