"""Datasets of an export action: any number of registered formats, by the tail that ``exportkit convert`` runs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, ClassVar, Literal

from exportkit.actions.exporter import BaseExporter
from exportkit.actions.formats import requested_formats
from exportkit.actions.item_spool import spool_items
from exportkit.actions.tail import ExportTail
from exportkit.bundles import BundleWriter
from exportkit.conversion import Budget, Conversion, ConversionRequest, ConversionResult
from exportkit.conversion.report import conversion_as_data
from exportkit.plugins import PluginManager

__all__ = ["FormatExporter", "FormatTail"]

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
        self._plugins: PluginManager | None = None
        self._written = False

    def open(self) -> None:
        context = self.context
        self._plugins = plugins = PluginManager.load()
        # A wrong word in the params costs no fetch.
        self._outputs = requested_formats({**(context.params.get("extra_params") or {}), **context.params}, plugins)
        context.output.open()
        context.unique_export_path = context.output.stage

    def convert(self) -> None:
        assert self._plugins is not None  # noqa: S101 - open() came first
        request = self._request()
        conversion = Conversion(request, self._plugins, self._advance, run=self.context.output.run)
        self._conversion = self._opened.enter_context(conversion)
        plan = conversion.plan()
        self._planned = plan.records

    def save(self) -> None:
        assert self._conversion is not None  # noqa: S101 - convert() came first
        self._conversion.write()
        self._written = True
        self._count(self._conversion)

    def finalize(self) -> None:
        if self._conversion is None:
            self.convert()
        assert self._conversion is not None  # noqa: S101 - see above
        if not self._written:
            self.save()
        context = self.context
        result = self._conversion.publish()
        context.output.committed = True
        context.output_path = str(context.output.final)
        context.written_file_count = sum(output.files for output in result.outputs)
        context.status = "partial" if result.has_errors else "complete"
        context.extra_result = {"datasets": conversion_as_data(result)["outputs"]}
        self._tell(result)

    def close(self) -> None:
        self._opened.close()

    # -- what is converted ---------------------------------------------------------------------------------

    def _request(self) -> ConversionRequest:
        context = self.context
        params = context.params
        on_error: Literal["skip", "fail"] = "fail" if self._knob("on_error", "skip") == "fail" else "skip"
        budget = self._knob("max_errors", None)
        facts: dict[str, Any] = {
            "outputs": self._outputs,
            "directory": context.output.run.target,
            "media": "copy" if params.get("save_original_file", True) else "none",
            "on_error": on_error,
            "max_errors": Budget.parse(str(budget)) if budget is not None else None,
        }
        whole = getattr(context.export_items, "bundle", None)
        if whole is not None and not self._overrides():
            return ConversionRequest(bundle=whole.path, target=whole.target, **facts)
        return ConversionRequest(**self._spooled(on_error), **facts)

    def _spooled(self, on_error: str) -> dict[str, Any]:
        """The items as a bundle of this run."""
        context = self.context
        exporter = context.exporter
        folder = context.output.spool / "acquired"
        folder.mkdir()
        target = str(context.params.get("target", "task"))
        items = context.export_items
        if items is None:
            with BundleWriter(folder / "items", target, prefix="items"):
                return {"bundle": folder / "items", "target": target}
        convert = exporter.process_data_conversion if self._overrides() else lambda item: item
        spooled = spool_items(
            items,
            folder,
            target,
            convert,
            plugin=type(exporter).__name__,
            stops=on_error == "fail",
            done=self._report_items,
        )
        source = getattr(items, "originals", None) or getattr(getattr(items, "rows", None), "originals", None)
        root = getattr(source, "root", None)
        return {"bundle": spooled.bundle, "target": target, "lost": spooled.lost, "originals": root}

    def _overrides(self) -> bool:
        """Whether the exporter changes items before they are written."""
        exporter = type(self.context.exporter)
        return any(getattr(exporter, name) is not getattr(BaseExporter, name) for name in _TEMPLATE)

    def _knob(self, name: str, default: Any) -> Any:
        """A setting of the params, of their extra_params, or of the action."""
        params = self.context.params
        for layer in (params, params.get("extra_params") or {}, self.context.config or {}):
            if layer.get(name) is not None:
                return layer[name]
        return default

    # -- what is told --------------------------------------------------------------------------------------

    def _report_items(self, count: int) -> None:
        if count % 100 == 0:
            self.context.set_progress(min(count, self.context.total_count), max(1, self.context.total_count))

    def _advance(self, stage: str, done: int, total: int) -> None:
        sums = self.__dict__.setdefault("_sums", {})
        sums[stage] = min(total, sums.get(stage, 0) + done)
        if total:
            self.context.set_progress(sums[stage], total)

    def _count(self, conversion: Conversion) -> None:
        """Counts of the run: a record that failed in one of several formats has failed."""
        context = self.context
        counts = max(conversion.counts(), key=lambda found: found.records["failed"])
        records = counts.records
        context.exported_count = records["written"]
        context.failed_count = records["failed"]
        context.total_count = records["listed"]
        context.reconcile = {word: records[word] for word in ("listed", "written", "failed", "gone", "filtered")}

    def _tell(self, result: ConversionResult) -> None:
        for warning in result.warnings:
            self.context.log_message(warning)


class FormatExporter(BaseExporter):
    """Writes ``format`` or ``formats`` of the params: each a complete, checked dataset.

    A subclass may override ``convert_data`` (and what stands around it): a mapping with ``data`` is written as an item
    with that payload, any other mapping is the payload itself.
    """

    label_output_dirname: ClassVar[str | None] = None
    sdk_managed_original_files: ClassVar[bool] = False
    finalize_empty_export: ClassVar[bool] = True
    tail: ClassVar[type[ExportTail] | None] = FormatTail
