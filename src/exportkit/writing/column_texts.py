"""Texts of many records by one template, from columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from exportkit.native import core

__all__ = ["column_texts"]


def column_texts(pieces: tuple[bytes, ...], *columns: Sequence[str] | Sequence[int]) -> list[bytes]:
    """For each place of the columns the pieces, with its values between them as UTF-8; one piece more than columns.

    Raises ValueError for columns of different lengths, another number of pieces, and a text that UTF-8 cannot hold.
    """
    if len(pieces) != len(columns) + 1:
        raise ValueError("there is one piece more than columns")
    if core is not None:
        texts: list[bytes] | None = core.column_texts(pieces, tuple([*column] for column in columns))
        if texts is not None:
            return texts
    return [
        b"".join(chain.from_iterable(zip(pieces, (*[str(value).encode() for value in values], b""), strict=True)))
        for values in zip(*columns, strict=True)
    ]
