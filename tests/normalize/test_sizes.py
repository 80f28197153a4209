"""Which size a picture has (formats, section 1.4)."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from exportkit.errors import RecordFault
from exportkit.normalize import DeclaredSize, LineNormalizer, apply_size, display_size


class Header(NamedTuple):
    stored_width: int
    stored_height: int
    orientation: int
    width: int
    height: int


UPRIGHT = Header(640, 480, 1, 640, 480)
TURNED = Header(640, 480, 6, 480, 640)


@pytest.mark.parametrize(
    ("declared", "header", "media", "space", "size", "codes"),
    [
        ((640, 480), UPRIGHT, "copy", "display", (640, 480, 1), []),
        (None, UPRIGHT, "copy", "display", (640, 480, 1), []),
        ((640, 481), UPRIGHT, "copy", "display", (640, 480, 1), ["N_SIZE_MISMATCH"]),
        ((640, 480), TURNED, "copy", "display", (480, 640, 6), ["N_SIZE_SWAPPED"]),
        ((640, 480), TURNED, "copy", "stored", (480, 640, 6), []),
        ((480, 640), TURNED, "copy", "display", (480, 640, 6), []),
        ((True, 480), UPRIGHT, "copy", "display", (640, 480, 1), ["N_SIZE_INVALID"]),
        ((640, 480), "it is cut", "none", "display", (640, 480, 1), ["N_SIZE_UNVERIFIED"]),
        (None, "it is cut", "none", "display", (0, 0, 1), ["N_SIZE_UNVERIFIED"]),
        ((640, 480), None, "none", "display", (640, 480, 1), []),
        (None, None, "copy", "display", (0, 0, 1), []),
    ],
)
def test_the_file_is_the_truth_and_contradictions_are_named(
    declared: tuple[object, object] | None,
    header: Header | str | None,
    media: str,
    space: str,
    size: tuple[int, int, int],
    codes: list[str],
) -> None:
    made = display_size(
        DeclaredSize(*declared) if declared else None,
        header,
        media=media,
        space="stored" if space == "stored" else "display",
    )
    assert made.fault is None
    assert (made.width, made.height, made.orientation) == size
    assert [code for code, _ in made.notices] == codes


@pytest.mark.parametrize(
    ("declared", "header", "media", "code"),
    [
        ((640, 480), "it is cut", "copy", "E_IMAGE_UNREADABLE"),
        ((0, 480), None, "copy", "E_SIZE_INVALID"),
        (("640", 480), "it is cut", "none", "E_SIZE_INVALID"),
        ((1.5, 480), None, "none", "E_SIZE_INVALID"),
    ],
)
def test_a_record_fails_where_no_size_can_be_trusted(
    declared: tuple[object, object], header: str | None, media: str, code: str
) -> None:
    fault = display_size(DeclaredSize(*declared), header, media=media).fault
    assert fault is not None
    assert fault[0] == code


def test_an_invalid_size_of_a_record_is_a_notice_with_its_file_and_an_error_without() -> None:
    line = (
        b'{"id":1,"data":{"annotations":[]},'
        b'"data_unit":{"width":0,"height":5},"files_manifest":{"a":{"bundle_path":"files/a"}}}'
    )
    (record,) = LineNormalizer().records(line)
    sized = apply_size(record, UPRIGHT)
    assert (sized.width, sized.height) == (640, 480)
    assert [code for code, _ in sized.notices] == ["N_SIZE_INVALID"]
    with pytest.raises(RecordFault) as caught:
        apply_size(record, None)
    assert caught.value.code == "E_SIZE_INVALID"
