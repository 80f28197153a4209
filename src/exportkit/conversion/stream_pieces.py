"""The pieces of streams that the records of one shard give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from exportkit.native import core
from exportkit.writing import Fragments
from exportkit.writing.record_run import Exceptions

__all__ = ["StreamPieces"]


class StreamPieces:
    """Collects pieces by stream key in record order, and joins them when the shard ends."""

    def __init__(self, streams: Mapping[str, Fragments]) -> None:
        self._placed = streams
        self._stand_ins = {key: part.otherwise for key, part in streams.items() if part.otherwise}
        self._known = streams.keys() | set(self._stand_ins.values())
        self._pieces: dict[str, list[bytes]] = {}
        #: Pieces of sparse streams by their records' places in the stream that stands in for the others, counted from
        #: a first place on.
        self._exceptions: dict[str, list[tuple[int, Mapping[int, bytes]]]] = {key: [] for key in self._stand_ins}

    def unknown(self, streams: Iterable[str]) -> str | None:
        """A key that has no place in any file, or None."""
        return min(set(streams) - self._known, default=None)

    def have_room(self, streams: Mapping[str, Sequence[bytes]], exceptions: Exceptions) -> bool:
        """Whether the pieces of several records have a place, and exceptions a piece each that stands in for them."""
        if not (
            self._known.issuperset(streams)
            and self._stand_ins.keys().isdisjoint(streams)
            and self._stand_ins.keys() >= exceptions.keys()
        ):
            return False
        empty = {base: _empty_places(streams.get(base)) for base in self._bases_of(exceptions)}
        # As a rule every record has a piece that stands in for its exceptions.
        if not any([places is None or places for places in empty.values()]):  # noqa: C419 - a list is faster
            return True
        return all(
            (places := empty[self._stand_ins[key]]) is not None and places.isdisjoint(own)
            for key, own in exceptions.items()
        )

    def _bases_of(self, exceptions: Exceptions) -> set[str]:
        """The streams that stand in for these."""
        return {*map(self._stand_ins.__getitem__, exceptions)}

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
            exceptions[key].append((len(pieces[self._stand_ins[key]]) - 1, {0: data}))

    def take_run(self, streams: Mapping[str, Sequence[bytes]], exceptions: Exceptions) -> None:
        """Add the pieces of several records; an exception comes with the place of its record among them."""
        placed = {base: self._places_in(base, streams[base]) for base in self._bases_of(exceptions)}
        for key, pieces in streams.items():
            # A stream without any piece would be joined to those of other shards with a separator.
            if filled := [*filter(None, pieces)]:
                self._pieces.setdefault(key, []).extend(filled)
        for key, own in exceptions.items():
            first, places = placed[self._stand_ins[key]]
            self._exceptions[key].append((first, own if places is None else {places[at]: own[at] for at in own}))

    def _places_in(self, base: str, pieces: Sequence[bytes]) -> tuple[int, list[int] | None]:
        """The first place that the next pieces get in a stream, and where they come from there on; None: one by one."""
        first = len(self._pieces.get(base, ()))
        return first, None if all(pieces) else [*accumulate(map(bool, pieces), initial=0)]

    def joined(self) -> dict[str, bytes]:
        """Each placed stream's pieces in one."""
        found = {
            key: self._placed[key].separator.join(pieces)
            for key, pieces in self._pieces.items()
            if key in self._placed and key not in self._stand_ins
        }
        made: dict[tuple[str, bytes], _Joined] = {}
        for key, base in self._stand_ins.items():
            if self._pieces.get(base):
                separator = self._placed[key].separator
                if (base, separator) not in made:
                    made[base, separator] = _Joined(self._pieces[base], separator)
                found[key] = made[base, separator].instead(self._exceptions[key])
        return found


class _Joined:
    """Pieces in one, of which some are replaced: most streams of a dataset differ from it in a few places only."""

    def __init__(self, pieces: list[bytes], separator: bytes) -> None:
        self._pieces = pieces
        self._separator = separator
        self._whole = separator.join(pieces)
        sizes = [len(piece) + len(separator) for piece in pieces]
        self._starts = [*accumulate(sizes, initial=0)]

    def instead(self, exceptions: list[tuple[int, Mapping[int, bytes]]]) -> bytes:
        """The whole with other pieces in some places, which are counted from a first place on."""
        if core is not None and exceptions:
            made: bytes | None = core.replace_pieces(self._whole, self._starts, len(self._separator), exceptions)
            if made is not None:
                return made
        changed = [(first + place, data) for first, own in exceptions for place, data in own.items()]
        if not changed:
            return self._whole
        pieces, starts = self._pieces, self._starts
        if any([len(pieces[place]) != len(data) for place, data in changed]):  # noqa: C419 - a list is faster
            pieces = pieces.copy()
            for place, data in changed:
                pieces[place] = data
            return self._separator.join(pieces)
        whole = bytearray(self._whole)
        for place, data in changed:
            start = starts[place]
            whole[start : start + len(data)] = data
        return bytes(whole)


def _empty_places(pieces: Sequence[bytes] | None) -> set[int] | None:
    """Places without a piece; None where there is no stream at all."""
    if pieces is None:
        return None
    return set() if all(pieces) else {place for place, piece in enumerate(pieces) if not piece}
