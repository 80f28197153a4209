"""Which size a picture has: the file's when it is at hand, else the declared one (formats, section 1.4)."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import msgspec

from exportkit.errors import RecordFault
from exportkit.records import Record
from exportkit.records.numbers import quoted

__all__ = ["DeclaredSize", "PictureHeader", "SizeDecision", "apply_size", "declared_size", "display_size", "grid_of"]

GeometrySpace = Literal["display", "stored"]


class PictureHeader(Protocol):
    """What the header probe of a picture tells, in pixels; ``width`` and ``height`` have orientation applied."""

    @property
    def stored_width(self) -> int: ...
    @property
    def stored_height(self) -> int: ...
    @property
    def orientation(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


class DeclaredSize(msgspec.Struct, frozen=True):
    """A size as the payload gave it, with the JSON path of the object that holds it."""

    width: Any
    height: Any
    path: str = "$"

    @property
    def valid(self) -> bool:
        """True for two positive ints; bools, text, fractions, 0 and negative numbers are none."""
        return _side(self.width) and _side(self.height)

    @property
    def text(self) -> str:
        """Both values for a message."""
        return f"{quoted(self.width)} × {quoted(self.height)}"


class SizeDecision(msgspec.Struct, frozen=True):
    """The display size in pixels (0 when unknown) and what has to be said about it.

    ``fault`` is set where the record cannot go on; then the other fields mean nothing.
    """

    width: int = 0
    height: int = 0
    orientation: int = 1
    notices: tuple[tuple[str, str], ...] = ()
    fault: tuple[str, str] | None = None


def _side(value: object) -> bool:
    return type(value) is int and 0 < value < 1 << 63


def declared_size(*sources: tuple[object, str]) -> DeclaredSize | None:
    """The first object of ``sources`` that declares a width or a height, each given with its JSON path."""
    for source, path in sources:
        if isinstance(source, dict) and (source.get("width") is not None or source.get("height") is not None):
            return DeclaredSize(source.get("width"), source.get("height"), path)
    return None


def grid_of(declared: DeclaredSize | None) -> tuple[int, int] | None:
    """The grid (width, height) of masks that are given as indices: the declared size of their medium."""
    return (declared.width, declared.height) if declared is not None and declared.valid else None


def display_size(
    declared: DeclaredSize | None,
    header: PictureHeader | str | None,
    *,
    media: str = "copy",
    space: GeometrySpace = "display",
) -> SizeDecision:
    """Decide the display size of one picture. Pure.

    ``header`` is what the probe told, or the reason why it told nothing, or None where nothing is probed.
    ``media`` is the media mode of the run; ``space`` is the input option ``geometry_space``: with
    ``stored`` the declared size may be that of the stored pixels.
    """
    if header is None:
        return _from_declaration(declared, ())
    if isinstance(header, str):
        if media != "none":
            return SizeDecision(fault=("E_IMAGE_UNREADABLE", f"The picture cannot be read: {header}."))
        notice = ("N_SIZE_UNVERIFIED", f"The declared size is used, because the picture cannot be read: {header}.")
        return _from_declaration(declared, (notice,))
    notices = () if declared is None else _compared(declared, header, space)
    return SizeDecision(header.width, header.height, header.orientation, notices)


def _from_declaration(declared: DeclaredSize | None, notices: tuple[tuple[str, str], ...]) -> SizeDecision:
    if declared is None:
        return SizeDecision(notices=notices)
    if not declared.valid:
        text = f"The declared size {declared.text} at {declared.path} is no pair of positive whole numbers."
        return SizeDecision(fault=("E_SIZE_INVALID", text))
    return SizeDecision(declared.width, declared.height, 1, notices)


def _compared(declared: DeclaredSize, header: PictureHeader, space: GeometrySpace) -> tuple[tuple[str, str], ...]:
    real = f"{header.width} × {header.height}"
    if not declared.valid:
        return (("N_SIZE_INVALID", f"The declared size {declared.text} is no size; the file's {real} is used."),)
    size = (declared.width, declared.height)
    if size == (header.width, header.height):
        return ()
    if space == "stored" and size == (header.stored_width, header.stored_height):
        return ()
    if size == (header.height, header.width):
        hint = "if the geometry was drawn on the stored pixels, use --input geometry_space=stored"
        return (("N_SIZE_SWAPPED", f"The declared size {declared.text} is the file's {real} turned; {hint}."),)
    return (("N_SIZE_MISMATCH", f"The declared size {declared.text} differs from the file's {real}, which is used."),)


def apply_size(
    record: Record,
    header: PictureHeader | str | None,
    *,
    media: str = "copy",
    space: GeometrySpace = "display",
) -> Record:
    """``record`` with its display size, orientation and notices decided by :func:`display_size`.

    Raises RecordFault where no size is to be had though one is needed (``E_IMAGE_UNREADABLE``,
    ``E_SIZE_INVALID``).
    """
    invalid = next((text for code, text in record.notices if code == "N_SIZE_INVALID"), None)
    declared = None
    if invalid is not None or record.width:
        declared = DeclaredSize(record.width, record.height)
    decision = display_size(declared, header, media=media, space=space)
    if decision.fault is not None:
        code, text = decision.fault
        raise RecordFault(code, invalid if code == "E_SIZE_INVALID" and invalid else text, "$")
    kept = tuple(
        (code, text) for code, text in decision.notices if not (code == "N_SIZE_INVALID" and invalid is not None)
    )
    return msgspec.structs.replace(
        record,
        width=decision.width,
        height=decision.height,
        orientation=decision.orientation,
        notices=record.notices + kept,
    )
