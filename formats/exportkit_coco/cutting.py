"""A COCO file on disk, cut into pieces that can be judged one by one in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from exportkit.writing import Dataset, Piece
from exportkit_coco.document import members
from exportkit_coco.role_files import role_file
from exportkit_coco.rules import ImageEntry, Size

__all__ = ["cut_file", "png_path"]

#: Bytes of entries in one piece.
_PIECE = 1 << 20


def cut_file(dataset: Dataset, path: str) -> Iterator[Piece]:
    """Pieces of one file; raises DocumentFault where its structure breaks off.

    Pictures come first, whatever the order of keys in the file, so that each annotation meets its picture's
    size; what stands around both lists comes last.
    """
    sizes: dict[int, Size] = {}
    rest: dict[str, list[bytes] | bytes] = {}
    yield from _cut_images(dataset, path, sizes, rest)
    if role_file(path).role == "panoptic":
        yield from _cut_panoptic(dataset, path, sizes)
    else:
        yield from _cut_annotations(dataset, path, sizes)
    around = (
        msgspec.json.encode(key) + b":" + (data if isinstance(data, bytes) else b"[" + b",".join(data) + b"]")
        for key, data in rest.items()
    )
    yield Piece(path, b"{" + b",".join(around) + b"}", f"{path}#skeleton")


def _cut_images(
    dataset: Dataset, path: str, sizes: dict[int, Size], rest: dict[str, list[bytes] | bytes]
) -> Iterator[Piece]:
    """Pieces of ``images``, their sizes by id, and everything but the entries of ``annotations`` into ``rest``."""
    batch: list[bytes] = []
    held = 0
    for member in members(dataset.stream(path)):
        if not member.element:
            rest[member.key] = [] if member.data == b"[]" else member.data
        elif member.key == "images":
            _note_size(member.data, sizes)
            batch.append(member.data)
            held += len(member.data)
            if held >= _PIECE:
                yield Piece(path, b",".join(batch), f"{path}#images")
                batch, held = [], 0
        elif member.key != "annotations" and isinstance(entries := rest[member.key], list):
            entries.append(member.data)
    if batch:
        yield Piece(path, b",".join(batch), f"{path}#images")


def _cut_annotations(dataset: Dataset, path: str, sizes: dict[int, Size]) -> Iterator[Piece]:
    batch: list[bytes] = []
    held = 0
    for member in members(dataset.stream(path)):
        if member.element and member.key == "annotations":
            batch.append(member.data)
            held += len(member.data)
            if held >= _PIECE:
                yield _excerpt(path, batch, sizes)
                batch, held = [], 0
    if batch:
        yield _excerpt(path, batch, sizes)


class _PngReference(msgspec.Struct):
    image_id: Any = None
    file_name: Any = None


def _cut_panoptic(dataset: Dataset, path: str, sizes: dict[int, Size]) -> Iterator[Piece]:
    """Each entry with its PNG file, behind a line of the picture's size, of the entry's length, and of whether there
    is a file.
    """
    for member in members(dataset.stream(path)):
        if not (member.element and member.key == "annotations"):
            continue
        try:
            told = msgspec.json.decode(member.data, type=_PngReference)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            told = _PngReference()
        png = None
        if isinstance(told.file_name, str):
            try:
                png = dataset.read(png_path(path, told.file_name))
            except (OSError, ValueError):
                png = None
        size = sizes.get(told.image_id) if type(told.image_id) is int else None
        head = msgspec.json.encode((size, len(member.data), png is not None))
        yield Piece(path, b"%b\n%b%b" % (head, member.data, png or b""), f"{path}#segments")


def png_path(path: str, file_name: str) -> str:
    """Path of a PNG file of the role file at ``path``: the folder of its name without the ending holds it."""
    return f"{path.removesuffix('.json')}/{file_name}"


def _note_size(data: bytes, sizes: dict[int, Size]) -> None:
    try:
        image = msgspec.json.decode(data, type=ImageEntry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    sizes[image.id] = (image.width, image.height)


class _ImageReference(msgspec.Struct):
    image_id: int


def _excerpt(path: str, batch: list[bytes], sizes: dict[int, Size]) -> Piece:
    """Annotations behind a line of (id, width, height) of their pictures, so that the piece can be judged alone."""
    known: dict[int, Size] = {}
    for data in batch:
        try:
            image = msgspec.json.decode(data, type=_ImageReference).image_id
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if image in sizes:
            known[image] = sizes[image]
    head = msgspec.json.encode([(image, width, height) for image, (width, height) in known.items()])
    return Piece(path, head + b"\n" + b",".join(batch), f"{path}#excerpt")
