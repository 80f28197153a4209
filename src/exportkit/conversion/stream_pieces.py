"""The pieces of streams that the records of one shard give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, repeat

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

    def unknown(self, streams: Iterable[str]) -> str | None:
        """A key that has no place in any file, or None."""
        return min(set(streams) - self._known, default=None)

    def have_room(
        self, streams: Mapping[str, Sequence[bytes]], exceptions: Mapping[str, Sequence[tuple[int, bytes]]]
    ) -> bool:
        """Whether the pieces of several records have a place, and exceptions a piece each that stands in for them."""
        return (
            self._known.issuperset(streams)
            and self._stand_ins.keys().isdisjoint(streams)
            and self._stand_ins.keys() >= exceptions.keys()
            and all(self._stand_ins[key] in streams for key in exceptions)
            and all(map(self._are_stood_in, exceptions.items(), repeat(streams)))
        )

    def _are_stood_in(
        self, exceptions: tuple[str, Sequence[tuple[int, bytes]]], streams: Mapping[str, Sequence[bytes]]
    ) -> bool:
        key, own = exceptions
        pieces = streams[self._stand_ins[key]]
        return all([pieces[place] for place, _ in own])  # noqa: C419 - a list is faster

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

    def take_run(
        self, streams: Mapping[str, Sequence[bytes]], exceptions: Mapping[str, Sequence[tuple[int, bytes]]]
    ) -> None:
        """Add the pieces of several records; an exception comes with the place of its record among them."""
        #: Of each stream that stands in for others the places that its pieces get.
        places = {
            base: [*accumulate(map(bool, streams[base]), initial=len(self._pieces.get(base, ())))]
            for base in {self._stand_ins[key] for key in exceptions}
        }
        for key, pieces in streams.items():
            self._pieces.setdefault(key, []).extend(filter(None, pieces))
        for key, own in exceptions.items():
            place_of = places[self._stand_ins[key]]
            self._exceptions[key] += [(place_of[at], data) for at, data in own]

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
