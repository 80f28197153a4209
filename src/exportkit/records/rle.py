"""The compressed text of COCO run lengths, read strictly and written as COCO's own tools write it.

Each length, from the fourth on as the difference to the one two places before, is cut into groups of five
bits, the lowest first, and written as characters from ``0`` on; the sixth bit says that more follow.
"""

from __future__ import annotations

from collections.abc import Iterable

from exportkit.errors import AnnotationFault

__all__ = ["compressed", "decompressed"]

_FIRST = 48
#: A length of more than this many groups is beyond 2⁶⁴ and so beyond every grid.
_MOST_GROUPS = 13


def compressed(counts: Iterable[int]) -> str:
    """Write run lengths as COCO's compressed ASCII text."""
    text = bytearray()
    before: tuple[int, ...] = ()
    for index, count in enumerate(counts):
        value = count - before[0] if index > 2 else count
        before = (*before[-1:], count)
        while True:
            group = value & 31
            value >>= 5
            done = value == (-1 if group & 16 else 0)
            text.append(_FIRST + group + (0 if done else 32))
            if done:
                break
    return text.decode("ascii")


def decompressed(text: str | bytes, json_path: str = "") -> list[int]:
    """Read COCO's compressed text as run lengths, which may still contradict any grid.

    Raises AnnotationFault ``E_MASK_ENCODING`` for a foreign character, a cut end or an endless number.
    """
    try:
        characters = text.encode("ascii") if isinstance(text, str) else text
    except UnicodeEncodeError:
        raise _undecodable("a character that is not ASCII", json_path) from None
    counts: list[int] = []
    value = groups = 0
    for character in characters:
        bits = character - _FIRST
        if not 0 <= bits < 64:
            raise _undecodable("a character that encodes nothing", json_path)
        value |= (bits & 31) << (5 * groups)
        groups += 1
        if bits & 32:
            if groups > _MOST_GROUPS:
                raise _undecodable("a number without end", json_path)
            continue
        if bits & 16:
            value -= 1 << (5 * groups)
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = groups = 0
    if groups:
        raise _undecodable("a number that is cut off", json_path)
    return counts


def _undecodable(what: str, json_path: str) -> AnnotationFault:
    return AnnotationFault("E_MASK_ENCODING", f"The compressed counts hold {what}; write them again.", json_path)
