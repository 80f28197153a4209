"""Geometry drawn on stored pixels covers, once turned, the same pixels of the picture as it is shown (section 1)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from exportkit.errors import AnnotationFault
from exportkit.normalize import turned
from exportkit.records import (
    Annotation,
    Box,
    Canvas,
    Keypoints,
    LazyRegion,
    Mask,
    Part,
    Point,
    Polygon,
    Record,
    RotatedBox,
)

WIDTH, HEIGHT = 9, 7
ORIENTATIONS = tuple(range(1, 9))
EXIF_ORIENTATION = 0x0112

Pixels = frozenset[tuple[int, int]]

orientations = st.sampled_from(ORIENTATIONS)
pixel_sets = st.frozensets(
    st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1)), min_size=1, max_size=WIDTH * HEIGHT
)


def shown(pixels: Iterable[tuple[int, int]], orientation: int) -> tuple[Pixels, tuple[int, int]]:
    """Where Pillow shows stored pixels of a file with this orientation, and the size that it shows."""
    image = Image.new("L", (WIDTH, HEIGHT))
    for pixel in pixels:
        image.putpixel(pixel, 255)
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif.tobytes())
    upright = ImageOps.exif_transpose(Image.open(file))
    width, height = upright.size
    return frozenset((x, y) for y in range(height) for x in range(width) if upright.getpixel((x, y))), upright.size


def covered(mask: Mask) -> Pixels:
    runs = mask.to_row_runs()
    places = [place for start, length in runs for place in range(start, start + length)]
    return frozenset((place % mask.width, place // mask.width) for place in places)


def one(orientation: int, **fields: Any) -> Annotation:
    """One annotation of a record, turned."""
    annotation = Annotation(0, fields.pop("kind", "polygon"), "cat", **fields)
    (made,) = turned(Record(1, (annotation,)), orientation, WIDTH, HEIGHT).annotations
    return made


def region_of(annotation: Annotation) -> Polygon | Mask:
    assert isinstance(annotation.region, LazyRegion)
    return annotation.region.get()


def ring_pixels(ring: tuple[float, ...], size: tuple[int, int]) -> Pixels:
    mask = Mask.from_polygon(Polygon((Part(ring),)), *size)
    return frozenset() if mask is None else covered(mask)


@given(orientations, st.integers(0, 8), st.integers(0, 6), st.data())
def test_a_box_covers_the_same_pixels(orientation: int, x: int, y: int, data: st.DataObject) -> None:
    width, height = data.draw(st.integers(1, WIDTH - x)), data.draw(st.integers(1, HEIGHT - y))
    wanted, _ = shown({(x + i, y + j) for i in range(width) for j in range(height)}, orientation)

    box = one(orientation, kind="box", box=Box(x, y, width, height)).box

    assert isinstance(box, Box)
    assert all(type(value) is int for value in box.to_xywh())
    assert {(i, j) for i in range(box.x, box.x1) for j in range(box.y, box.y1)} == wanted  # type: ignore[arg-type]


@given(orientations, pixel_sets, st.booleans())
def test_a_mask_covers_the_same_pixels(orientation: int, pixels: Pixels, by_column: bool) -> None:
    wanted, (width, height) = shown(pixels, orientation)
    rows = LazyRegion([y * WIDTH + x for x, y in pixels], "row_indices", width=WIDTH, height=HEIGHT)
    mask = rows.get()
    assert isinstance(mask, Mask)
    if by_column:
        rle = {"size": [HEIGHT, WIDTH], "counts": mask.to_coco_counts()}

    made = region_of(one(orientation, kind="mask", region=LazyRegion(rle, "rle") if by_column else rows))

    assert isinstance(made, Mask)
    assert (made.width, made.height) == (width, height)
    assert covered(made) == wanted
    runs = made.runs
    assert list(runs) == sorted(set(runs)), "runs are ascending and apart"


@given(orientations, st.lists(st.tuples(st.integers(0, 900), st.integers(0, 700)), min_size=3, max_size=6))
def test_a_ring_covers_the_same_pixels(orientation: int, corners: list[tuple[int, int]]) -> None:
    # Off the hundredths, so that no edge is straight through the centre of a pixel.
    ring = tuple(value / 100 + 0.00137 * (place % 5 + 1) for place, value in enumerate(sum(corners, ())))
    assume(Polygon((Part(ring),)).pixel_count() > 0 and not _meets_a_centre(ring))
    wanted, size = shown(ring_pixels(ring, (WIDTH, HEIGHT)), orientation)

    made = region_of(one(orientation, region=LazyRegion([list(ring)], "coco_rings")))

    assert isinstance(made, Polygon)
    assert ring_pixels(made.parts[0].outer, size) == wanted


def _meets_a_centre(ring: tuple[float, ...]) -> bool:
    """Whether a centre is so near to an edge that the rule for borders, and not the shape, decides."""
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        for x, y in ((i + 0.5, j + 0.5) for i in range(WIDTH) for j in range(HEIGHT)):
            if abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) < 1e-4:
                return True
    return False


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_parts_and_holes_stay_together(orientation: int) -> None:
    rings = [[0, 0, 6, 0, 6, 6, 0, 6], [7, 0, 9, 0, 9, 2]]
    region = LazyRegion(rings, "rings_xy", ".polygons", holes=[[1, 1, 3, 1, 3, 4, 1, 4]])
    before = region.get()
    assert isinstance(before, Polygon)
    whole = Mask.from_polygon(before, WIDTH, HEIGHT)
    assert whole is not None
    # The triangle's slant runs through centres; the square with its hole does not.
    wanted, size = shown({(x, y) for x, y in covered(whole) if x < 7}, orientation)

    made = region_of(one(orientation, region=region))

    assert isinstance(made, Polygon)
    assert [len(part.holes) for part in made.parts] == [1, 0]
    first = Mask.from_polygon(Polygon(made.parts[:1]), *size)
    assert first is not None
    assert covered(first) == wanted
    assert made.area() == before.area()


@given(orientations, st.integers(0, 8), st.integers(0, 6))
def test_points_lines_and_key_points_go_where_their_pixel_goes(orientation: int, x: int, y: int) -> None:
    ((i, j),), _ = shown({(x, y)}, orientation)
    here, there = (x + 0.5, y + 0.5), (i + 0.5, j + 0.5)

    assert one(orientation, kind="point", geometry=Point(*here, 1)).geometry == Point(*there, 1)
    line = one(orientation, kind="polyline", geometry=(here, here)).geometry
    assert line == (there, there)
    pose = Keypoints(((*here, 2), (0, 0, 0)), "s", ("a", "b"))
    assert one(orientation, kind="keypoints", geometry=pose).geometry == Keypoints(
        ((*there, 2), (0, 0, 0)), "s", ("a", "b")
    )


def test_a_point_that_is_not_labelled_stays_at_the_origin() -> None:
    assert one(3, kind="point", geometry=Point(0, 0, 0)).geometry == Point(0, 0, 0)


@given(
    orientations,
    st.tuples(*[st.floats(0.5, 6, width=32)] * 4),
    st.floats(-6, 6).filter(lambda theta: abs(theta) > 1e-3),
)
def test_a_rotated_box_has_the_corners_of_its_turned_polygon(
    orientation: int, numbers: tuple[float, float, float, float], theta: float
) -> None:
    box = RotatedBox(*numbers, theta)
    corners = LazyRegion([list(box.corners())], "coco_rings")

    made = one(orientation, kind="rotated_box", geometry=box, region=corners)

    assert isinstance(made.geometry, RotatedBox)
    polygon = region_of(made)
    assert isinstance(polygon, Polygon)
    assert abs(made.geometry.theta) == abs(theta), "no turn makes an upright box of a rotated one"
    for mine, its in zip(_corners(made.geometry.corners()), _corners(polygon.parts[0].outer), strict=True):
        assert mine == pytest.approx(its, abs=5e-6)


def _corners(flat: tuple[float, ...]) -> list[tuple[float, float]]:
    """Corners, the right-most first, and then against the clock; whatever the ring's own order."""
    points = list(zip(flat[0::2], flat[1::2], strict=True))
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True))
    points = points if area > 0 else points[::-1]
    start = max(range(4), key=lambda at: (round(points[at][0], 3), round(points[at][1], 3)))
    return points[start:] + points[:start]


