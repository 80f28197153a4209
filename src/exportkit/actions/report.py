"""The report of an export for people: which file became what, and what was left out, as JSON and as a table."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from exportkit.actions.failures import LinesOnDisk
from exportkit.storage.refusals import refusals_of

__all__ = ["ExportReport", "ReportFile"]

_HEADER: Final = ("작업 ID", "원본 파일명", "구분", "익스포트된 파일명", "결과", "사유", "skip 건수", "skip 클래스")
#: What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_LISTS: Final = ("audit", "failures", "filename_collisions", "items", "rows")


@dataclass(frozen=True)
class ReportFile:
    """A file of an item: its group (``label``, ``original`` …), its name, what it is, and whether it was written."""

    group: str
    file_name: str
    kind: str
    emitted: bool = True


class ExportReport:
    """Filled while an export runs; every list lies on disk. :meth:`close` removes what was kept there."""

    SCHEMA_VERSION: Final = 2

    def __init__(self, format: str) -> None:  # noqa: A002 - the name that plugins use
        """`format` is the id of any format."""
        self._format = format
        self._folder = Path(tempfile.mkdtemp(prefix="exportkit-report-"))
        self._lists = {name: LinesOnDisk(self._folder / name) for name in _LISTS}
        self._classes: list[dict[str, Any]] = []
        self._warnings: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._metrics: dict[str, Any] = {}

    def add_item(
        self,
        item_id: Any,
        *,
        original_file_name: str | None,
        output_stem: str | None,
        files: Iterable[ReportFile] = (),
        audits: Iterable[Mapping[str, Any]] = (),
        failures: Iterable[Mapping[str, Any]] = (),
        class_names: Mapping[str, str] | None = None,
    ) -> None:
        """Take one item with its files, with annotations that were left out or changed, and with what failed.

        `class_names` are the names of classes by annotation id, for the column of skipped classes.
        """
        audited = [{"item_id": item_id, **audit} for audit in audits]
        failed = [{"item_id": item_id, **failure} for failure in failures]
        listed = [asdict(file) for file in files]
        for name, entries in (("audit", audited), ("failures", failed)):
            for entry in entries:
                self._lists[name].add(entry)
                self._reasons[str(entry.get("reason_code") or entry.get("code") or "")] += 1
        self._lists["items"].add(
            {
                "item_id": item_id,
                "original_file_name": original_file_name,
                "output_stem": output_stem,
                "files": listed,
                "audits": len(audited),
                "failures": len(failed),
            }
        )
        skipped = [audit for audit in audited if audit.get("outcome") == "skipped"]
        for file in listed or [{"group": "", "file_name": output_stem or "", "kind": "", "emitted": False}]:
            self._add_row(item_id, original_file_name, file, skipped, failed, class_names or {})

    def set_classes(self, registry: Any, start: int = 0) -> None:
        """The classes in their order; `registry` is a list of names, or has one as `names`."""
        names = registry if isinstance(registry, Sequence) else getattr(registry, "names", registry)
        self._classes = [{"index": number, "name": str(name)} for number, name in enumerate(names, start)]

    def add_warning(self, code: str) -> None:
        """Take one warning; equal ones are counted."""
        self._warnings[code] += 1

    def set_format_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Numbers that the format itself is interested in."""
        self._metrics = dict(metrics)

    def set_filename_collisions(self, collisions: Iterable[Mapping[str, Any]]) -> None:
        """Items whose name another one had first."""
        for collision in collisions:
            self._lists["filename_collisions"].add(dict(collision))

    def write(self, directory: Path) -> None:
        """Write ``export_report.json`` and ``export_report.csv``, an entry at a time."""
        with refusals_of("write", directory):
            with (directory / "export_report.json").open("w", encoding="utf-8", errors="backslashreplace") as file:
                self._write_json(file)
            path = directory / "export_report.csv"
            with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
                table = csv.writer(file, lineterminator="\r\n")
                table.writerow(_HEADER)
                table.writerows([_cell(value) for value in _cells(row)] for row in self._lists["rows"])

    def close(self) -> None:
        """Remove what was kept; a second call does nothing."""
        for lines in self._lists.values():
            lines.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _add_row(
        self,
        item_id: Any,
        original: str | None,
        file: Mapping[str, Any],
        skipped: Sequence[Mapping[str, Any]],
        failed: Sequence[Mapping[str, Any]],
        class_names: Mapping[str, str],
    ) -> None:
        outcome = "ok"
        if failed:
            outcome = "failed"
        elif not file["emitted"]:
            outcome = "not_applicable"
        elif skipped:
            outcome = "partial_skip"
        self._outcomes[outcome] += 1
        reasons = Counter(str(entry.get("reason_code") or entry.get("code") or "") for entry in failed or skipped)
        classes = {class_names.get(str(audit.get("annotation_id")), "") for audit in skipped} - {""}
        self._lists["rows"].add(
            {
                "item_id": item_id,
                "original_file_name": original,
                "group": file["group"],
                "file_name": file["file_name"],
                "outcome": outcome,
                "reasons": dict(sorted(reasons.items())),
                "skipped": len(skipped),
                "skipped_classes": sorted(classes),
            }
        )

    def _write_json(self, file: IO[str]) -> None:
        members: dict[str, Any] = {
            **self._lists,
            "classes": self._classes,
            "format": self._format,
            "format_metrics": self._metrics,
            "schema_version": self.SCHEMA_VERSION,
            "summary": {
                "items": self._lists["items"].count,
                "outcomes": dict(sorted(self._outcomes.items())),
                "reasons": dict(sorted(self._reasons.items())),
                "warnings": dict(sorted(self._warnings.items())),
            },
        }
        for place, (name, value) in enumerate(sorted(members.items())):
            file.write(f"{',' if place else '{'}\n {json.dumps(name)}: ")
            if isinstance(value, LinesOnDisk):
                file.writelines(_array(value))
            else:
                file.write(json.dumps(value, ensure_ascii=False, default=str))
        file.write("\n}\n")


def _array(entries: Iterable[Any]) -> Iterator[str]:
    separator = "["
    for entry in entries:
        yield f"{separator}\n  {json.dumps(entry, ensure_ascii=False)}"
        separator = ","
    yield "[]" if separator == "[" else "\n ]"


def _cells(row: Mapping[str, Any]) -> Iterator[Any]:
    yield row["item_id"]
    yield row["original_file_name"] or ""
    yield row["group"]
    yield row["file_name"]
    yield row["outcome"]
    yield "; ".join(f"{code} x{count}" if count > 1 else code for code, count in row["reasons"].items())
    yield row["skipped"]
    yield ", ".join(row["skipped_classes"])


def _cell(value: Any) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int) else text
