"""A row as it came over the wire: its members are bytes until somebody reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from exportkit.bundles.canonical_line import LINE_ENDS
from exportkit.clients.counted_rows import Row
from exportkit.errors import RecordFault
from exportkit.wire.tolerant import deeper_than, tolerant_loads

__all__ = ["WireRow", "keys_of"]


class WireRow(Mapping[str, Any]):
    """Reads like the object that the backend sent; :meth:`raw` gives the bytes of a member, never re-serialised.

    A member is parsed when it is first read. A row keeps the whole answer that it came in alive.
    """

    __slots__ = ("_members", "_parsed")

    def __init__(self, members: dict[str, msgspec.Raw]) -> None:
        self._members = members
        # Made with the first member that is read: most rows are stored as they came.
        self._parsed: dict[str, Any] | None = None

    @property
    def members(self) -> Mapping[str, msgspec.Raw]:
        """Every member as the bytes that came, in the order of the answer."""
        return self._members

    def raw(self, key: str) -> bytes | None:
        """The bytes of a member, on one line, or None where the row has none."""
        member = self._members.get(key)
        return None if member is None else _on_one_line(bytes(member))

    def line(self) -> bytes:
        """The whole row as one JSON object in one line, its members byte for byte as they came."""
        members = (b"%b:%b" % (_encode(key), member) for key, member in self._members.items())
        return _on_one_line(b"{" + b",".join(members) + b"}")

    def plain(self) -> Row:
        """The same as an ordinary object, for code that wants to print, copy or change it.

        A row with a member that cannot be read comes back as it is, so that its reader meets the error, and costs
        nobody else's row.
        """
        try:
            return dict(self)
        except RecordFault:
            return self

    def __getitem__(self, key: str) -> Any:
        """Raises KeyError, and RecordFault for a member that cannot be read."""
        if self._parsed is None:
            self._parsed = {}
        if key not in self._parsed:
            self._parsed[key] = _value(self._members[key])
        return self._parsed[key]

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        identity = self._members.get("id", self._members.get("pgh_id", msgspec.Raw(b"?")))
        return f"<WireRow {bytes(identity)[:40].decode(errors='replace')}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _again, ({key: bytes(member) for key, member in self._members.items()},)


_encode = msgspec.json.Encoder().encode
_read_keys = msgspec.json.Decoder(list[int]).decode


def keys_of(rows: Sequence[WireRow], key: str) -> list[int] | None:
    """The whole numbers that rows have as `key`, or as their id where they name it otherwise, all read at once.

    None where one of them has none, and every row has to be looked at by itself.
    """
    try:
        found = [row._members for row in rows]  # noqa: SLF001 - of this file's own class, read a thousand times a page
        told = [members[key] if key in members else members["id"] for members in found]
        return _read_keys(b"[%b]" % b",".join(told))
    except (KeyError, msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _on_one_line(text: bytes) -> bytes:
    """JSON without its line breaks, which stand between values alone: in a string they would be escaped."""
    return text.translate(LINE_ENDS) if b"\n" in text or b"\r" in text else text


def _value(member: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(member)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        line = bytes(member)
        if line[:1] == b"{":
            return tolerant_loads(line)
        if deeper_than(line):
            raise RecordFault("E_JSON_DEPTH", "A member of the row nests too deep.") from None
        raise RecordFault("E_JSON", "A member of the row is not valid JSON.") from None


def _again(members: dict[str, bytes]) -> WireRow:
    return WireRow({key: msgspec.Raw(member) for key, member in members.items()})
