"""Options of the YOLO writer and the task that follows from them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exportkit.writing import Plan, WriterOptions

__all__ = ["Task", "YoloOptions", "chosen_task", "possible_tasks"]

Task = Literal["detect", "segment"]


class YoloOptions(WriterOptions):
    """``--to yolo:key=value,…`` (formats, sections 5.0 and 5.2)."""

    task: Literal["auto", "detect", "segment"] = Field(
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
    attributes: Literal["drop", "sidecar"] = Field(
        default="drop",
        description="sidecar writes attributes.jsonl; otherwise attributes have no place.",
    )
    names: Literal["flat", "tree"] = Field(
        default="flat",
        description="tree keeps the folders of the source names.",
    )


def possible_tasks(plan: Plan) -> tuple[str, ...]:
    """Tasks that a kind present in the dataset speaks for, strongest first; plain boxes speak for none."""
    kinds = plan.kinds
    found = (
        ("pose", kinds.get("keypoints")),
        ("segment", plan.has_regions),
        ("obb", kinds.get("rotated_box")),
    )
    return tuple(task for task, present in found if present)


def chosen_task(options: YoloOptions, plan: Plan) -> Task:
    """The one task of the dataset: the one asked for, else segment where regions are present, else detect."""
    if options.task != "auto":
        return options.task
    return "segment" if plan.has_regions else "detect"
