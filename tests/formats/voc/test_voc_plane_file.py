"""Planes of any PNG encoder are read as Pillow reads them; what is damaged is refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from exportkit_voc.palette_png import palette_png
from exportkit_voc.plane_file import PlaneUnreadable, read_plane, value_pairs


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, scanlines: bytes, *, depth: int = 8, colour: int = 3, interlace: int = 0) -> bytes:
    """A PNG with two pixel chunks, and an empty one between them."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    packed = zlib.compress(scanlines)
    half = len(packed) // 2
    pixels = (packed[:half], b"", packed[half:])
    chunks = [chunk(b"IHDR", header), chunk(b"PLTE", bytes(768)), *(chunk(b"IDAT", part) for part in pixels)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def values(data: bytes) -> set[int]:
    plane = read_plane(data)
    pairs = value_pairs(plane, plane)
    assert all(one == other for one, other in pairs)
    return {one for one, _ in pairs}


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 12), st.data())
def test_rows_of_every_filter_and_depth_are_read_as_pillow_reads_them(
    width: int, height: int, data: st.DataObject
) -> None:
    depth = data.draw(st.sampled_from([1, 2, 4, 8]))
    stride = (width * depth + 7) // 8
    rows = data.draw(
        st.lists(
            st.tuples(st.integers(0, 4), st.binary(min_size=stride, max_size=stride)), min_size=height, max_size=height
        )
    )
    made = png(width, height, b"".join(bytes((kind,)) + row for kind, row in rows), depth=depth)

    picture = Image.open(io.BytesIO(made))

    assert picture.mode == "P"
    assert values(made) == set(picture.tobytes())


@pytest.mark.parametrize("side", [1, 1025, 3000])
def test_planes_of_many_bands_are_read_whole(side: int) -> None:
    rows = bytearray((side + 1) * side)
    rows[-1], rows[side // 2 * (side + 1) + 1] = 9, 7

    assert values(palette_png(side, side, rows)) == {0, 7, 9} if side > 1 else {9}


def test_pairs_are_those_of_the_same_pixel() -> None:
    one, other = (read_plane(palette_png(3, 1, b"\0" + row)) for row in (b"\1\2\xff", b"\5\0\xff"))

    assert value_pairs(one, other) == {(1, 5), (2, 0), (255, 255)}


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"GIF89a" + data,
        lambda data: data[:-12],
        lambda data: data[:20],
        lambda data: data.replace(struct.pack(">II", 5, 4), struct.pack(">II", 0, 4)),
        lambda data: data.replace(struct.pack(">II", 5, 4), struct.pack(">II", 5, 400)),
        lambda data: png(5, 4, bytes(24))[:-30] + chunk(b"IEND", b""),
        lambda data: png(5, 4, b"\x09" * 24),
        lambda data: data.replace(b"IDAT\x78", b"IDAT\xff"),
    ],
)
def test_damaged_planes_are_refused(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PlaneUnreadable):
        values(damage(palette_png(5, 4, bytes(24))))


@settings(max_examples=100)
@given(st.integers(0, 200), st.binary(max_size=4))
def test_no_damage_escapes(place: int, inserted: bytes) -> None:
    data = png(5, 4, b"\1\2\3\4\5\6" * 4)
    damaged = data[:place] + inserted + data[place + len(inserted) :]
    try:
        plane = read_plane(damaged)
        if plane.has_palette and plane.is_judgeable:
            value_pairs(plane, plane)
    except PlaneUnreadable:
        pass


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (2**31, 1), (2**20 + 1, 1)])
def test_a_huge_header_is_not_judged(width: int, height: int) -> None:
    assert not read_plane(png(width, height, b"")).is_judgeable


def test_an_interlaced_plane_is_not_judged() -> None:
    assert not read_plane(png(5, 4, b"", interlace=1)).is_judgeable


@pytest.mark.parametrize(("colour", "depth"), [(0, 8), (2, 8), (6, 8), (3, 16)])
def test_a_plane_without_a_palette_says_so(colour: int, depth: int) -> None:
    assert not read_plane(png(5, 4, b"", colour=colour, depth=depth)).has_palette
