"""Options of the YOLO writer and the task that follows from them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from exportkit.writing import Plan, WriterOptions

__all__ = ["Task", "YoloOptions", "chosen_task", "possible_tasks"]

Task = Literal["detect", "segment", "pose", "obb", "classify"]


class YoloOptions(WriterOptions):
    """``--to yolo:key=value,…`` (formats, sections 5.0 and 5.2)."""

    task: Literal["auto", "detect", "segment", "pose", "obb", "classify"] = Field(
        default="auto",
        description="Form of every row in the dataset; auto goes by the kinds that the dataset holds.",
    )
    holes: Literal["bridge", "drop"] = Field(
        default="bridge",
        description="Segment: join holes to the outline by seams, or fill them.",
    )
    parts: Literal["join", "split"] = Field(
        default="join",
        description="Segment: one row per object with its parts joined by seams, or one row per part.",
    )
    multi: Literal["fail", "first"] = Field(
        default="fail",
        description="Classify: whether a picture with several tags fails, or takes the first by class number.",
    )
    dialect: Literal["ultralytics", "darknet"] = Field(
        default="ultralytics",
        description="darknet writes obj.data, obj.names and lists in place of data.yaml; boxes only.",
    )
    attributes: Literal["drop", "sidecar"] = Field(
        default="drop",
        description="sidecar writes attributes.jsonl; otherwise attributes have no place.",
    )
    segmentation: Literal["instance", "exclude"] = Field(
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
        if self.attributes == "sidecar" and self.task == "classify":
            raise ValueError("task=classify has no rows that a sidecar could name")
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
