"""The template that plugins fill in: one item at a time, from a mapping to its files."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from exportkit.actions.error_lists import OWN_FILES, write_error_lists
from exportkit.actions.export_output import ExportOutput
from exportkit.actions.failures import ErrorRow, code_of
from exportkit.actions.metrics import ExportStatus, MetricsRecord
from exportkit.actions.parallel_download import download_files_parallel
from exportkit.actions.report import ExportReport, ReportFile
from exportkit.actions.run_adapter import ExporterRunAdapter
from exportkit.actions.saved_item import NamedFile, named_file, written_value
from exportkit.actions.stem_manifest import planned_stems
from exportkit.actions.tail import ExportTail
from exportkit.actions.template_run import TemplateRun
from exportkit.actions.workplace import Workplace
from exportkit.errors import RecordFault, words_of
from exportkit.storage.refusals import refusals_of
from exportkit.writing.names import split_stem

__all__ = ["BaseExporter"]

LABELS = "label_output_path"
ORIGINALS = "origin_files_output_path"


class BaseExporter:
    """Subclass, override what differs, and name the class as the entry point of an export.

    For each item ``before_convert`` → ``convert_data`` → ``after_convert`` → ``process_file_saving``; once at the end
    ``additional_file_saving``. An exception in any of them costs that item, in the last one the export. Paths that
    methods get lie in a folder that becomes visible at the end; only what is below it may be relied on.
    """

    #: Folder of the label files; None writes them at the top level.
    label_output_dirname: ClassVar[str | None] = "labels"
    #: False for an exporter that places originals by itself.
    sdk_managed_original_files: ClassVar[bool] = True
    #: Name all items before the first is written: see :meth:`prepare_output_stem_manifest`.
    use_output_stem_manifest: ClassVar[bool] = False
    #: Run the saving step also without an item.
    finalize_empty_export: ClassVar[bool] = False
    #: Write ``export_report.json`` and ``export_report.csv``.
    export_report_enabled: ClassVar[bool] = False
    #: What the report calls the format, unless the parameter ``format`` says it.
    report_format: ClassVar[str] = "json"
    #: What becomes of the items; None is this template.
    tail: ClassVar[type[ExportTail] | None] = None

    def __init__(self, ctx: Any, export_items: Iterable[Any], path_root: Path | str, **params: Any) -> None:
        """``params`` are name, count, save_original_file, path, target, filter … and everything in extra_params."""
        self.ctx = ctx
        self.export_items = export_items
        self.path_root = Path(path_root)
        self.params = params
        self.run = ExporterRunAdapter(getattr(ctx, "logger", None), ctx)
        count = params.get("count")
        waiting = count if isinstance(count, int) and not isinstance(count, bool) else 0
        self.original_file_metrics_record = MetricsRecord(stand_by=waiting)
        self.data_file_metrics_record = MetricsRecord(stand_by=waiting)
        self.output_paths: dict[str, Path] = {}
        self.output_stem_manifest: Mapping[Any, str] = {}
        #: The report of the export, with `export_report_enabled`; a plugin may add to it.
        self.export_report: ExportReport | None = None
        self._workplace: Workplace | None = None
        self._source: Any = None
        self._stems: dict[str, str] = {}

    # -- what plugins override -----------------------------------------------------------------------------

    def before_convert(self, data: dict[str, Any]) -> dict[str, Any]:
        """The item before it is converted."""
        return data

    def convert_data(self, data: dict[str, Any]) -> Any:
        """What is written for the item: a mapping with ``data``, any other mapping, a list or a scalar."""
        return data

    def after_convert(self, data: Any) -> Any:
        """The result after it was converted."""
        return data

    def setup_output_directories(self, unique_export_path: Path, save_original_file_flag: bool) -> dict[str, Path]:
        """Make the folders of the export and return them by name."""
        paths = {LABELS: unique_export_path / (self.label_output_dirname or ".")}
        if save_original_file_flag and self.sdk_managed_original_files:
            paths[ORIGINALS] = unique_export_path / "origin_files"
        for path in paths.values():
            path.mkdir(parents=True, exist_ok=True)
        return paths

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
    ) -> bool:
        """Write the files of item number `no` (from 1). False means that the item failed."""
        self.run.set_progress(no, max(no, self._announced))
        paths = self.output_paths
        if save_original_file_flag and self.sdk_managed_original_files:
            place = paths.get(ORIGINALS, unique_export_path / "origin_files")
            status = self.save_original_file(final_data, place, errors_original_file_list)
            original_file_metrics_record.settle(succeeded=status == ExportStatus.SUCCESS)
            self.run.log_metrics(original_file_metrics_record, "original_file")
        place = paths.get(LABELS, unique_export_path / (self.label_output_dirname or "."))
        status = self.save_as_json(final_data, place, errors_json_file_list)
        data_file_metrics_record.settle(succeeded=status == ExportStatus.SUCCESS)
        self.run.log_metrics(data_file_metrics_record, "data_file")
        return bool(status == ExportStatus.SUCCESS)

    def additional_file_saving(self, unique_export_path: Path) -> None:
        """Write what belongs to the export as a whole. An exception fails the export."""

    def get_original_file_name(self, files: Mapping[str, Any]) -> str | None:
        """The name that an item's files go by."""
        name = files.get("file_name_original") if isinstance(files, Mapping) else None
        return name if isinstance(name, str) else None

    # -- what plugins call ---------------------------------------------------------------------------------

    def process_data_conversion(self, export_item: Any) -> Any:
        """The three conversions in turn."""
        return self.after_convert(self.convert_data(self.before_convert(export_item)))

    def save_original_file(self, result: Any, base_path: Path, error_file_list: Any) -> ExportStatus:
        """Put the original of an item into `base_path`; what goes wrong is a row of the list, not an exception."""
        named = self._named(result)
        shown = named.original or "<unknown>"
        try:
            if named.fault is not None:
                raise named.fault
            if named.stem is None or not (named.entry.get("url") or named.entry.get("bundle_path")):
                text = "file information missing (url or file_name_original)"
                raise RecordFault("E_FILE_MISSING", text, "$.files_manifest")
            shown = self._claimed(named) + named.extension
            base_path.mkdir(parents=True, exist_ok=True)
            self.workplace.originals.put(named.entry, base_path / shown)
        except RecordFault as fault:
            error_file_list.append(ErrorRow(named.original or "<unknown>", fault))
            self.run.export_log_original_file(named.identity, {"file_name": shown}, ExportStatus.FAILED, str(fault))
            return ExportStatus.FAILED
        self.workplace.written += 1
        self.run.export_log_original_file(named.identity, {"file_name": shown}, ExportStatus.SUCCESS, "")
        return ExportStatus.SUCCESS

    def save_as_json(self, result: Any, base_path: Path, error_file_list: Any) -> ExportStatus:
        """Write the result of an item into `base_path`; what goes wrong is a row of the list, not an exception."""
        named = self._named(result)
        shown = f"{named.wanted}.json"
        try:
            if named.fault is not None:
                raise named.fault
            value = written_value(result)
            if value is None:
                self.run.log_export_event("NULL_DATA_DETECTED", named.identity)
                raise RecordFault("E_DATA_MISSING", "data is Null", "$.data")
            shown = f"{self._claimed(named)}.json"
            try:
                text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
            except (TypeError, ValueError, RecursionError) as error:
                raise RecordFault("E_WRITER", f"The result is no JSON: {words_of(error)}") from error
        except RecordFault as fault:
            error_file_list.append(ErrorRow(shown, fault))
            self.run.export_log_data_file(named.identity, {"file_name": shown}, ExportStatus.FAILED, str(fault))
            return ExportStatus.FAILED
        _store(base_path / shown, text)
        self.workplace.written += 1
        self.run.export_log_data_file(named.identity, {"file_name": shown}, ExportStatus.SUCCESS, "")
        return ExportStatus.SUCCESS

    def export(self, export_items: Iterable[Any] | None = None, results: Any = None, **_more: Any) -> dict[str, Any]:
        """Run the whole template into ``<path_root>/<name>``, without an action around it.

        Raises ConversionFailed where every item failed; the other failures are in the result.
        """
        items = export_items if export_items is not None else results if results is not None else self.export_items
        output = ExportOutput(self.path_root, str(self.params.get("name") or "export"))
        output.open()
        workplace = Workplace(output.stage, output.spool, None, workers=self.download_workers)
        try:
            self.open_workplace(workplace)
            run = TemplateRun(cast("Any", self), workplace, save_originals=self.saves_originals)
            run.save(run.converted(items))
            run.finish()
            write_error_lists(workplace)
            published = output.publish()
        finally:
            workplace.close()
            output.close()
        return {"export_path": str(self.path_root), "output_path": str(published), **run.counts()}

    # -- names ---------------------------------------------------------------------------------------------

    def output_stem_manifest_entry(self, item: Any) -> tuple[Any, str]:
        """(id, wanted stem) of a converted item."""
        named = self._named(item)
        if named.fault is not None:
            raise named.fault
        return named.identity, named.wanted

    def build_output_stem_manifest(self, entries: Iterable[tuple[Any, str]]) -> Mapping[Any, str]:
        """The stems of all items. Raises ValueError for a missing or repeated id."""
        reserved = OWN_FILES if self.label_output_dirname is None else ()
        return planned_stems(entries, frozenset(split_stem(name)[0] for name in reserved))

    def prepare_output_stem_manifest(self, items: Iterable[Any]) -> Mapping[Any, str]:
        """Name all converted items; called once before the first is written, with a stem manifest only."""
        self.output_stem_manifest = self.build_output_stem_manifest(
            self.output_stem_manifest_entry(item) for item in items
        )
        return self.output_stem_manifest

    @property
    def filename_collision_count(self) -> int:
        """How many items had a name that another one had first."""
        return self._workplace.stems.collisions if self._workplace is not None else 0

    @property
    def filename_collisions(self) -> list[dict[str, Any]]:
        """Those items as ``{item_id, original_name, output_stem}``."""
        if self._workplace is None:
            return []
        return [collision._asdict() for collision in self._workplace.stems.all_collisions()]

    # -- what the run calls --------------------------------------------------------------------------------

    @property
    def workplace(self) -> Workplace:
        """Where this exporter writes; one of its own outside of a run."""
        if self._workplace is None:
            folder = Path(tempfile.mkdtemp(prefix="exportkit-exporter-"))
            self._workplace = Workplace(folder, folder, None)
            weakref.finalize(self, _discard, self._workplace)
        return self._workplace

    @property
    def saves_originals(self) -> bool:
        """Whether originals were asked for."""
        return bool(self.params.get("save_original_file", False))

    def open_workplace(self, workplace: Workplace) -> None:
        """Take a workplace and make the folders of the export in it."""
        self._workplace = workplace
        if self.export_report_enabled:
            self.export_report = ExportReport(str(self.params.get("format") or self.report_format))
        if self.label_output_dirname is None:
            for name in OWN_FILES:
                workplace.stems.reserve(split_stem(name)[0])
        self.output_paths = self.setup_output_directories(workplace.stage, self.saves_originals) or {}

    def report_item(self, item: Any, result: Any, failure: BaseException | None) -> None:
        """Add an item to the report; override it to tell what became of the item's annotations."""
        if self.export_report is None:
            return
        named = self._named(result if failure is None else item)
        stem = next(iter(self._stems.values()), None)
        emitted = failure is None and stem is not None
        failures = [] if failure is None else [{"code": code_of(failure), "message": words_of(failure)}]
        files = [ReportFile("label", f"{stem or named.wanted}.json", "json", emitted)]
        if self.saves_originals and self.sdk_managed_original_files and named.original is not None:
            placed = bool(stem) and (self.output_paths.get(ORIGINALS, Path()) / f"{stem}{named.extension}").exists()
            files.append(ReportFile("original", f"{stem or named.wanted}{named.extension}", "file", placed))
        self.export_report.add_item(
            named.identity, original_file_name=named.original, output_stem=stem, files=files, failures=failures
        )

    def begin_item(self, item: Any) -> None:
        """From now on, methods are about this item: its id and files stand in for what a result does not have."""
        self._source = item
        self._stems = {}

    def bind_file_metrics_records(
        self, original_file_metrics_record: MetricsRecord, data_file_metrics_record: MetricsRecord
    ) -> None:
        """Use these records for the counts of files."""
        self.original_file_metrics_record = original_file_metrics_record
        self.data_file_metrics_record = data_file_metrics_record

    @property
    def download_workers(self) -> int:
        """How many originals are fetched at once (``extra_params.download_workers``)."""
        workers = self.params.get("download_workers", 4)
        return workers if isinstance(workers, int) and not isinstance(workers, bool) and 0 < workers <= 64 else 4

    def download_originals_parallel(self, jobs: Iterable[tuple[str, Path]]) -> list[tuple[bool, str | None]]:
        """Fetch (URL, path) jobs at once; (ok, error) of each, in their order."""
        return download_files_parallel(list(jobs), workers=self.download_workers)

    def close_bundle_storage(self) -> None:
        """Kept for plugins that call it: files of a bundle are closed one by one."""

    @property
    def _announced(self) -> int:
        count = self.params.get("count")
        return count if isinstance(count, int) and not isinstance(count, bool) else 0

    def _named(self, result: Any) -> NamedFile:
        return named_file(result, self._source, self.get_original_file_name)

    def _claimed(self, named: NamedFile) -> str:
        """The stem of an item's files, one for all of them."""
        if named.identity is not None and named.identity in self.output_stem_manifest:
            return self.output_stem_manifest[named.identity]
        if self._source is None and named.identity is None:
            self._stems = {}
        key = f"{named.identity!r} {named.wanted}"
        if key not in self._stems:
            if self._source is None:
                self._stems = {}
            self._stems[key] = self.workplace.stems.claim(named.wanted, named.identity, named.original or named.wanted)
        return self._stems[key]


def _discard(workplace: Workplace) -> None:
    """Remove what an exporter outside of a run kept for itself."""
    workplace.close()
    shutil.rmtree(workplace.spool, ignore_errors=True)


def _store(path: Path, text: bytes) -> None:
    with refusals_of("write", path):
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            rest = memoryview(text)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
