"""HEIF pictures: HEIC and AVIF (ISO/IEC 23008-12; MIAF; AV1 Image File Format)."""

from __future__ import annotations

from typing import Final

from exportkit.pictures.boxes import Box, end_of_boxes, walk_boxes
from exportkit.pictures.facts import PictureHeader, PictureUnreadable
from exportkit.pictures.window import Window

__all__ = ["is_heif", "read_heif"]

_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_GENERIC: Final = frozenset({b"mif1", b"mif2", b"msf1", b"miaf", b"1pic"})
_MOST_BRANDS: Final = 256
_MOST_BYTES: Final = 64 * 1024

# The EXIF orientation for quarter turns against the clock (irot), then a mirror (imir: none, axis 0, axis 1).
_ORIENTATIONS: Final = {0: (1, 4, 2), 1: (8, 5, 7), 2: (3, 2, 4), 3: (6, 7, 5)}


def is_heif(start: bytes) -> bool:
    """Tell whether a file beginning with `start` claims to be of the HEIF family."""
    return start[4:8] == b"ftyp" and start[8:12] in _AVIF | _HEIC | _GENERIC


def read_heif(window: Window) -> PictureHeader:
    """Read the properties of the primary item. They are binding; EXIF in such a file is not applied again."""
    meta = _find(window, 0, window.size, b"meta")
    inside = {box.kind: box for box in walk_boxes(window, meta.start + 4, meta.end)}
    if b"iprp" not in inside:
        raise PictureUnreadable("the HEIF has no item properties")
    properties = inside[b"iprp"]
    container = _find(window, properties.start, properties.end, b"ipco")
    boxes = list(walk_boxes(window, container.start, container.end))
    mine = _properties_of_primary(window, inside.get(b"pitm"), properties)
    chosen = {boxes[index - 1].kind: boxes[index - 1] for index in mine if 1 <= index <= len(boxes)}
    size = chosen.get(b"ispe")
    if size is None:
        raise PictureUnreadable("the HEIF tells no size of its primary picture")
    turns = window.number(chosen[b"irot"].start, 1) & 3 if b"irot" in chosen else 0
    mirror = 1 + (window.number(chosen[b"imir"].start, 1) & 1) if b"imir" in chosen else 0
    channels, bits = _pixels(window, chosen.get(b"pixi"))
    return PictureHeader(
        format=_format(window),
        stored_width=window.number(size.start + 4, 4),
        stored_height=window.number(size.start + 8, 4),
        orientation=_ORIENTATIONS[turns][mirror],
        channels=channels,
        bits=bits,
        declared_end=end_of_boxes(window),
    )


def _find(window: Window, start: int, end: int, kind: bytes) -> Box:
    for box in walk_boxes(window, start, end):
        if box.kind == kind:
            return box
    raise PictureUnreadable(f"the HEIF has no {kind.decode()} box")


def _format(window: Window) -> str:
    length = min(window.number(0, 4), 16 + 4 * _MOST_BRANDS)
    brands = window.peek(8, max(length - 8, 4))
    found = {brands[at : at + 4] for at in range(0, len(brands), 4)}
    if brands[:4] in _AVIF:
        return "avif"
    if brands[:4] in _HEIC:
        return "heic"
    return "avif" if found & _AVIF else "heic" if found & _HEIC else "heif"


def _pixels(window: Window, box: Box | None) -> tuple[int, int]:
    """Return channels and bits of a sample."""
    if box is None:
        return 3, 8
    channels, bits = window.read(box.start + 4, 2)
    return 1 if channels == 1 else 3, bits


def _properties_of_primary(window: Window, primary: Box | None, properties: Box) -> list[int]:
    """Return the 1-based indices of the properties that belong to the primary item, or to the only one."""
    wanted = None
    if primary is not None:
        wanted = window.number(primary.start + 4, 2 if window.number(primary.start, 1) == 0 else 4)
    association = _find(window, properties.start, properties.end, b"ipma")
    data = window.peek(association.start, min(association.end - association.start, _MOST_BYTES))
    if len(data) < 8:
        raise PictureUnreadable("the HEIF associates no properties")
    id_size, index_size = 2 if data[0] == 0 else 4, 1 + (data[3] & 1)
    at = 8
    while at + id_size < len(data):
        item = int.from_bytes(data[at : at + id_size], "big")
        at += id_size + 1
        end = at + data[at - 1] * index_size
        if wanted is None or item == wanted:
            mask = 0x7F if index_size == 1 else 0x7FFF
            return [int.from_bytes(data[i : i + index_size], "big") & mask for i in range(at, end, index_size)]
        at = end
    raise PictureUnreadable("the HEIF tells nothing of its primary picture")
