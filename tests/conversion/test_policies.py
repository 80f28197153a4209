"""Options that say what happens to the bad, the lost and the empty (product description, formats sections 0 and 2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, assert_balanced, box, item


def _over_the_edge(bench: Workbench) -> Path:
    """A good box, a box half outside, and a box wholly outside of 40×30 pixels."""
    return bench.bundle([item(1, box(), box(x=35, y=25), box(x=100)), item(2, box())])


@pytest.mark.parametrize(
    ("policy", "code", "outcome"),
    [("clip", "L_CLIPPED", "lossy"), ("drop", "S_INVALID_DROPPED", "skipped"), ("fail", "E_OUT_OF_BOUNDS", "failed")],
)
@pytest.mark.parametrize("text", ["coco", "yolo:task=detect", "voc", "csv:dialect=tfod"])
def test_a_box_over_the_edge_ends_as_the_policy_says(
    bench: Workbench, text: str, policy: str, code: str, outcome: str
) -> None:
    run = bench.convert(_over_the_edge(bench), "--to", text, "--invalid", policy)

    assert run.code == 3
    (output,) = run.data["outputs"]
    assert_balanced(output)
    assert output["codes"][code] == {"cat": 1}
    assert output["codes"]["E_OUTSIDE"] == {"cat": 1}
    assert output["annotations"][outcome] >= 1
    kept = [a["bbox"] for a in bench.coco()["annotations"]] if text == "coco" else []
    if kept:
        wanted = [[1, 1, 10, 10], [35, 25, 5, 5], [1, 1, 10, 10]]
        assert kept == (wanted if policy == "clip" else [wanted[0], wanted[2]])


def test_losses_stop_the_run_where_that_is_asked_for(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box(x=35))])

    run = bench.convert(bundle, "--on-loss", "fail")
    assert run.code == 8
    assert "L_CLIPPED" in run.data["exit_error"]["message"]
    assert not bench.out.exists()
    assert bench.convert(bundle, "--on-loss", "fail", "--accept", "S_CROWD,L_CLIPPED").code == 0


def test_skips_count_as_losses_and_notices_do_not(bench: Workbench) -> None:
    skip = bench.bundle([item(1, box(), {"category": "cat", "type": "blob"})], name="skip")
    notice = bench.bundle([item(1, {"bbox": [1, 1, 5, 5]})], name="notice")

    assert bench.convert(skip, "--on-loss", "fail").code == 8
    assert bench.convert(notice, "--on-loss", "fail").code == 0


@pytest.mark.parametrize("bad", [b"{", item(2, box(width=0)), item(2, box(), file="files/none.png")])
def test_the_first_error_stops_the_run_where_that_is_asked_for(bench: Workbench, bad: Any) -> None:
    bundle = bench.bundle([item(1, box()), bad])

    run = bench.convert(bundle, "--on-error", "fail")

    assert run.code == 8
    assert "line 2" in run.data["exit_error"]["message"]
    assert not bench.out.exists()


@pytest.mark.parametrize(
    ("budget", "code"),
    [("0", 8), ("1", 8), ("2", 3), ("3", 3), ("49%", 8), ("49.9%", 8), ("50%", 3), ("100%", 3), ("0%", 8)],
)
def test_the_budget_counts_touched_records(bench: Workbench, budget: str, code: int) -> None:
    """Two of four records are touched: one failed line, and one record with two failed annotations."""
    lines: list[Any] = [item(1, box()), item(2, box(width=0), box(height=0), box()), b"{", item(4, box())]

    run = bench.convert(bench.bundle(lines), "--max-errors", budget)

    assert run.code == code
    assert bench.out.exists() == (code == 3)


@pytest.mark.parametrize("budget", ["-1", "x", "101%", "-1%", "nan%", "inf%", "", "1.5", "%"])
def test_a_budget_that_is_none_is_a_usage_error(bench: Workbench, budget: str) -> None:
    run = bench.convert(bench.bundle([item(1, box())]), f"--max-errors={budget}")

    assert run.code == 2, run
    assert "--max-errors" in run.data["exit_error"]["message"]


@pytest.mark.parametrize(("wanted", "listed"), [("first", 1000), ("all", 1003), ("none", 0)])
def test_the_list_of_losses_has_bounds_and_the_counts_have_none(bench: Workbench, wanted: str, listed: int) -> None:
    lines = [item(n, *[box(x=35) for _ in range(17)]) for n in range(1, 60)]

    run = bench.convert(bench.bundle(lines), "--loss-list", wanted)

    assert run.code == 0
    assert run.data["outputs"][0]["codes"]["L_CLIPPED"] == {"cat": 1003}
    losses = [entry for entry in bench.losses() if entry["code"] == "L_CLIPPED"]
    assert len(losses) == listed
    places = [(entry["line"], entry["json_path"]) for entry in losses]
    assert places == sorted(places, key=lambda place: (place[0], int(place[1].split("[")[1].split("]")[0])))


def test_an_empty_bundle_is_an_error_only_where_that_is_asked_for(bench: Workbench) -> None:
    bundle = bench.bundle([])

    assert bench.convert(bundle).code == 0
    assert bench.convert(bundle, "--error-on-empty", "--overwrite").code == 9
    assert bench.convert(bundle, "--error-on-empty", out=bench.out.parent / "other").code == 9


@pytest.mark.parametrize("limit", [(), ("--max-pixels", "4000000000")], ids=["default limit", "raised limit"])
def test_masks_of_a_huge_grid_cost_their_runs_and_nothing_more(bench: Workbench, limit: tuple[str, ...]) -> None:
    import tracemalloc

    side = 60_000
    counts = [side * side - 3 * side - 700, 500, side * side - (side * side - 3 * side - 700) - 500]
    mask = {"category": "cat", "segmentation": {"size": [side, side], "counts": counts}}
    line = item(1, mask, data_unit={"width": side, "height": side})
    bundle = bench.bundle([line], name="huge")
    bench.convert(
        bench.bundle([item(1, box())], name="warm"), "--to", "coco", "--to", "yolo", out=bench.out.parent / "warm"
    )

    tracemalloc.start()
    try:
        run = bench.convert(bundle, "--to", "coco", "--to", "yolo:task=segment", "--to", "voc", "--to", "csv", *limit)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert run.code == (0 if limit else 3), run
    assert peak < 128 << 20
    for output in run.data["outputs"]:
        assert output["annotations"]["seen"] == 1
        assert_balanced(output)
        assert ("E_MASK_SIZE" in output["codes"]) == (not limit)
    if limit:
        assert bench.coco("coco")["annotations"][0]["area"] == 500


def test_a_mask_above_the_limit_of_pixels_fails_where_it_would_be_drawn(bench: Workbench) -> None:
    mask = {"category": "cat", "segmentation": {"size": [30, 40], "counts": [100, 400, 700]}}
    bundle = bench.bundle([item(1, mask, box())])

    run = bench.convert(bundle, "--to", "coco", "--to", "yolo:task=segment", "--max-pixels", "100")

    assert run.code in {0, 3}, run
    for output in run.data["outputs"]:
        assert_balanced(output)
