"""The template carried out: every item on its own, so that a bad one costs nothing but itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from exportkit.actions.error_policy import ErrorPolicy
from exportkit.actions.metrics import MetricsRecord
from exportkit.actions.run_adapter import ExporterRunAdapter
from exportkit.actions.workplace import Workplace
from exportkit.clients import LineFault
from exportkit.errors import ConversionFailed, ExportkitError, RecordFault, words_of
from exportkit.writing.names import split_stem

__all__ = ["Converted", "TemplateMethods", "TemplateRun"]


#: What is remembered of an item while it is converted.
_KEPT = ("id", "files", "files_all")


class TemplateMethods(Protocol):
    """What the template asks of an exporter."""

    run: ExporterRunAdapter
    sdk_managed_original_files: bool
    original_file_metrics_record: MetricsRecord
    data_file_metrics_record: MetricsRecord

    def begin_item(self, item: Any) -> None: ...
    def report_item(self, item: Any, result: Any, failure: BaseException | None) -> None: ...
    def process_data_conversion(self, export_item: Any) -> Any: ...
    def process_file_saving(
        self,
        final_data: Any,
        unique_export_path: Path,
        save_original_file_flag: bool,
        errors_json_file_list: Any,
        errors_original_file_list: Any,
        original_file_metrics_record: MetricsRecord,
        data_file_metrics_record: MetricsRecord,
        no: int,
    ) -> bool: ...
    def additional_file_saving(self, unique_export_path: Path) -> None: ...


class Converted(NamedTuple):
    """A converted item, or what it failed with."""

    item: Any
    data: Any = None
    error: BaseException | None = None
    #: Where it failed.
    step: str = "convert_data"


class TemplateRun:
    """One run of an exporter over its items; the counts are public and right at any moment."""

    def __init__(
        self,
        exporter: TemplateMethods,
        workplace: Workplace,
        *,
        save_originals: bool,
        policy: ErrorPolicy | None = None,
        on_progress: Callable[[int], None] = lambda _number: None,
    ) -> None:
        self._exporter = exporter
        self._work = workplace
        self._save_originals = save_originals
        self._policy = policy or ErrorPolicy()
        self._on_progress = on_progress
        self._latest = ""
        self._failure: BaseException | None = None
        #: The item that was written last, as far as it says of itself what it is.
        self.last_item: Any = None
        self.received = 0
        self.exported = 0
        self.failed = 0
        self.failed_originals = 0
        self.unexported_files = 0

    def counts(self) -> dict[str, int]:
        """The counts as a result shows them."""
        return {
            "exported_count": self.exported,
            "failed_count": self.failed,
            "failed_originals": self.failed_originals,
            "unexported_files": self.unexported_files,
        }

    def converted(self, items: Iterable[Any]) -> Iterator[Converted]:
        """Convert one item after the other, while the originals of the next ones are fetched."""
        managed = self._save_originals and self._exporter.sdk_managed_original_files
        for item in self._work.originals.ahead_of(items) if managed else items:
            fault = getattr(item, "fault", None)
            if fault is not None:
                yield Converted(item, error=fault, step="prepare_export")
                continue
            # What the item says of itself, whatever a plugin makes of it.
            kept = {key: item.get(key) for key in _KEPT} if isinstance(item, dict) else item
            self._exporter.begin_item(kept)
            try:
                data = self._exporter.process_data_conversion(item)
            except ExportkitError:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the border of one item
                yield Converted(kept, error=error)
            else:
                yield Converted(kept, data)

    def save(self, converted: Iterable[Converted]) -> None:
        """Write every converted item. Raises ConversionFailed by the policy, and what no item is to blame for."""
        for result in converted:
            self.received += 1
            failed = self.failed
            if result.error is not None:
                self._fail(result.item, result.step, result.error)
            else:
                self._save_one(result)
            self._exporter.report_item(result.item, result.data, self._failure if self.failed > failed else None)
            if self.failed > failed:
                self._policy.judge(self.failed, self.received, self._latest)
            self._on_progress(self.received)

    def lost(self, fault: LineFault) -> None:
        """Count a line that no item could be made of."""
        self.received += 1
        self.failed += 1
        self._latest = f"{fault.file}, line {fault.line}: {fault.message}"
        self._work.failures.add(
            fault.id,
            fault.file,
            "fetch_results",
            code=fault.code,
            kind="RecordFault",
            message=fault.message,
            line=fault.line,
        )

    def finish(self) -> None:
        """Close what belongs to all items, and refuse a result that holds nothing.

        Raises ConversionFailed, and whatever `additional_file_saving` raises.
        """
        self._policy.judge(self.failed, self.received, self._latest, over=True)
        if self.received and self.failed == self.received:
            raise ConversionFailed(self._all_failed())
        self._exporter.additional_file_saving(self._work.stage)
        if self.received and not holds_file(self._work.stage):
            raise ConversionFailed(
                f"{self.received} items were fetched and no file was written, so nothing was published."
            )

    def _save_one(self, result: Converted) -> None:
        work, exporter = self._work, self._exporter
        exporter.begin_item(result.item)
        try:
            saved: bool | None = exporter.process_file_saving(
                result.data,
                work.stage,
                self._save_originals,
                work.errors_json,
                work.errors_original,
                exporter.original_file_metrics_record,
                exporter.data_file_metrics_record,
                self.received,
            )
        except ExportkitError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the border of one item
            self._take_rows(result.item)
            self._fail(result.item, "save_files", error)
            return
        labels, originals = self._take_rows(result.item)
        self.failed_originals += originals
        # A method that returns nothing succeeded if it named no error.
        if saved or (saved is None and not labels):
            self.exported += 1
        else:
            self.failed += 1
            if not labels:
                fault = RecordFault("E_WRITER", "process_file_saving returned False and named no error.")
                self._list(result.item, "save_files", fault)
        self.last_item = result.item
        self._count_files(result.item)

    def _fail(self, item: Any, step: str, error: BaseException) -> None:
        self.failed += 1
        self._list(item, step, error)
        self._exporter.data_file_metrics_record.settle(succeeded=False)

    def _list(self, item: Any, step: str, error: BaseException) -> None:
        identity, name = _told(item)
        self._failure = error
        self._latest = f"item {identity!r} in {step}: {type(error).__name__}: {words_of(error)}"
        label = f"{split_stem(name)[0] or '<unknown>'}.json"
        self._work.errors_json.append([label, words_of(error)])
        self._work.errors_json.latest()
        self._work.failures.raised(identity, label, step, error)

    def _take_rows(self, item: Any) -> tuple[int, int]:
        """Tell the rows that the item's methods appended to the item; (label rows, original rows)."""
        identity, _ = _told(item)
        counts = []
        for rows, step in (
            (self._work.errors_json, "save_as_json"),
            (self._work.errors_original, "save_original_file"),
        ):
            latest = rows.latest()
            for row in latest:
                file, message = (str(part) for part in (*row, "", "")[:2]) if _is_row(row) else ("<unknown>", str(row))
                code = getattr(row, "code", "E_WRITER")
                self._work.failures.add(identity, file, step, code=code, kind="RecordFault", message=message)
                if step == "save_as_json":
                    self._failure = RecordFault(code, message)
                    self._latest = f"item {identity!r} in {step}: {message}"
            counts.append(len(latest))
        return counts[0], counts[1]

    def _count_files(self, item: Any) -> None:
        files = item.get("files_all") if isinstance(item, dict) else None
        managed = self._save_originals and self._exporter.sdk_managed_original_files
        if managed and isinstance(files, dict) and len(files) > 1:
            self.unexported_files += len(files) - 1

    def _all_failed(self) -> str:
        first = self._work.failures.first[0]
        return (
            f"All {self.received} items failed, so nothing was published; the first: item {first['id']!r} "
            f"in {first['step']}: {first['type']}: {first['message']}"
        )


def holds_file(folder: Path) -> bool:
    """Whether there is a file in a folder, or in one below it."""
    return any(names for _, _, names in os.walk(folder))


def _is_row(row: Any) -> bool:
    return isinstance(row, (list, tuple))


def _told(item: Any) -> tuple[Any, str]:
    """Id and file name of an item, as far as it has them."""
    if not isinstance(item, dict):
        return None, ""
    files = item.get("files")
    name = files.get("file_name_original") if isinstance(files, dict) else None
    return item.get("id"), name.replace("\\", "/").rpartition("/")[2] if isinstance(name, str) else ""
