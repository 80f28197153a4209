"""Each writer does with each kind what the table of formats, section 5.0, says; the table is typed in again here."""

from __future__ import annotations

import pytest

from exportkit.conversion.output_words import output_requests
from exportkit.plugins import PluginManager
from exportkit.writing.kind_table import kind_rows

#: What becomes of kinds that no format of pictures has a place for.
OTHERS = (
    *("polyline", "cuboid", "point set", "relation", "group", "text range", "audio range", "video range"),
    *("time range", "prompt", "answer"),
)
UNSUPPORTED = "S_KIND_UNSUPPORTED"

#: Rows of the table; columns are COCO, YOLO detect, segment, pose, obb, and VOC with planes. "" is: written, no code.
TABLE = """
box                            | N_BOX_AS_POLYGON      |                      | N_BOX_AS_POLYGON      | N_NO_KEYPOINTS       |                     |
rotated box                    | N_ROTATION_AS_POLYGON | L_ROTATION_FLATTENED | N_ROTATION_AS_POLYGON | L_ROTATION_FLATTENED |                     | L_ROTATION_FLATTENED
polygon                        |                       | L_REGION_DROPPED     |                       | L_REGION_DROPPED     | L_REGION_TO_OBB     | L_RASTERISED
polygon of several parts       |                       | L_REGION_DROPPED     | L_PARTS_JOINED        | L_REGION_DROPPED     | L_REGION_TO_OBB     | L_RASTERISED
polygon with a hole            | L_RASTERISED          | L_REGION_DROPPED     | L_HOLES_BRIDGED       | L_REGION_DROPPED     | L_REGION_TO_OBB     | L_RASTERISED
mask                           |                       | L_REGION_DROPPED     | N_MASK_AS_POLYGON     | L_REGION_DROPPED     | L_REGION_TO_OBB     |
mask of several parts          |                       | L_REGION_DROPPED     | N_MASK_AS_POLYGON L_PARTS_JOINED  | L_REGION_DROPPED | L_REGION_TO_OBB |
mask with a hole               |                       | L_REGION_DROPPED     | N_MASK_AS_POLYGON L_HOLES_BRIDGED | L_REGION_DROPPED | L_REGION_TO_OBB |
crowd, a box                   |                       | S_CROWD              | S_CROWD               | S_CROWD              | S_CROWD             | L_CROWD_AS_DIFFICULT
crowd, a polygon               | L_RASTERISED          | S_CROWD              | S_CROWD               | S_CROWD              | S_CROWD             | L_CROWD_AS_DIFFICULT
crowd, a mask                  |                       | S_CROWD              | S_CROWD               | S_CROWD              | S_CROWD             | L_CROWD_AS_DIFFICULT
key points                     | ?                     | L_KEYPOINTS_DROPPED  | L_KEYPOINTS_DROPPED   |                      | L_KEYPOINTS_DROPPED | L_KEYPOINTS_DROPPED
key points with a region       | ?                     | L_KEYPOINTS_DROPPED  | L_KEYPOINTS_DROPPED   | L_REGION_DROPPED     | L_KEYPOINTS_DROPPED | L_KEYPOINTS_DROPPED
key points of another skeleton | ?                     | L_KEYPOINTS_DROPPED  | L_KEYPOINTS_DROPPED   | S_SKELETON_DIFFERENT | L_KEYPOINTS_DROPPED | L_KEYPOINTS_DROPPED
point                          | S_POINT_UNGROUPED     | S_POINT_UNGROUPED    | S_POINT_UNGROUPED     | S_POINT_UNGROUPED    | S_POINT_UNGROUPED   | S_POINT_UNGROUPED
tag                            | S_KIND_UNSUPPORTED    | S_KIND_UNSUPPORTED   | S_KIND_UNSUPPORTED    | S_KIND_UNSUPPORTED   | S_KIND_UNSUPPORTED  | S_KIND_UNSUPPORTED
caption                        |                       | S_KIND_UNSUPPORTED   | S_KIND_UNSUPPORTED    | S_KIND_UNSUPPORTED   | S_KIND_UNSUPPORTED  | S_KIND_UNSUPPORTED
"""  # noqa: E501 - a table is read in columns
COLUMNS = ("coco", "yolo:task=detect", "yolo:task=segment", "yolo:task=pose", "yolo:task=obb", "voc:task=segment")


def rows_of(spec: str) -> dict[str, set[str]]:
    (request,) = output_requests([spec], PluginManager.load())
    return {row.title: set(row.codes) for row in kind_rows(request.writer, request.options)}


def wanted(column: int) -> dict[str, set[str]]:
    table = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
    return {cells[0]: set(cells[column + 1].split()) for cells in table}


@pytest.mark.parametrize("column", range(len(COLUMNS)), ids=COLUMNS)
def test_every_cell_of_the_table_of_kinds_is_what_the_writer_does(column: int) -> None:
    made = rows_of(COLUMNS[column])

    for title, codes in wanted(column).items():
        # Whether key points in COCO are told to stand as a rectangle in instances_, too, the table leaves open.
        if codes != {"?"}:
            assert made[title] == codes, title
        else:
            assert not any(code.startswith(("S_", "E_")) for code in made[title]), title
    assert {title: made[title] for title in OTHERS} == {title: {UNSUPPORTED} for title in OTHERS}


def test_the_long_table_keeps_everything() -> None:
    assert {title: codes for title, codes in rows_of("csv").items() if codes} == {}


@pytest.mark.parametrize("dialect", ["retinanet", "tfod", "automl"])
def test_tables_of_boxes_have_the_costs_of_boxes(dialect: str) -> None:
    made, boxes = rows_of(f"csv:dialect={dialect}"), wanted(1)

    assert {title: made[title] for title in boxes} == boxes


def test_a_box_in_place_of_a_rotated_one_is_no_loss_where_the_rotated_one_stands_beside_it() -> None:
    assert rows_of("voc:robndbox=yes")["rotated box"] == set()


@pytest.mark.parametrize(
    ("title", "coco", "yolo", "voc", "csv"),
    [
        ("box with attributes", set(), {"L_ATTRIBUTES_DROPPED"}, set(), set()),
        ("box that is difficult and truncated", set(), {"L_FLAGS_DROPPED"}, set(), set()),
        ("box that is occluded", set(), {"L_FLAGS_DROPPED"}, set(), set()),
        ("box with score, group and track", set(), {"L_FLAGS_DROPPED"}, set(), set()),
    ],
)
def test_every_field_beside_the_geometry_ends_as_the_second_table_says(
    title: str, coco: set[str], yolo: set[str], voc: set[str], csv: set[str]
) -> None:
    assert rows_of("coco:boxes=empty")[title] == coco
    assert rows_of("yolo:task=detect")[title] == yolo
    assert rows_of("voc")[title] == voc
    assert rows_of("csv")[title] == csv


@pytest.mark.parametrize("spec", ["coco", "yolo:task=segment", "yolo:task=detect", "voc", "voc:task=segment", "csv"])
def test_excluded_regions_are_left_out_of_every_writer(spec: str) -> None:
    made = rows_of(f"{spec}{',' if ':' in spec else ':'}segmentation=exclude")

    for title in (
        "polygon",
        "polygon of several parts",
        "polygon with a hole",
        "mask",
        "crowd, a polygon",
        "crowd, a mask",
    ):
        assert made[title] == {"S_SEGMENTATION_EXCLUDED"}, title