@pytest.mark.parametrize(("orientation", "theta"), [(2, -0.25), (3, 0.25), (4, -0.25), (6, 0.25), (7, -0.25)])
def test_the_angle_changes_sign_in_a_mirror_only(orientation: int, theta: float) -> None:
    made = one(orientation, kind="rotated_box", geometry=RotatedBox(3, 2, 4, 1, 0.25)).geometry
    assert isinstance(made, RotatedBox)
    assert made.theta == theta
    assert (made.width, made.height) == ((4, 1) if orientation < 5 else (1, 4))


def test_only_coordinates_from_the_other_end_are_computed() -> None:
    assert one(5, kind="box", box=Box(1.0, 2.5, 3.25, 4.0)).box == Box(2.5, 1.0, 4.0, 3.25)
    box = one(2, kind="box", box=Box(0.1, 0.2, 0.7000000000001, 1.0)).box
    assert isinstance(box, Box)
    assert box.to_xywh() == (8.2, 0.2, 0.7000000000001, 1.0)


def test_orientation_1_gives_the_very_same_record() -> None:
    record = Record(1, (Annotation(0, "box", "cat", box=Box(1, 2, 3, 4)),))
    assert turned(record, 1, WIDTH, HEIGHT) is record


def test_what_is_not_drawn_on_the_picture_stays_as_it_is() -> None:
    value = {"position": {"x": 1}, "scale": {"x": 2}, "rotation": {"x": 3}}
    cuboid = Annotation(0, "cuboid", "cat", geometry=value, attributes={"x": 1})
    assert turned(Record(1, (cuboid,)), 6, WIDTH, HEIGHT).annotations == (cuboid,)
    assert one(6, kind="relation", geometry=(1, 2)).geometry == (1, 2)


