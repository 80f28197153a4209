"""The tail of every exporter that fills in the template."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from exportkit import __version__
from exportkit.actions.error_lists import write_error_lists
from exportkit.actions.error_policy import ErrorPolicy
from exportkit.actions.file_list import write_file_list
from exportkit.actions.layers import merged_layers, setting_layers
from exportkit.actions.reconciliation import reconcile
from exportkit.actions.tail import ExportTail
from exportkit.actions.template_run import Converted, TemplateRun
from exportkit.actions.workplace import Workplace
from exportkit.conversion.lists import FILES, MANIFEST
from exportkit.conversion.manifest import LABELS_SCHEMA, digest_of
from exportkit.errors import RecordFault, UsageError, words_of
from exportkit.runtime import build_throttle_from_params
from exportkit.storage.refusals import refusals_of

__all__ = ["TemplateTail"]


class TemplateTail(ExportTail):
    """Converts lazily while it saves, so that neither items nor results are ever all in memory."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        if context.engine != "local":
            raise UsageError(
                "--engine ray spreads the encoding of registered formats, and this exporter writes its files itself; "
                "leave it out, or ask for formats in the params."
            )
        self._policy = ErrorPolicy.from_params(*setting_layers(context))
        self._work: Workplace | None = None
        self._run: TemplateRun | None = None

    def open(self) -> None:
        context = self.context
        context.output.open()
        context.unique_export_path = context.output.stage

    def begin(self) -> None:
        context, exporter = self.context, self.context.exporter
        source = getattr(context.results, "originals", None) or getattr(context.runtime_ctx.client, "originals", None)
        output = context.output
        self._work = work = Workplace(output.stage, output.spool, source, workers=exporter.download_workers)
        context.errors_json, context.errors_original = work.errors_json, work.errors_original
        exporter.open_workplace(work)
        context.output_paths = exporter.output_paths
        settings = merged_layers(context)
        exporter.run.failures_only = settings.get("export_log_files") == "failures"
        self._run = TemplateRun(
            exporter,
            work,
            save_originals=exporter.saves_originals,
            policy=self._policy,
            on_progress=self._progress(build_throttle_from_params(settings)),
        )

    def convert(self) -> None:
        context, run = self.context, self._opened_run()
        context.rebuild_converted_items = lambda: run.converted(context.exporter.export_items)
        context.converted_items = context.rebuild_converted_items()
        if context.exporter.use_output_stem_manifest:
            context.converted_items = self._named(context.converted_items)

    def _progress(self, throttle: Any) -> Callable[[int], None]:
        """Progress of the step that saves, with a total that grows with the items."""
        context, exporter = self.context, self.context.exporter
        total = context.total_count
        last = total if context.count_verified else sys.maxsize

        def advance(number: int) -> None:
            if number == total or exporter.run.flush_enabled:
                context.report_progress(number, max(total, number))
            exporter.run.set_flush_enabled(throttle.should_flush(number + 1, last))

        return advance

    def save(self) -> None:
        context, run, work = self.context, self._opened_run(), self._workplace()
        run.save(context.converted_items or ())
        for fault in getattr(context.results, "faults", None) or ():
            run.lost(fault)
        self._tell_last(run)
        self._count()
        context.written_file_count = work.written
        if run.received or context.exporter.finalize_empty_export:
            run.finish()
        context.filename_collision_count = work.stems.collisions

    def _tell_last(self, run: TemplateRun) -> None:
        """Progress and metrics as they are at the end, whatever was told last."""
        exporter = self.context.exporter
        exporter.run.set_flush_enabled(True)
        self.context.report_progress(run.received, max(run.received, 1))
        exporter.run.log_metrics(exporter.data_file_metrics_record, "data_file")
        if exporter.saves_originals and exporter.sdk_managed_original_files:
            exporter.run.log_metrics(exporter.original_file_metrics_record, "original_file")

    def finalize(self) -> None:
        context = self.context
        if self._run is not None:
            self._count()
        reconcile(context, self._run.received if self._run is not None else 0)
        if self._work is not None:
            if self._work.failures.count:
                context.status = "partial"
            self._write_lists(self._work)
        self._write_manifest()
        context.output_path = context.output.publish()

    def _write_lists(self, work: Workplace) -> None:
        report = getattr(self.context.exporter, "export_report", None)
        write_error_lists(work, collisions=report is None)
        if report is not None:
            report.set_filename_collisions(collision._asdict() for collision in work.stems.all_collisions())
            report.write(work.stage)

    def close(self) -> None:
        report = getattr(self.context.exporter, "export_report", None)
        if report is not None:
            report.close()
        if self.context.exporter is not None and self._work is not None:
            with suppress(Exception):  # a plugin's own tidying up
                self.context.exporter.close_bundle_storage()
        if self._work is not None:
            self._work.close()
            self._work = None
        if self.context.output is not None:
            self.context.output.close()

    def _count(self) -> None:
        context, run = self.context, self._opened_run()
        context.exported_count = run.exported
        context.failed_count = run.failed
        context.failed_originals = run.failed_originals
        context.unexported_files = run.unexported_files
        context.last_completed_item = run.last_item

    def _opened_run(self) -> TemplateRun:
        if self._run is None:
            raise RuntimeError("The items of this export were not converted.")
        return self._run

    def _workplace(self) -> Workplace:
        if self._work is None:
            raise RuntimeError("The output of this export is not open.")
        return self._work

    def _named(self, converted: Iterable[Converted]) -> Iterator[Converted]:
        """Convert everything into a file first, name all of it, and give it back one at a time."""
        path = self._workplace().spool / "converted.pickle"
        names = _Spooled(path)
        names.fill(converted)
        self.context.exporter.prepare_output_stem_manifest(self._results(names))
        return iter(names)

    def _results(self, names: Iterable[Converted]) -> Iterator[Any]:
        """What was made of the items that can be named, each while its item is the one that methods are about.

        An item without a usable name fails by itself, when it is saved.
        """
        exporter = self.context.exporter
        for result in names:
            if result.error is not None:
                continue
            exporter.begin_item(result.item)
            try:
                exporter.output_stem_manifest_entry(result.data)
            except RecordFault:
                continue
            yield result.data

    def _write_manifest(self) -> None:
        """No clock, host, user or absolute path enters it."""
        context = self.context
        write_file_list(context.output.stage, context.output.spool)
        manifest = {
            "schema": LABELS_SCHEMA,
            "exportkit": __version__,
            "name": context.params.get("name"),
            "target": context.params.get("target"),
            "status": context.status,
            "records": context.reconcile,
            "failed_originals": context.failed_originals,
            "unexported_files": context.unexported_files,
            "filename_collisions": context.filename_collision_count,
            "count_verified": context.count_verified,
            "lists": {FILES: digest_of(context.output.stage / FILES)},
        }
        path = context.output.stage / MANIFEST
        with refusals_of("write", path):
            path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class _Spooled:
    """Converted items in a file, to be read several times."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fill(self, converted: Iterable[Converted]) -> None:
        with refusals_of("write", self._path), self._path.open("wb") as file:
            for result in converted:
                text = _pickled(result)
                file.write(len(text).to_bytes(8, "big") + text)

    def __iter__(self) -> Iterator[Converted]:
        with self._path.open("rb") as file:
            while head := file.read(8):
                # Written by this run a moment ago.
                yield pickle.loads(file.read(int.from_bytes(head, "big")))  # noqa: S301


def _pickled(result: Converted) -> bytes:
    """A result as bytes that can be read again; what a plugin made or raised may be anything."""
    try:
        text = pickle.dumps(result)
        if result.error is not None:
            pickle.loads(text)  # noqa: S301
    except Exception as error:  # noqa: BLE001 - the border of one item
        message = f"The result cannot be kept on disk: {words_of(error)}"
        if result.error is not None:
            message = f"{type(result.error).__name__}: {result.error}"
        kept = {key: result.item.get(key) for key in ("id", "files")} if isinstance(result.item, dict) else None
        return pickle.dumps(Converted(kept, error=RecordFault("E_WRITER", message), step=result.step))
    return text
