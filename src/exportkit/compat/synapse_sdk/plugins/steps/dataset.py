"""Steps of dataset actions. exportkit runs exports, so these can be imported and registered, and say so when run."""

from __future__ import annotations

from exportkit.steps import BaseStep, BaseStepContext, StepResult

__all__ = ["ConvertDatasetStep", "ExportDatasetStep"]


class ExportDatasetStep(BaseStep[BaseStepContext]):
    """Fetches the dataset of a training."""

    name = "export_dataset"
    progress_weight = 0.5

    def execute(self, context: BaseStepContext) -> StepResult:
        return _not_here(self)


class ConvertDatasetStep(BaseStep[BaseStepContext]):
    """Converts the dataset of a training."""

    name = "convert_dataset"
    progress_weight = 0.5

    def __init__(self, target_format: str = "yolo", source_format: str = "dm_v2") -> None:
        self.target_format = target_format
        self.source_format = source_format

    def execute(self, context: BaseStepContext) -> StepResult:
        return _not_here(self)


def _not_here(step: BaseStep[BaseStepContext]) -> StepResult:
    return StepResult.failed(
        f"{type(step).__name__} belongs to dataset actions, which exportkit does not run; "
        "convert a bundle with 'exportkit convert' instead."
    )
