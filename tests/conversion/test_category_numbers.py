"""``category_ids=source`` keeps the numbers that the source gave its classes (formats, section 3)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conversion.workbench import Workbench, box, item

SOURCE = "coco:category_ids=source"


def numbered(label: str, number: Any) -> dict[str, Any]:
    return box(label, category_id=number)


def test_numbers_of_the_source_stay(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, numbered("dog", 3), numbered("cat", 7)), item(2, numbered("dog", 3))])

    run = bench.convert(bundle, "--to", SOURCE)

    assert run.code == 0
    found = bench.coco()
    assert [(c["id"], c["name"]) for c in found["categories"]] == [(7, "cat"), (3, "dog")]
    assert [a["category_id"] for a in found["annotations"]] == [3, 7, 3]
    assert "N_CATEGORY_RENUMBERED" not in bench.manifest()["codes"]


def test_an_output_with_other_numbers_lists_both(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, numbered("dog", 3), numbered("cat", 7))])

    bench.convert(bundle, "--to", f"{SOURCE},as=kept", "--to", "coco:as=new")

    manifest = bench.manifest("new")
    assert manifest["codes"]["N_CATEGORY_RENUMBERED"] == {"": 1}
    assert manifest["writer"]["facts"] == {"renumbered": [[7, 1], [3, 2]]}
    assert "facts" not in bench.manifest("kept")["writer"]


@pytest.mark.parametrize(
    "annotations",
    [
        [box("cat"), numbered("dog", 3)],
        [numbered("cat", 3), numbered("dog", 3)],
        [numbered("cat", 3), numbered("cat", 4)],
        [numbered("cat", "3")],
        [numbered("cat", True)],
        [numbered("cat", -1)],
        [numbered("cat", 2**60)],
        [numbered("cat", 1.0)],
    ],
    ids=["missing", "of two classes", "two of a class", "text", "bool", "negative", "long", "float"],
)
def test_without_one_number_for_each_class_the_option_is_refused(bench: Workbench, annotations: list[Any]) -> None:
    run = bench.convert(bench.bundle([item(1, *annotations)]), "--to", SOURCE)

    assert run.code == 2
    assert "category_ids=source needs one whole number for each class" in run.out


def test_numbers_of_a_line_that_repeats_an_id_do_not_count(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, numbered("cat", 7)), item(2, numbered("cat", 7)), item(1, numbered("cat", 8))])

    run = bench.convert(bundle, "--to", SOURCE)

    assert run.code == 3
    assert bench.coco()["categories"][0]["id"] == 7


def test_bad_lines_and_bad_classes_have_no_numbers(bench: Workbench) -> None:
    bundle = bench.bundle([b"{", b"[]", b'{"id": 9, "data": 5}', item(1, numbered("cat", 7), numbered(None, 8))])  # type: ignore[arg-type]

    run = bench.convert(bundle, "--to", SOURCE)

    assert run.code == 3
    assert bench.coco()["categories"] == [{"id": 7, "name": "cat", "supercategory": ""}]
