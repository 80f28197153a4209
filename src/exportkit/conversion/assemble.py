"""Fragments become files: in shard order, each byte written once where the layout allows it, hashed on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from exportkit.conversion.lists import BoundFile, FileEntry, HashedFile
from exportkit.writing import Binder, Fragments, OutputFile, Writer

__all__ = ["Assembly"]


class _Stream:
    """One stream that waits for its place in a file: what came so far lies in a spool file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def write(self, data: bytes | memoryview) -> None:
        if self._file is None:
            self._file = self._path.open("xb")
        self._file.write(data)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def move_to(self, target: HashedFile) -> None:
        if self._file is not None:
            self._file.close()
            target.append(self._path)
            self._path.unlink()


class _OpenFile:
    """One output file under construction. The first stream is written in place, later ones wait in spools."""

    def __init__(self, layout: OutputFile, binder: Binder | None, stage: Path, spool: Path, number: int) -> None:
        self.path = layout.path
        place = stage / layout.path
        self._target = HashedFile(place) if binder is None else BoundFile(place, binder)
        self._rest: list[bytes | Fragments] = list(layout.parts)
        while self._rest and isinstance(self._rest[0], bytes):
            self._target.write(self._rest.pop(0))  # type: ignore[arg-type]
        if not self._rest:
            # Checkers of the records read such a file while the others are still being filled.
            self._target.flush()
        self._waiting: dict[str, _Stream] = {
            part.key: _Stream(spool / f"{number}-{position}.stream")
            for position, part in enumerate(self._rest[1:])
            if isinstance(part, Fragments)
        }
        self._begun: set[str] = set()

    def keys(self) -> Iterator[tuple[str, bytes]]:
        for part in self._rest:
            if isinstance(part, Fragments):
                yield part.key, part.separator

    def take(self, key: str, separator: bytes, data: bytes | memoryview) -> None:
        sink = self._waiting.get(key, self._target)
        if key in self._begun and separator:
            sink.write(separator)
        self._begun.add(key)
        sink.write(data)

    def abandon(self) -> None:
        self._target.abandon()
        for stream in self._waiting.values():
            stream.close()

    def close(self) -> FileEntry:
        for part in self._rest[1:]:
            if isinstance(part, bytes):
                self._target.write(part)
            else:
                self._waiting[part.key].move_to(self._target)
        size, digest = self._target.close()
        return FileEntry(self.path, size, digest)


class Assembly:
    """The assembled files of one output."""

    def __init__(self, writer: Writer, stage: Path, spool: Path) -> None:
        spool.mkdir(parents=True, exist_ok=True)
        for folder in writer.folders():
            (stage / folder).mkdir(parents=True, exist_ok=True)
        self._files = [
            _OpenFile(layout, writer.binder(layout.path), stage, spool, n) for n, layout in enumerate(writer.files())
        ]
        self._sinks = {key: (file, separator) for file in self._files for key, separator in file.keys()}  # noqa: SIM118

    def abandon(self) -> None:
        """Close every file as it is."""
        for file in self._files:
            file.abandon()

    def take(self, streams: Mapping[str, bytes | memoryview]) -> None:
        """Add the fragments of the next shard in record order."""
        for key, data in streams.items():
            if key not in self._sinks:
                raise KeyError(f"stream {key!r} has no place in any file of the writer")
            file, separator = self._sinks[key]
            file.take(key, separator, data)

    def close(self) -> list[FileEntry]:
        """Finish every file; their entries for the list of files, sorted by path."""
        return sorted((file.close() for file in self._files), key=lambda entry: entry.path)
