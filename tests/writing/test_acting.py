"""An option that cannot act beside the others is refused, by what the option itself declares."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import ValidationError
from tests.conversion.workbench import Workbench, box, item

from exportkit.writing import ActsIn, WriterOptions


class InkOptions(WriterOptions):
    """Options of which one acts only beside values of two others."""

    task: Literal["auto", "draw", "write"] = "auto"
    wet: bool = False
    width: Annotated[int, ActsIn(task=("auto", "draw"), wet=(True,))] = 1


@pytest.mark.parametrize("given", [{}, {"task": "draw", "wet": True, "width": 2}, {"wet": True, "width": 2}])
def test_an_option_that_acts_is_taken(given: dict[str, object]) -> None:
    assert InkOptions.model_validate(given).model_dump() == {"task": "auto", "wet": False, "width": 1, **given}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"task": "write", "wet": True, "width": 2}, r"width= acts with task=auto\|draw, not with task=write"),
        ({"task": "draw", "width": 2}, "width= acts with wet=yes, not with wet=no"),
    ],
)
def test_one_that_cannot_act_is_refused_with_what_it_needs(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        InkOptions.model_validate(given)


def test_its_default_value_is_taken_everywhere_so_that_a_manifest_s_options_are() -> None:
    options = InkOptions.model_validate({"task": "write", "width": 1})

    assert InkOptions.model_validate(options.model_dump()) == options


IDLE = [
    "coco:things=cat",
    "coco:segmentation=exclude,masks=polygon",
    "coco:segmentation=exclude,rle=uncompressed",
    "csv:dialect=retinanet,precision=2",
    "csv:dialect=parquet,raw=yes",
    "csv:prefix=gs://bucket",
    "voc:border=2",
    "yolo:task=detect,holes=drop",
    "yolo:task=obb,parts=split",
    "yolo:task=segment,multi=first",
    "yolo:task=classify,attributes=sidecar",
    "yolo:dialect=darknet,holes=drop",
]


@pytest.mark.parametrize("to", IDLE)
def test_the_command_line_refuses_what_can_change_nothing(bench: Workbench, to: str) -> None:
    run = bench.convert(bench.bundle([item(1, box("cat"))]), "--to", to, "--media", "none")

    assert run.code == 2
    assert "= acts with " in run.data["exit_error"]["message"]


@pytest.mark.parametrize("to", ["yolo:holes=drop,parts=split", "coco:panoptic=yes,things=cat", "csv:precision=0"])
def test_what_may_act_is_taken(bench: Workbench, to: str) -> None:
    assert bench.convert(bench.bundle([item(1, box("cat"))]), "--to", to, "--media", "none").code == 0


@pytest.mark.parametrize(
    "words", [("--seed", "7"), ("--split", "train,val", "--split-by", "field", "--seed", "7")], ids=["alone", "field"]
)
def test_a_seed_that_can_change_nothing_is_refused(bench: Workbench, words: tuple[str, ...]) -> None:
    run = bench.convert(bench.bundle([item(1, box("cat"))]), "--to", "coco", *words)

    assert run.code == 2
    assert "--seed" in run.data["exit_error"]["message"]
