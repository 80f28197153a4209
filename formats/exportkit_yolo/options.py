"""Options of the YOLO writer and the task that follows from them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from exportkit.writing import ActsIn, Plan, WriterOptions

__all__ = ["Task", "YoloOptions", "chosen_task", "possible_tasks"]

Task = Literal["detect", "segment", "pose", "obb", "classify"]


#: Where rows are outlines, and where there are rows at all.
_OUTLINES = ActsIn(task=("auto", "segment"), dialect=("ultralytics",))
_ROWS = ActsIn(task=("auto", "detect", "segment", "pose", "obb"))


class YoloOptions(WriterOptions):
    """``--to yolo:key=value,…`` (formats, sections 5.0 and 5.2)."""

    task: Literal["auto", "detect", "segment", "pose", "obb", "classify"] = Field(
        default="auto",
        description="Form of every row in the dataset; auto goes by the kinds that the dataset holds.",
    )
    holes: Annotated[Literal["bridge", "drop"], _OUTLINES] = Field(
        default="bridge",
        description="Join holes to the outline by seams, or fill them.",
    )
    parts: Annotated[Literal["join", "split"], _OUTLINES] = Field(
        default="join",
        description="One row per object with its parts joined by seams, or one row per part.",
    )
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False), _OUTLINES] = Field(
        default=0.0,
        description="Pixels by which the outline of a mask may leave the edges of its pixels; 0 keeps every corner.",
    )
    multi: Annotated[Literal["fail", "first"], ActsIn(task=("classify",))] = Field(
        default="fail",
        description="Whether a picture with several tags fails, or takes the first by class number.",
    )
    dialect: Literal["ultralytics", "darknet"] = Field(
        default="ultralytics",
        description="darknet writes obj.data, obj.names and lists in place of data.yaml; boxes only.",
    )
    attributes: Annotated[Literal["drop", "sidecar"], _ROWS] = Field(
        default="drop",
        description="sidecar writes attributes.jsonl; otherwise attributes have no place.",
    )
    segmentation: Annotated[Literal["instance", "exclude"], _ROWS] = Field(
        default="instance",
        description="exclude leaves polygons and masks out.",
    )
    names: Literal["flat", "tree"] = Field(
        default="flat",
        description="tree keeps the folders of the source names.",
    )

    @model_validator(mode="after")
    def _darknet_knows_boxes_only(self) -> YoloOptions:
        if self.dialect == "darknet" and self.task not in {"auto", "detect"}:
            raise ValueError("dialect=darknet has boxes only; leave task= out")
        return self


def possible_tasks(options: YoloOptions, plan: Plan) -> tuple[Task, ...]:
    """Tasks that a kind of the dataset speaks for, strongest first; plain boxes and what is left out speak for none."""
    kinds = plan.kinds
    found: tuple[tuple[Task, object], ...] = (
        ("pose", kinds.get("keypoints")),
        ("segment", plan.has_regions and options.segmentation != "exclude"),
        ("obb", kinds.get("rotated_box")),
    )
    return tuple(task for task, present in found if present)


def chosen_task(options: YoloOptions, plan: Plan) -> Task:
    """The one task of the dataset: the one asked for, else the strongest that a kind in it speaks for, else detect."""
    if options.dialect == "darknet":
        return "detect"
    if options.task != "auto":
        return options.task
    return next(iter(possible_tasks(options, plan)), "detect")
