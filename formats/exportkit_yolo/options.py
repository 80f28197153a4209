"""Options of the YOLO writer and the task that follows from them."""

from __future__ import annotations

from typing import Literal

from exportkit.writing import Plan, WriterOptions

__all__ = ["Task", "YoloOptions", "chosen_task", "possible_tasks"]

Task = Literal["detect", "segment"]


class YoloOptions(WriterOptions):
    """``--to yolo:key=value,…`` (formats, sections 5.0 and 5.2)."""

    #: Form of every row in the dataset; ``auto`` goes by the kinds that the dataset holds.
    task: Literal["auto", "detect", "segment"] = "auto"
    #: Segment: join holes to the outline by seams, or fill them.
    holes: Literal["bridge", "drop"] = "bridge"
    #: Segment: one row per object with its parts joined by seams, or one row per part.
    parts: Literal["join", "split"] = "join"
    #: ``sidecar`` writes ``attributes.jsonl``; otherwise attributes have no place.
    attributes: Literal["drop", "sidecar"] = "drop"
    #: ``tree`` keeps the folders of the source names.
    names: Literal["flat", "tree"] = "flat"


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
