"""Sizes, orientation and format from headers, against Pillow and against hostile bytes."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from exportkit.pictures import EXTENSIONS, PictureHeader, PictureUnreadable, check_structure, probe

SHARED = Path(os.environ.get("EXPORTKIT_SHARED_DATA") or Path(__file__).parents[2].parent / "shared" / "data")

# Pillow's name of a format, modes to write, options, and our name.
WRITTEN = [
    ("JPEG", "RGB", {}, "jpg"),
    ("JPEG", "L", {"progressive": True}, "jpg"),
    ("JPEG", "CMYK", {}, "jpg"),
    ("PNG", "RGBA", {}, "png"),
    ("PNG", "I;16", {}, "png"),
    ("PNG", "P", {}, "png"),
    ("GIF", "P", {}, "gif"),
    ("BMP", "RGB", {}, "bmp"),
    ("BMP", "RGBA", {}, "bmp"),
    ("BMP", "L", {}, "bmp"),
    ("BMP", "1", {}, "bmp"),
    ("WEBP", "RGB", {}, "webp"),
    ("WEBP", "RGB", {"lossless": True}, "webp"),
    ("WEBP", "RGBA", {"lossless": True}, "webp"),
    ("WEBP", "RGBA", {}, "webp"),
    ("TIFF", "RGB", {}, "tif"),
    ("TIFF", "L", {"compression": "tiff_lzw"}, "tif"),
    ("TIFF", "RGBA", {"compression": "jpeg"}, "tif"),
    ("TIFF", "RGB", {"big_tiff": True}, "tif"),
    ("PPM", "RGB", {}, "pnm"),
    ("PPM", "L", {}, "pnm"),
    ("PPM", "1", {}, "pnm"),
    ("PPM", "I;16", {}, "pnm"),
    ("JPEG2000", "RGB", {}, "jp2"),
    ("JPEG2000", "L", {"no_jp2": True}, "jp2"),
    ("AVIF", "RGB", {}, "avif"),
]
CHANNELS = {"1": 1, "L": 1, "I;16": 1, "RGB": 3, "P": 3, "RGBA": 4, "CMYK": 4}


def picture(form: str, mode: str = "RGB", size: tuple[int, int] = (37, 21), **options: Any) -> bytes:
    if form not in Image.SAVE:
        Image.init()
    if form not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {form}")
    image = Image.new("L", size)
    image.putdata([(x * 7) % 251 for x in range(size[0] * size[1])])
    buffer = io.BytesIO()
    try:
        (image.convert("I") if mode == "I;16" else image).convert(mode).save(buffer, form, **options)
    except KeyError:
        pytest.skip(f"this Pillow has no codec for {form}")
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[274] = orientation
    tags[271] = "a camera whose name does not fit into four bytes"
    return tags


def shown_size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return ImageOps.exif_transpose(image).size


@pytest.mark.parametrize(("form", "mode", "options", "name"), WRITTEN)
def test_what_pillow_writes_is_read_with_its_size_format_and_channels(
    form: str, mode: str, options: dict[str, Any], name: str
) -> None:
    data = picture(form, mode, **options)

    header = probe(data)

    assert (header.format, header.stored_width, header.stored_height) == (name, 37, 21)
    assert (header.width, header.height, header.orientation) == (37, 21, 1)
    if form not in {"WEBP", "BMP"}:
        assert header.channels == CHANNELS[mode]
    assert header.declared_end <= len(data)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "MPO"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_as_pillow_applies_it(form: str, orientation: int) -> None:
    data = picture(form, exif=exif(orientation).tobytes() if form != "TIFF" else exif(orientation))

    header = probe(data)

    assert header.orientation == orientation
    assert (header.width, header.height) == shown_size(data)
    assert (header.width, header.height) == ((37, 21) if orientation < 5 else (21, 37))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_turns_and_mirrors_of_an_avif_are_those_of_exif(orientation: int) -> None:
    header = probe(picture("AVIF", exif=exif(orientation).tobytes()))

    assert header.orientation == orientation
    assert (header.width, header.height) == ((37, 21) if orientation < 5 else (21, 37))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_impossible_orientation_counts_as_none(value: int) -> None:
    assert probe(picture("JPEG", exif=exif(value).tobytes())).orientation == 1


def test_damaged_exif_costs_no_picture() -> None:
    assert probe(picture("JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")).orientation == 1


def test_a_multi_picture_jpeg_is_mpo_and_may_be_named_jpg() -> None:
    second = Image.new("RGB", (37, 21), "red")

    header = probe(picture("MPO", save_all=True, append_images=[second]))

    assert header.format == "mpo"
    assert "jpg" in EXTENSIONS["mpo"]


def test_a_jpeg_with_one_picture_in_its_list_is_a_plain_jpeg() -> None:
    assert probe(picture("MPO", save_all=True)).format == "jpg"


def test_exif_behind_the_pixels_of_a_png_is_found() -> None:
    data = picture("PNG", exif=exif(6).tobytes())
    at = data.index(b"eXIf") - 4
    end = at + 12 + int.from_bytes(data[at : at + 4], "big")
    moved = data[:at] + data[end:-12] + data[at:end] + data[-12:]

    assert probe(moved).orientation == 6


def test_a_bmp_with_rows_from_the_top_has_a_positive_height() -> None:
    data = bytearray(picture("BMP"))
    struct.pack_into("<i", data, 22, -21)

    assert probe(bytes(data)).height == 21


def test_an_old_bitmap_of_os2_is_read() -> None:
    data = b"BM" + struct.pack("<IHHI", 26 + 8, 0, 0, 26) + struct.pack("<IHHHH", 12, 2, 1, 1, 24) + bytes(8)

    assert (probe(data).width, probe(data).height) == (2, 1)


@pytest.mark.parametrize(
    ("data", "size", "channels"),
    [
        (b"P1\n# made by hand\n3 2\n1 0 1\n0 1 0\n", (3, 2), 1),
        (b"P2 # grey\n 4\t5 # wide, high\n255\n", (4, 5), 1),
        (b"P7\nWIDTH 6\nHEIGHT 7\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n", (6, 7), 4),
    ],
)
def test_pixmaps_in_text_are_read_past_their_comments(data: bytes, size: tuple[int, int], channels: int) -> None:
    header = probe(data)

    assert (header.width, header.height) == size
    assert header.channels == channels


def test_a_dng_is_told_from_a_tiff_by_its_version_tag() -> None:
    assert probe(picture("TIFF", tiffinfo={50706: b"\1\4\0\0"})).format == "dng"


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def heif(brand: bytes, primary: int, turns: int | None) -> bytes:
    sizes = [box(b"ispe", bytes(4), struct.pack(">II", *size)) for size in ((4032, 3024), (320, 240))]
    rotation = [] if turns is None else [box(b"irot", bytes([turns]))]
    links = {1: [1, *([3] if rotation else [])], 2: [2]}
    table = b"".join(struct.pack(">HB", item, len(found)) + bytes(found) for item, found in links.items())
    meta = box(
        b"meta",
        bytes(4),
        box(b"hdlr", bytes(4), bytes(4), b"pict", bytes(13)),
        box(b"pitm", bytes(4), struct.pack(">H", primary)),
        box(b"iprp", box(b"ipco", *sizes, *rotation), box(b"ipma", bytes(4), struct.pack(">I", 2), table)),
    )
    return box(b"ftyp", brand, bytes(4), b"mif1", b"heic") + meta + box(b"mdat", bytes(16))


@pytest.mark.parametrize(("brand", "form"), [(b"heic", "heic"), (b"mif1", "heic"), (b"avif", "avif")])
def test_a_heif_gives_the_size_of_its_primary_item(brand: bytes, form: str) -> None:
    first, second = probe(heif(brand, 1, None)), probe(heif(brand, 2, None))

    assert first.format == form
    assert (first.width, first.height) == (4032, 3024)
    assert (second.width, second.height) == (320, 240)


@pytest.mark.parametrize(("turns", "orientation"), [(0, 1), (1, 8), (2, 3), (3, 6)])
def test_quarter_turns_of_a_heif_become_an_orientation(turns: int, orientation: int) -> None:
    header = probe(heif(b"heic", 1, turns))

    assert header.orientation == orientation
    assert (header.width, header.height) == ((3024, 4032) if turns % 2 else (4032, 3024))


def test_the_extension_and_the_position_of_the_file_do_not_matter(tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    file.write_bytes(picture("JPEG"))
    with file.open("rb") as opened:
        opened.seek(11)

        assert probe(opened.fileno()).format == "jpg"
        assert opened.tell() == 11


@pytest.mark.parametrize("data", [b"", b"P", b"\xff\xd8\xff", b"hello, world", b"<svg/>", b"BM", b"II*\0", b"GIF89a"])
def test_what_is_no_picture_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(PictureUnreadable, match=r"^[a-z]"):
        probe(data)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000"])
def test_a_declared_bomb_is_only_a_number(form: str) -> None:
    data = bytearray(picture(form))
    side, little = 60_000, form not in {"JPEG", "PNG", "JPEG2000"}
    wide = struct.pack("<H" if little else ">H", 37), struct.pack("<H" if little else ">H", 21)
    if form == "PPM":
        data = bytearray(bytes(data).replace(b"37 21", b"60000 60000", 1))
    elif form == "WEBP":
        struct.pack_into("<HH", data, 26, 16_383, 16_383)
        side = 16_383
    elif form == "JPEG2000":
        at = data.index(b"ihdr") + 4
        struct.pack_into(">II", data, at, side, side)
    else:
        new = struct.pack("<H" if little else ">H", side)
        start = data.index(b"\xff\xc0") if form == "JPEG" else 6 if form == "GIF" else 0
        for old in wide:
            at = data.index(old, start)
            data[at : at + 2] = new

    header = probe(bytes(data))

    assert header.stored_width == header.stored_height == side


def test_a_header_of_zero_pixels_is_refused() -> None:
    data = bytearray(picture("PNG"))
    struct.pack_into(">I", data, 16, 0)

    with pytest.raises(PictureUnreadable, match="impossible size"):
        probe(bytes(data))


def test_a_header_spread_over_a_huge_file_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "spread.jpg"
    with file.open("wb") as opened:
        opened.write(b"\xff\xd8")
        for _ in range(2000):
            opened.write(b"\xff\xe2\xff\xff")
            opened.seek(0xFFFD, os.SEEK_CUR)
        opened.write(b"\0")
    with file.open("rb") as opened, pytest.raises(PictureUnreadable, match="256 KiB"):
        probe(opened.fileno())


def test_a_jpeg_of_nothing_but_rubbish_is_given_up() -> None:
    with pytest.raises(PictureUnreadable):
        probe(b"\xff\xd8\xff" + b"\0" * 10_000_000)


def survives(data: bytes) -> None:
    try:
        header = probe(data)
    except PictureUnreadable:
        return
    assert isinstance(header, PictureHeader)
    assert header.width >= 1
    assert header.height >= 1


@pytest.mark.parametrize(("form", "mode", "options", "name"), WRITTEN)
def test_a_file_cut_anywhere_raises_nothing_foreign(form: str, mode: str, options: dict[str, Any], name: str) -> None:
    data = picture(form, mode, (5, 3), **options)
    for end in range(min(len(data), 700)):
        survives(data[:end])


@settings(max_examples=100, deadline=None)
@given(
    start=st.sampled_from([b"", *(picture(form, size=(5, 3))[:40] for form in ("JPEG", "PNG", "TIFF", "WEBP", "BMP"))]),
    rest=st.binary(max_size=400),
)
def test_random_bytes_raise_nothing_foreign(start: bytes, rest: bytes) -> None:
    survives(start + rest)


@settings(max_examples=100, deadline=None)
@given(
    data=st.sampled_from([heif(b"heic", 1, 1), picture("TIFF", size=(5, 3)), picture("JPEG2000", size=(5, 3))]),
    changes=st.dictionaries(st.integers(0, 400), st.integers(0, 255), max_size=8),
)
def test_changed_bytes_raise_nothing_foreign(data: bytes, changes: dict[int, int]) -> None:
    changed = bytearray(data)
    for at, value in changes.items():
        changed[at % len(changed)] = value
    survives(bytes(changed))


@pytest.mark.parametrize("folder", ["images_exif", "images_pillow", "voc_bccd"])
def test_real_pictures_have_the_size_that_pillow_shows(folder: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared pictures are not at hand (EXPORTKIT_SHARED_DATA)")
    kinds = {".jpg", ".png", ".webp", ".pgm"}
    files = [file for file in sorted((SHARED / folder).rglob("*")) if file.suffix in kinds]
    assert files
    for file in files:
        with file.open("rb") as opened:
            header = probe(opened.fileno())

            assert (header.width, header.height) == shown_size(file.read_bytes()), file.name
            assert check_structure(opened.fileno(), header) is None, file.name
            assert file.suffix[1:] in EXTENSIONS[header.format]
