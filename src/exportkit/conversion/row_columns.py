"""Rows of a shard as columns, and the lines that tell of their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from exportkit.conversion.lists import ImageEntry
from exportkit.conversion.rows import MediaRow, Row
from exportkit.native import core

__all__ = ["NOWHERE", "RowColumns", "columns_of", "image_lines"]

#: The place of a row that no run may have: an empty line, which no record is made of.
NOWHERE = (0, 0, 0, 0)
_BOXES = frozenset({"box"})
#: Kinds that may stand in a run where they have a box beside them.
_PERHAPS_BOXED = _BOXES | {"polygon", "mask", "keypoints"}


class RowColumns(NamedTuple):
    """What runs need of rows, one entry for each: of the first record, where it has several."""

    ids: list[int | str]
    splits: list[str]
    names: list[str]
    widths: list[int]
    heights: list[int]
    depths: list[int]
    #: Start and length of the line in the text that holds it, with width and height of the picture.
    places: list[tuple[int, int, int, int]]


def columns_of(rows: list[Row], offset: int, boxless: frozenset[str]) -> RowColumns:
    """The columns of rows whose lines lie in a text that begins at ``offset`` of their part.

    A run may have a row that is one image about which there is nothing to be said, whose annotations may have a box;
    kinds that are ``boxless`` need none.
    """
    # Only schemas with media give an id to each, and in these nothing but a box has one.
    kinds, kinds_of_media = _PERHAPS_BOXED | boxless, _BOXES | boxless
    if core is not None:
        return RowColumns(*core.row_columns(rows, Row, MediaRow, kinds, kinds_of_media, offset, NOWHERE))
    media = [row.media[0] for row in rows]
    places = [
        (row.offset - offset, row.length, one.width, one.height)
        if len(row.media) == 1 and _may_run(one, kinds, kinds_of_media)
        else NOWHERE
        for row, one in zip(rows, media, strict=True)
    ]
    return RowColumns(
        [row.id for row in rows],
        [one.split for one in media],
        [one.name for one in media],
        [one.width for one in media],
        [one.height for one in media],
        [one.depth for one in media],
        places,
    )


def _may_run(media: MediaRow, kinds: frozenset[str], kinds_of_media: frozenset[str]) -> bool:
    return (
        media.plain_name
        and media.width > 0
        and media.orientation == 1
        and media.fault is None
        and not (media.notices or media.dropped)
        and media.kinds.keys() <= (kinds if media.media_id is None else kinds_of_media)
    )


def image_lines(rows: list[Row], splits: Sequence[str], paths: Sequence[str]) -> bytes:
    """The lines of the list of pictures for rows with one record each: its split and where its picture lies."""
    if core is not None:
        lines: bytes | None = core.image_lines(rows, Row, MediaRow, [*splits], [*paths])
        if lines is not None:
            return lines
    return msgspec.json.Encoder().encode_lines(
        [
            ImageEntry(row.id, media.media_id, split, media.name, path, media.width, media.height)
            for row, split, path in zip(rows, splits, paths, strict=False)
            for media in row.media
        ]
    )