def test_a_declared_area_stands_as_given() -> None:
    assert one(6, kind="box", box=Box(1, 1, 2, 3), area=6.0).area == 6.0


def test_faults_stay_faults_at_their_places() -> None:
    region = LazyRegion([[0, 0, 4, 0, 4, "x"]], "coco_rings", ".segmentation")
    wrong = AnnotationFault("E_BOX_SHAPE", "no box", ".bbox")

    made = one(6, kind="keypoints", box=wrong, geometry=wrong, region=region)

    assert made.box is wrong
    assert made.geometry is wrong
    with pytest.raises(AnnotationFault) as caught:
        region_of(made)
    assert (caught.value.code, caught.value.json_path) == ("E_NUMBER_TYPE", ".segmentation[0][5]")


def test_a_region_stays_unread_until_a_writer_asks_and_the_first_record_is_untouched() -> None:
    region = LazyRegion(b"no json", "coco_rings")
    assert isinstance(one(6, region=region).region, LazyRegion)

    read = LazyRegion([[0, 0, 4, 0, 4, 2]], "coco_rings")
    before = read.get()
    assert region_of(one(3, region=read)) == Polygon((Part((9, 7, 5, 7, 5, 5)),))
    assert read.get() is before


def test_a_region_that_is_read_already_is_turned_too() -> None:
    made = one(3, region=Polygon((Part((0, 0, 4, 0, 4, 2)),))).region
    assert made == Polygon((Part((9, 7, 5, 7, 5, 5)),))
    mask = one(3, kind="mask", region=Mask(WIDTH, HEIGHT, (0, 2))).region
    assert mask == Mask(WIDTH, HEIGHT, (61, 63))


def test_a_ring_that_rounding_ends_is_a_fault_of_its_annotation() -> None:
    tiny = LazyRegion([[1e-7, 0, 2e-7, 5000, 3e-7, 0]], "coco_rings", ".points")
    tiny.get()
    with pytest.raises(AnnotationFault) as caught:
        region_of(one(2, region=tiny))
    assert (caught.value.code, caught.value.json_path) == ("E_POLYGON_POINTS", ".points")


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_mask_of_another_grid_stays_one_of_another_grid(orientation: int) -> None:
    made = one(orientation, kind="mask", region=LazyRegion({"size": [7, 8], "counts": [1, 55]}, "rle"))
    size = (WIDTH, HEIGHT) if orientation < 5 else (HEIGHT, WIDTH)
    with pytest.raises(AnnotationFault) as caught:
        Canvas(*size).region(made)
    assert caught.value.code == "E_MASK_SIZE"
