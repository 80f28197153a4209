"""The tail that both heads share: convert, save, publish, by the tail of the exporter."""

from __future__ import annotations

from exportkit.actions.acquisition_steps import nothing_listed
from exportkit.actions.context import ExportContext
from exportkit.actions.tail import ExportTail
from exportkit.runtime import ExportLogMessageCode, LogLevel
from exportkit.steps import BaseStep, StepResult

__all__ = ["ConvertDataStep", "FinalizeStep", "SaveFilesStep"]


class ConvertDataStep(BaseStep[ExportContext]):
    """Prepares the conversion of the items; a lazy one happens while they are saved."""

    name = "convert_data"
    progress_weight = 0.32
    progress_proportion = 32

    def can_skip(self, context: ExportContext) -> bool:
        return nothing_listed(context)

    def execute(self, context: ExportContext) -> StepResult:
        context.log_message(ExportLogMessageCode.EXPORT_CONVERTING, count=context.total_count)
        _tail_of(context).convert()
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        context.converted_items = None


class SaveFilesStep(BaseStep[ExportContext]):
    """Writes the files of all items."""

    name = "save_files"
    progress_weight = 0.38
    progress_proportion = 38

    def can_skip(self, context: ExportContext) -> bool:
        return nothing_listed(context) and not getattr(context.exporter, "finalize_empty_export", False)

    def execute(self, context: ExportContext) -> StepResult:
        context.log_message(ExportLogMessageCode.EXPORT_SAVING_FILES, count=context.total_count)
        _tail_of(context).save()
        failed = context.failed_count + context.failed_originals
        if failed:
            context.log_message(
                ExportLogMessageCode.EXPORT_FILES_SAVED_WITH_FAILURES, success=context.exported_count, failed=failed
            )
        else:
            context.log_message(ExportLogMessageCode.EXPORT_FILES_SAVED, count=context.exported_count)
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        context.exported_count = 0
        context.failed_count = 0
        context.failed_originals = 0
        context.written_file_count = None


class FinalizeStep(BaseStep[ExportContext]):
    """Checks that everything adds up, and publishes."""

    name = "finalize"
    progress_weight = 0.10
    progress_proportion = 10

    def execute(self, context: ExportContext) -> StepResult:
        _tail_of(context).finalize()
        if context.acquisition is not None:
            context.acquisition.clean_up()
        failed = context.failed_count + context.failed_originals
        if context.page_failures:
            context.log_message(
                ExportLogMessageCode.EXPORT_COMPLETED_WITH_MISSING_PAGES,
                exported=context.exported_count,
                pages=len(context.page_failures),
            )
        elif failed:
            context.log_message(
                ExportLogMessageCode.EXPORT_COMPLETED_WITH_FAILURES, exported=context.exported_count, failed=failed
            )
        else:
            context.log_message(ExportLogMessageCode.EXPORT_COMPLETED, count=context.exported_count)
        return StepResult()

    def rollback(self, context: ExportContext, result: StepResult) -> None:
        context.log("rollback", {"step": self.name, "published": context.output_path}, level=LogLevel.DEBUG)


def _tail_of(context: ExportContext) -> ExportTail:
    if context.tail is None:
        raise RuntimeError("No head has opened the output of this export.")
    return context.tail
