"""The pieces of streams that the records of one shard give."""

from __future__ import annotations

from collections.abc import Mapping

from exportkit.writing import Fragments

__all__ = ["StreamPieces"]


class StreamPieces:
    """Collects pieces by stream key in record order, and joins them when the shard ends."""

    def __init__(self, streams: Mapping[str, Fragments]) -> None:
        self._placed = streams
        self._stand_ins = {key: part.otherwise for key, part in streams.items() if part.otherwise}
        self._known = streams.keys() | set(self._stand_ins.values())
        self._pieces: dict[str, list[bytes]] = {}
        #: Pieces of sparse streams, each with its record's place in the stream that stands in for the others.
        self._exceptions: dict[str, list[tuple[int, bytes]]] = {key: [] for key in self._stand_ins}

    def unknown(self, streams: Mapping[str, bytes]) -> str | None:
        """A key that has no place in any file, or None."""
        return None if self._known >= streams.keys() else min(set(streams) - self._known)

    def ensure_bytes(self, streams: Mapping[str, bytes]) -> None:
        """Raise TypeError for a piece that is no bytes object."""
        for key, data in streams.items():
            if type(data) is not bytes:
                raise TypeError(f"the piece of stream {key!r} is no bytes object")

    def take(self, streams: Mapping[str, bytes]) -> None:
        """Add the pieces of the next record."""
        exceptions, pieces = self._exceptions, self._pieces
        if not exceptions:
            for key, data in streams.items():
                if data:
                    pieces.setdefault(key, []).append(data)
            return
        sparse = []
        for key, data in streams.items():
            if key in exceptions:
                sparse.append((key, data))
            elif data:
                pieces.setdefault(key, []).append(data)
        for key, data in sparse:
            exceptions[key].append((len(pieces[self._stand_ins[key]]) - 1, data))

    def joined(self) -> dict[str, bytes]:
        """Each placed stream's pieces in one."""
        found = {
            key: self._placed[key].separator.join(pieces)
            for key, pieces in self._pieces.items()
            if key in self._placed and key not in self._stand_ins
        }
        for key, base in self._stand_ins.items():
            pieces = list(self._pieces.get(base, ()))
            for place, data in self._exceptions[key]:
                pieces[place] = data
            if pieces:
                found[key] = self._placed[key].separator.join(pieces)
        return found
