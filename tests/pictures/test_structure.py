"""Cut and damaged pictures are told without decoding."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from exportkit.pictures import (
    PictureHeader,
    PictureUnreadable,
    StructureCheck,
    check_structure,
    jpeg_end_is_last,
    probe,
)

FORMS = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True, "quality": 95}),
    ("PNG", {}),
    ("GIF", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("BMP", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_adobe_deflate"}),
    ("PPM", {}),
    ("JPEG2000", {}),
    ("JPEG2000", {"no_jp2": True}),
]


def picture(form: str, **options: object) -> bytes:
    image = Image.effect_noise((40, 30), 80)
    buffer = io.BytesIO()
    try:
        image.save(buffer, form, **options)
    except KeyError:
        pytest.skip(f"this Pillow has no codec for {form}")
    return buffer.getvalue()


def judge(data: bytes, header: PictureHeader | None = None, step: int = 1 << 20) -> str | None:
    header = header or probe(data)
    check = StructureCheck(header.format, header.declared_end)
    buffer = bytearray(step)
    for at in range(0, len(data), step):
        # As files are read: into one buffer, which holds other bytes by the time of the next chunk.
        chunk = memoryview(buffer)[: min(step, len(data) - at)]
        chunk[:] = data[at : at + step]
        check.feed(chunk)
    return check.finish()


@pytest.mark.parametrize(("form", "options"), FORMS)
@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1 << 20])
def test_a_whole_picture_is_whole_in_chunks_of_any_length(form: str, options: dict[str, object], step: int) -> None:
    assert judge(picture(form, **options), step=step) is None


@pytest.mark.parametrize(("form", "options"), FORMS)
def test_a_picture_cut_at_any_byte_is_told(form: str, options: dict[str, object]) -> None:
    data = picture(form, **options)
    header = probe(data)
    pixels_end = len(data)
    if form == "TIFF":  # Pillow writes the directory and a padding byte behind some pixels
        pixels_end = header.declared_end
    for end in range(pixels_end):
        assert judge(data[:end], header) is not None, end


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_bytes_behind_the_picture_are_allowed(form: str) -> None:
    assert judge(picture(form) + b"\0trailing rubbish") is None


def test_a_changed_bit_in_a_png_is_told_with_its_chunk() -> None:
    data = bytearray(picture("PNG"))
    data[data.index(b"IDAT") + 9] ^= 1

    assert "IDAT" in str(judge(bytes(data)))


def test_a_jpeg_whose_thumbnail_is_whole_is_still_cut() -> None:
    thumbnail = picture("JPEG")
    data = picture("JPEG", comment=thumbnail)

    assert thumbnail.endswith(b"\xff\xd9")
    assert judge(data) is None
    assert judge(data[:-2], probe(data)) is not None


def test_a_webp_that_declares_more_than_there_is_is_cut() -> None:
    data = bytearray(picture("WEBP"))
    struct.pack_into("<I", data, 4, len(data))

    assert "declares" in str(judge(bytes(data)))


def test_a_bmp_of_declared_gigabytes_is_cut_and_costs_nothing() -> None:
    data = bytearray(picture("BMP"))
    struct.pack_into("<ii", data, 18, 60_000, 60_000)

    assert "declares" in str(judge(bytes(data)))


def test_an_animated_gif_and_png_and_a_multi_picture_jpeg_are_whole() -> None:
    more = [Image.new("L", (40, 30), 200)]
    for form in ("GIF", "PNG", "MPO", "WEBP"):
        data = picture(form, save_all=True, append_images=more)

        assert judge(data) is None, form


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_what_only_ends_like_a_picture_is_damaged(form: str) -> None:
    data = picture(form)

    assert "signature" in str(judge(b"not" + data[3:], probe(data)))


def test_an_open_file_is_checked_from_its_first_byte_wherever_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(picture("PNG"))
    with file.open("rb") as opened:
        opened.seek(30)

        assert check_structure(opened.fileno(), probe(opened.fileno())) is None
        assert opened.tell() == 30


def test_only_a_jpeg_that_ends_with_its_end_marker_is_left_alone_by_ultralytics(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    for data, is_last in [(picture("JPEG"), True), (picture("JPEG") + b"\0", False), (b"\xd9", False)]:
        file.write_bytes(data)
        with file.open("rb") as opened:
            assert jpeg_end_is_last(opened.fileno()) is is_last


@settings(max_examples=100, deadline=None)
@given(
    form=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"]),
    changes=st.dictionaries(st.integers(0, 2000), st.integers(0, 255), min_size=1, max_size=6),
    step=st.integers(1, 2000),
)
def test_damage_of_any_kind_gives_a_reason_or_none_whatever_the_chunks(
    form: str, changes: dict[int, int], step: int
) -> None:
    data = bytearray(picture(form))
    for at, value in changes.items():
        data[at % len(data)] = value
    try:
        header = probe(bytes(data))
    except PictureUnreadable:
        return

    assert judge(bytes(data), header, step) == judge(bytes(data), header)
