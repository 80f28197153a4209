"""What files hold that do not have one object for each thing: COCO's other roles, and folders of classes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.properties import coco_oracle
from tests.properties.drawn import Pixels, near_a_side
from tests.properties.found import Found, Objects, Told
from tests.properties.promises import EXTENTS, extent, region_pixels, same_edges, same_points
from tests.properties.things import Picture, Thing

__all__ = ["SEPARATE", "WHOLE", "Judge", "same_class_folders"]

_KEPT = frozenset({"written", "lossy"})
#: Judges everything that was read of one picture.
Judge = Callable[[Picture, Sequence[Told], Sequence[Found]], None]


def same_keypoints(picture: Picture, told: Sequence[Told], found: Sequence[Found]) -> None:
    """Every object that keeps its points stands in ``person_keypoints_``, in order."""
    left = list(found)
    for thing, one in zip(picture.things, told, strict=True):
        if thing.kind != "keypoints" or one.status not in _KEPT or "L_KEYPOINTS_DROPPED" in one.codes:
            continue
        own = left.pop(0)
        assert own.label == thing.label
        same_edges(own.edges, extent(thing, picture), 2e-6)
        same_points(own.points, thing, picture, 2e-6)
        assert own.points is not None
        assert own.flags["num_keypoints"] == sum(v > 0 for *_, v in own.points)
    assert not left, ("is too much", left)


def same_captions(picture: Picture, told: Sequence[Told], found: Sequence[Found]) -> None:
    """Every caption stands in ``captions_`` with its text and its attributes."""
    left = list(found)
    for thing, one in zip(picture.things, told, strict=True):
        if thing.kind == "caption" and one.status in _KEPT:
            own = left.pop(0).attributes
            assert own is not None
            assert own["$value"] == thing.value
            assert "L_ATTRIBUTES_DROPPED" in one.codes or all(own[k] == v for k, v in thing.attributes.items())
    assert not left, ("is too much", left)


def same_stuff(picture: Picture, told: Sequence[Told], found: Sequence[Found]) -> None:
    """One mask for each class: the union of its polygons and masks."""
    wanted: dict[str | None, set[tuple[int, int]]] = {}
    pairs = zip(picture.things, told, strict=True)
    regions = [thing for thing, one in pairs if one.status in _KEPT and _is_region(thing)]
    for thing in regions:
        wanted.setdefault(thing.label, set()).update(region_pixels(thing, picture))
    assert [own.label for own in found] == list(wanted)
    for own in found:
        _same_pixels(own.pixels or frozenset(), frozenset(wanted[own.label]), regions)


def same_segments(picture: Picture, told: Sequence[Told], found: Sequence[Found]) -> None:
    """Regions painted in their order, later over earlier; those of which nothing is seen are left out and told."""
    kept = [
        (thing, one)
        for thing, one in zip(picture.things, told, strict=True)
        if one.status in _KEPT and thing.kind in EXTENTS and (thing.parts or thing.pixels)
    ]
    regions = [thing for thing, _ in kept]
    left = list(found)
    for place, (thing, one) in enumerate(kept):
        later = set().union(*(region_pixels(above, picture) for above in regions[place + 1 :]))
        visible = region_pixels(thing, picture) - later
        if "L_REGION_NOT_DRAWN" in one.codes:
            _same_pixels(frozenset(), visible, regions)
            continue
        own = left.pop(0)
        assert (own.label, own.flags["iscrowd"]) == (thing.label, int(thing.is_crowd))
        _same_pixels(own.pixels or frozenset(), visible, regions)
    assert not left, ("is too much", left)


def _is_region(thing: Thing) -> bool:
    return thing.kind in {"polygon", "mask"}


def _same_pixels(found: Pixels, wanted: Pixels, regions: Iterable[Thing]) -> None:
    sides = [ring for thing in regions for ring in thing.rings]
    differing = found ^ wanted
    assert all(near_a_side(sides, pixel, 1e-5) for pixel in differing), differing


#: Role files beside ``instances_`` of the plain COCO output: what reads them and what judges them.
SEPARATE: dict[str, tuple[Callable[[Path], Objects], Judge]] = {
    "person_keypoints": (lambda root: coco_oracle.read(root, "person_keypoints"), same_keypoints),
    "captions": (coco_oracle.read_captions, same_captions),
}
#: Outputs of their own whose files hold regions together.
WHOLE: dict[str, tuple[Callable[[Path], Objects], Judge]] = {
    "coco:segmentation=semantic": (lambda root: coco_oracle.read(root, "stuff"), same_stuff),
    "coco:panoptic=yes": (coco_oracle.read_segments, same_segments),
}


def same_class_folders(root: Path, picture: Picture, told: Sequence[Told], path: str) -> None:
    """The folder of a picture is that of its one tag; loaders number folders as the manifest says."""
    manifest = json.loads((root / "exportkit-manifest.json").read_text())
    names = {entry["index"]: entry["name"] for entry in manifest["classes"]}
    folders: dict[str, int] = manifest["writer"]["facts"]["class_folders"]
    split, folder, _ = path.split("/")
    assert sorted(path.name for path in (root / split).iterdir()) == list(folders)
    tags = [
        one for thing, one in zip(picture.things, told, strict=True)
        if thing.kind == "tag" and one.status == "written" and thing.label == names[folders[folder]]
    ]  # fmt: skip
    others = {thing.label for thing in picture.things if thing.kind == "tag" and not thing.broken}
    assert others == {names[folders[folder]]}
    assert len(tags) <= 1
