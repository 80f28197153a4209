"""What is wrong with the paths, streams and bytes that a writer gives. Every rule yields sentences for its author."""

from __future__ import annotations

import datetime as dt
import os
import platform
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from exportkit.conversion.lists import LISTS, MANIFEST
from exportkit.storage.safe_path import judge_input_path
from exportkit.testing.sample_records import Sample
from exportkit.testing.trial import Trial
from exportkit.writing import Encoded, Fragments, OutputFile

__all__ = ["paths", "streams", "traces", "traces_in"]

#: Shorter words than this occur in bytes by chance.
_LEAST_TRACE = 6


def streams(trial: Trial, samples: Sequence[Sample]) -> Iterator[str]:
    """Every stream has its one place in one file of ``files()``, and its key begins with that file's path."""
    places: dict[str, str] = {}
    for file in _files(trial):
        for part in file.parts:
            if isinstance(part, Fragments):
                if part.key in places:
                    yield f"files() uses the stream {part.key!r} twice; give every place a stream of its own."
                places[part.key] = file.path
                if part.key.partition("#")[0] != file.path or not part.key.partition("#")[2]:
                    yield f"the stream {part.key!r} stands in the file {file.path!r}; call it {file.path + '#rows'!r}."
            elif type(part) is not bytes:
                yield f"a part of the file {file.path!r} is {type(part).__name__}; give bytes or Fragments."
    for title, encoded in _encoded(trial, samples):
        for key, data in encoded.streams.items():
            if key not in places:
                yield f"{title}: encode fills the stream {key!r}, which no file of files() has; name it there."
            if type(data) is not bytes:
                yield f"{title}: the stream {key!r} holds {type(data).__name__}; give bytes."
        for path, data in encoded.files:
            if type(data) is not bytes:
                yield f"{title}: the file {path!r} holds {type(data).__name__}; give bytes."


def paths(trial: Trial, samples: Sequence[Sample]) -> Iterator[str]:
    """All paths are relative and safe, no two are one on any file system, and none is one of exportkit's own."""
    owners: dict[str, str] = {}
    for path, owner in _named(trial, samples):
        reason = _fault(path)
        if reason is not None:
            yield f"{owner}: the path {path!a} {reason}; make it from placement.name, placement.stem or fixed words."
            continue
        key = unicodedata.normalize("NFC", path).casefold()
        if key in owners:
            yield f"{owner}: the path {path!a} is taken by {owners[key]}; make it from placement.stem, which is unique."
        owners.setdefault(key, owner)
    for folder in trial.made().folders():
        reason = _fault(folder)
        if reason is not None:
            yield f"folders(): the path {folder!a} {reason}."


def _named(trial: Trial, samples: Sequence[Sample]) -> Iterator[tuple[str, str]]:
    """Every path of the dataset with what gives it."""
    writer = trial.made()
    for file in _files(trial):
        yield file.path, "files()"
    for title, _, placement in trial.placed(samples):
        yield writer.picture_path(placement), f"picture_path of {title}"
    for title, encoded in _encoded(trial, samples):
        for path, _ in encoded.files:
            yield path, f"encode of {title}"


def _fault(path: Any) -> str | None:
    if not isinstance(path, str):
        return "is no text"
    if path in {MANIFEST, *LISTS}:
        return "is the name of a file of exportkit's own"
    return judge_input_path(path)


def traces(trial: Trial, samples: Sequence[Sample]) -> Iterator[str]:
    """No byte tells where, when or by whom it was written."""
    for title, encoded in _encoded(trial, samples):
        for path, data in (*encoded.files, *encoded.streams.items()):
            yield from (f"{title}: {text}" for text in traces_in(path, data))
    for file in _files(trial):
        literals = b"".join(part for part in file.parts if isinstance(part, bytes))
        yield from (f"files(): {text}" for text in traces_in(file.path, literals))


def traces_in(path: str, data: bytes, folders: Iterable[Path] = ()) -> Iterator[str]:
    """Sentences about each folder of this machine, its name, and today's date in the bytes of one file."""
    places = {str(Path.home()), os.getcwd(), tempfile.gettempdir() + os.sep, *map(str, folders)}  # noqa: PTH109
    today = dt.datetime.now(dt.UTC)
    words = {f"the folder {place}": place for place in places}
    words["the name of this machine"] = platform.node()
    words["today's date"] = today.strftime("%Y-%m-%d")
    for what, word in sorted(words.items()):
        if len(word) >= _LEAST_TRACE and word.encode() in data:
            yield f"the bytes of {path!r} hold {what}; the same input has to give the same bytes anywhere, at any time."


def _files(trial: Trial) -> list[OutputFile]:
    return list(trial.made().files())


def _encoded(trial: Trial, samples: Sequence[Sample]) -> Iterator[tuple[str, Encoded]]:
    writer = trial.made()
    for title, record, placement in trial.placed(samples):
        try:
            encoded: Any = writer.encode(record, placement)
        except Exception:  # noqa: BLE001, S112 - the rule about what is raised tells it
            continue
        if isinstance(encoded, Encoded):
            yield title, encoded
