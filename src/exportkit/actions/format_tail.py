"""Datasets of an export action: any number of registered formats, by the tail that ``exportkit convert`` runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Any, ClassVar

from exportkit.actions.error_policy import ErrorPolicy
from exportkit.actions.exporter import BaseExporter
from exportkit.actions.formats import requested_formats
from exportkit.actions.item_spool import spool_items
from exportkit.actions.layers import merged_layers, setting_layers
from exportkit.actions.run_plugins import run_plugins
from exportkit.actions.tail import ExportTail
from exportkit.conversion import Conversion, ConversionRequest, ConversionResult
from exportkit.conversion.report import conversion_as_data
from exportkit.runtime import LogLevel

__all__ = ["FormatTail"]

_TEMPLATE = ("before_convert", "convert_data", "after_convert", "process_data_conversion")


class FormatTail(ExportTail):
    """Plans, writes and publishes the datasets that the params ask for.

    Rows that are a whole bundle, unchanged, are converted where they lie. Whatever a plugin's ``convert_data`` makes of
    them, and rows of any other source, become the lines of a bundle of this run first.
    """

    applies_item_hooks: ClassVar[bool] = True

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._opened = ExitStack()
        self._conversion: Conversion | None = None
        self._plugins = run_plugins()
        self._done: dict[str, int] = {}
        self._written = False
        self._outputs = requested_formats(merged_layers(context), self._plugins)
        self._policy = ErrorPolicy.from_params(*setting_layers(context))

    def open(self) -> None:
        context = self.context
        context.output.open()
        context.unique_export_path = context.output.stage

    def begin(self) -> None:
        """Nothing: the folders of a dataset are its writers' matter."""

    def convert(self) -> None:
        conversion = Conversion(self._request(), self._plugins, self._advance, run=self.context.output.run)
        self._conversion = self._opened.enter_context(conversion)
        conversion.plan()

    def save(self) -> None:
        conversion = self._planned()
        conversion.write()
        self._written = True
        self._count(conversion)

    def finalize(self) -> None:
        if not self._written:
            self.save()
        context = self.context
        result = self._planned().publish(context.output.rename)
        context.output_path = context.output.release()
        context.written_file_count = sum(output.files for output in result.outputs)
        context.status = "partial" if result.has_errors or context.page_failures else "complete"
        context.extra_result = {"datasets": [*self._told(result)]}
        for warning in result.warnings:
            context.log_message(warning, LogLevel.WARNING)

    def close(self) -> None:
        self._opened.close()
        if self.context.output is not None:
            self.context.output.close()

    # -- what is converted ---------------------------------------------------------------------------------

    def _planned(self) -> Conversion:
        """The conversion; of an export without items it begins here."""
        if self._conversion is None:
            self.convert()
        assert self._conversion is not None  # noqa: S101 - convert() sets it
        return self._conversion

    def _request(self) -> ConversionRequest:
        context, policy = self.context, self._policy
        facts: dict[str, Any] = {
            "outputs": self._outputs,
            "directory": context.output.run.target,
            "media": "copy" if context.params.get("save_original_file", True) else "none",
            "on_error": "fail" if policy.on_error == "fail" else "skip",
            "max_errors": policy.budget,
            "is_acquired": True,
            "engine": context.engine,
            "ray_address": context.ray_address,
        }
        items = getattr(context.exporter, "export_items", None)
        whole = getattr(items, "bundle", None)
        if whole is not None and not self._overrides():
            lost, gone = getattr(context.results, "lost", None), getattr(context.results, "gone", 0)
            return ConversionRequest(bundle=whole.path, target=whole.target, lost=lost, gone=gone, **facts)
        return ConversionRequest(**self._spooled(items or ()), **facts)

    def _spooled(self, items: Iterable[Any]) -> dict[str, Any]:
        """The items as a bundle of this run."""
        context = self.context
        folder = context.output.spool / "converted"
        folder.mkdir()
        exporter = context.exporter
        spooled = spool_items(
            items,
            folder,
            str(context.params.get("target", "task")),
            exporter.process_data_conversion if self._overrides() else _as_it_is,
            plugin=type(exporter).__name__,
            faults=lambda: getattr(context.results, "faults", None) or (),
            stops=self._policy.on_error == "fail",
            done=self._report_items,
        )
        source = getattr(context.results, "originals", None)
        return {
            "bundle": spooled.bundle,
            "target": context.params.get("target"),
            "lost": spooled.lost,
            "gone": getattr(context.results, "gone", 0),
            "originals": getattr(source, "root", None),
        }

    def _overrides(self) -> bool:
        """Whether the exporter changes items before they are written."""
        exporter = self.context.exporter
        own = vars(exporter)
        return any(
            name in own or getattr(type(exporter), name) is not getattr(BaseExporter, name) for name in _TEMPLATE
        )

    # -- what is told --------------------------------------------------------------------------------------

    def _told(self, result: ConversionResult) -> Iterator[dict[str, Any]]:
        """Each dataset for the result, its path written as ``output_path`` is."""
        for told, output in zip(conversion_as_data(result)["outputs"], result.outputs, strict=True):
            below = output.path.relative_to(result.directory).parts
            yield told | {"path": "/".join((self.context.output_path, *below))}

    def _report_items(self, count: int) -> None:
        if count % 100 == 0:
            self.context.report_progress(count, max(count, self.context.total_count))

    def _advance(self, stage: str, done: int, total: int) -> None:
        self._done[stage] = min(total, self._done.get(stage, 0) + done)
        if total:
            self.context.report_progress(self._done[stage], total)

    def _count(self, conversion: Conversion) -> None:
        """Counts of the run: a record that failed in one of several formats has failed."""
        context = self.context
        counts = max(conversion.counts(), key=lambda found: found.records["failed"])
        records = counts.records
        context.exported_count = records["written"]
        context.failed_count = records["failed"]
        context.total_count = records["listed"]
        context.reconcile = {word: records[word] for word in ("listed", "written", "failed", "gone", "filtered")}


def _as_it_is(item: Any) -> Any:
    return item
