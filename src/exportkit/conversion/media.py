"""Pictures on their way into a dataset: opened beneath the bundle, checked, copied or linked, and hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import takewhile
from mmap import mmap
from typing import NamedTuple

from exportkit.conversion.lists import FileEntry
from exportkit.conversion.placed_file import WHOLE, PlacedFile
from exportkit.conversion.rows import MediaRow
from exportkit.conversion.setup import OutputSetup, SurveySetup
from exportkit.conversion.transcode import to_jpeg
from exportkit.errors import RecordFault
from exportkit.native import core
from exportkit.pictures import EXTENSIONS, ends_as_jpeg, is_whole, jpeg_end_is_last
from exportkit.records import Record
from exportkit.storage.archive_staging import ArchiveStaging
from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.staging import Staging
from exportkit.writing import PictureRule

__all__ = ["Copied", "MediaStep", "Original", "PlacedFile", "file_fault", "obey"]

_CODES = {
    "unsafe": "E_PATH_UNSAFE",
    "link": "E_FILE_LINK",
    "missing": "E_FILE_MISSING",
    "type": "E_FILE_TYPE",
    "permission": "E_FILE_MISSING",
    "io": "E_FILE_MISSING",
}


def file_fault(error: BeneathError, path: str) -> RecordFault:
    """The record fault for a bundle file that could not be opened."""
    shown = path.encode("unicode_escape").decode("ascii")[:120]
    return RecordFault(_CODES[error.kind], f"The file '{shown}' of the bundle {error}.", "$.files_manifest")


class Original(NamedTuple):
    """The file of one record: its path in the bundle, what is declared of it, and the format that its header told."""

    path: str
    size: int | None
    sha256: str | None
    format: str


class Copied(NamedTuple):
    """What a copy of a picture is: its size in bytes, its digest, and whether it is a JPEG to its last byte."""

    size: int
    sha256: str
    is_jpeg: bool


#: Nothing is opened for these, so all records share them.
_ABSENT = PlacedFile()
_PLANNED = PlacedFile(present=True)


class MediaStep:
    """Opens originals and puts them into staged datasets by the media mode."""

    def __init__(self, setup: SurveySetup, files: Beneath | None) -> None:
        self._mode = setup.media
        self._files = files
        self._root = files.root if files is not None else setup.bundle_root
        #: What files are read into, one after the other; memory is taken as far as a file needs it.
        self._buffer = memoryview(mmap(-1, WHOLE + 1) if self.opens_files else b"")

    @property
    def opens_files(self) -> bool:
        """Whether a record can have a file that is opened."""
        return self._mode != "none" and self._files is not None

    def copies_into(self, places: Sequence[Staging | ArchiveStaging]) -> bool:
        """Whether :meth:`copy_run` does what :meth:`place` would do: there are folders, and none shares blocks.

        All of them lie on one file system, so that it is enough to have tried it once.
        """
        folders = [staging for staging in places if isinstance(staging, Staging)]
        tried = any(not staging.shares_blocks for staging in folders)
        return self._mode == "copy" and len(folders) == len(places) and tried

    def open(self, record: Record, row: MediaRow) -> PlacedFile:
        """The original of a record; a fault of the file is kept until an output asks for the picture."""
        reference = record.file
        if reference is None or reference.bundle_path is None:
            return _ABSENT
        if self._mode == "none" or self._files is None or row.fault is not None:
            return _PLANNED
        path = reference.bundle_path
        try:
            descriptor = self._files.open(path)
        except BeneathError as error:
            return PlacedFile(fault=file_fault(error, path), present=True)
        placed = PlacedFile(descriptor, self._buffer, present=True)
        placed.path, placed.format = path, row.format
        placed.width, placed.height = record.width, record.height
        placed.declared, placed.is_picture = reference.sha256, record.medium == "image"
        if reference.size is not None and reference.size != placed.size:
            text = f"The file has {placed.size} bytes where {reference.size} are declared."
            placed.fault = RecordFault("E_FILE_DIGEST", text, "$.files_manifest")
        return placed

    def copy_run(
        self, originals: Sequence[Original], outputs: Sequence[tuple[Staging | ArchiveStaging, Sequence[str]]]
    ) -> list[Copied]:
        """Copy pictures, each read once, to their places in all outputs.

        The first one of which anything is unusual ends the run, and nothing of it is left.
        """
        files = self._files
        assert files is not None  # noqa: S101 - there is something to copy
        originals = [*takewhile(lambda original: files.allows(original.path), originals)]
        places = [(staging, [*paths]) for staging, paths in outputs]
        copied: list[Copied] = []
        while len(copied) < len(originals):
            copied += _copied_together(files, originals, places, len(copied))
            if (at := len(copied)) == len(originals):
                break
            # The first of the others may be ordinary as well.
            single = self._copy_single(originals[at], [(staging, paths[at]) for staging, paths in outputs])
            if single is None:
                break
            copied.append(single)
        return copied

    def _copy_single(self, original: Original, places: Sequence[tuple[Staging | ArchiveStaging, str]]) -> Copied | None:
        """Copy one picture; None, and nothing of it, where anything is unusual."""
        assert self._files is not None  # noqa: S101 - there is something to copy
        size = self._files.read_whole(original.path, self._buffer)
        if size < 0 or original.size not in {None, size}:
            return None
        content = self._buffer[:size]
        digest = hashlib.sha256(content).hexdigest() if is_whole(original.format, content) else ""
        if not digest or original.sha256 not in {None, digest} or not _written(places, content):
            return None
        return Copied(size, digest, ends_as_jpeg(content))

    def place(
        self, placed: PlacedFile, rule: PictureRule, output: OutputSetup, staging: Staging | ArchiveStaging, path: str
    ) -> FileEntry | None:
        """Put the picture at ``path``; raise RecordFault where this output cannot have it."""
        if placed.fault is not None:
            raise placed.fault
        if self._mode == "none" or placed.descriptor < 0:
            return None
        obey(placed, rule)
        if output.transcodes is not None and placed.format not in EXTENSIONS[output.transcodes]:
            with placed.judged() as file:
                data = to_jpeg(file, output.plan.max_pixels)
            staging.write(path, data)
            return FileEntry(path, len(data), hashlib.sha256(data).hexdigest())
        if isinstance(staging, ArchiveStaging) or self._mode == "copy":
            _copy(placed, staging, path)
        elif self._mode == "symlink":
            placed.judge()
            staging.symlink_relative(path, self._root / placed.path, published=output.final)
        elif not _link(placed, rule, staging, path):
            placed.note_copied(output.label)
            _copy(placed, staging, path)
        return FileEntry(path, placed.size, placed.judge())


def _link(placed: PlacedFile, rule: PictureRule, staging: Staging, path: str) -> bool:
    """Give the original a second name; False where that is not possible, or not safe from its consumer."""
    if rule.rewrites_jpeg and placed.format in {"jpg", "mpo"} and not jpeg_end_is_last(placed.descriptor):
        return False
    placed.judge()
    return staging.link(path, placed.descriptor)


def _copied_together(
    files: Beneath, originals: list[Original], outputs: list[tuple[Staging | ArchiveStaging, list[str]]], first: int
) -> list[Copied]:
    """Copy JPEGs from a place on, many at once, as many as this machine can; of the others nothing is left."""
    folder = files.kernel_root
    if core is None or folder is None:
        return []
    places = [(staging.folders, paths) for staging, paths in outputs if isinstance(staging, Staging)]
    return [Copied(*found) for found in core.copy_jpegs(folder, originals, places, first, WHOLE)]


def _written(places: Sequence[tuple[Staging | ArchiveStaging, str]], content: memoryview) -> bool:
    """Write the same new file to several places; False, and none of them, where a path cannot be had."""
    for done, (staging, path) in enumerate(places):
        try:
            staging.write(path, content)
        except ValueError:
            for other, written in places[:done]:
                other.remove(written)
            return False
    return True


def _copy(placed: PlacedFile, staging: Staging | ArchiveStaging, path: str) -> None:
    """Copy the original. A clone is judged by its own content, which nobody can change any more."""
    clone = staging.clone(path, placed.descriptor) if placed.is_steady else None
    if clone is None:
        staging.write_chunks(path, placed.chunks())
        return
    placed.adopt(clone)
    try:
        placed.judge()
    except RecordFault:
        staging.remove(path)
        raise


def obey(picture: PlacedFile | MediaRow, rule: PictureRule) -> None:
    """Refuse a picture that the consumer would drop, by its format and its size in pixels. Raises RecordFault."""
    where = "$.files_manifest"
    if rule.formats is not None and picture.format not in rule.formats:
        raise RecordFault(
            "E_IMAGE_FORMAT", f"The consumer does not read pictures of the format '{picture.format}'.", where
        )
    if min(picture.width, picture.height) < rule.minimum_side:
        size = f"{picture.width}x{picture.height}"
        text = f"The picture is {size}; the consumer drops sides below {rule.minimum_side} pixels."
        raise RecordFault("E_IMAGE_TOO_SMALL", text, where)
    pixels = picture.width * picture.height
    if rule.maximum_pixels and pixels > rule.maximum_pixels:
        text = f"The picture has {pixels} pixels; the consumer drops it above {rule.maximum_pixels}."
        raise RecordFault("E_PIXELS_LIMIT", text, where)
