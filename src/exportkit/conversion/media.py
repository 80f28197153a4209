"""Pictures on their way into a dataset: opened beneath the bundle, checked, copied or linked, and hashed."""

from __future__ import annotations

import hashlib
import os

from exportkit.conversion.lists import FileEntry
from exportkit.conversion.rows import MediaRow
from exportkit.conversion.setup import OutputSetup, SurveySetup
from exportkit.conversion.transcode import to_jpeg
from exportkit.errors import RecordFault
from exportkit.pictures import EXTENSIONS, PictureUnreadable, check_structure, jpeg_end_is_last, probe
from exportkit.records import Record
from exportkit.storage.beneath import Beneath, BeneathError
from exportkit.storage.staging import Staging
from exportkit.writing import PictureRule

__all__ = ["MediaStep", "PlacedFile", "file_fault"]

_CHUNK = 1 << 20
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


class PlacedFile:
    """The original of one record while its outputs are made."""

    def __init__(self, descriptor: int = -1, fault: RecordFault | None = None, *, present: bool = False) -> None:
        self.descriptor = descriptor
        self.fault = fault
        #: Whether a picture stands, or with media mode ``none`` would stand, at the planned place.
        self.present = present
        self.size = os.fstat(descriptor).st_size if descriptor >= 0 else -1
        self.digest: str | None = None
        self.path = ""
        self.format = ""
        self.width = 0
        self.height = 0
        self.structure_fault: str | None = None
        self.copied_for: set[str] = set()

    def hash(self) -> str:
        """SHA-256 of the content; read once."""
        if self.digest is None:
            digest, offset = hashlib.sha256(), 0
            while chunk := os.pread(self.descriptor, _CHUNK, offset):
                digest.update(chunk)
                offset += len(chunk)
            self.digest = digest.hexdigest()
        return self.digest

    def note_copied(self, label: str) -> None:
        self.copied_for.add(label)

    def notices(self, output: OutputSetup) -> list[tuple[str, str]]:
        """Record notices that the picture gives in this output."""
        if output.label in self.copied_for:
            return [("N_LINK_COPIED", "The picture was copied because it could not be linked safely.")]
        return []

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


#: Nothing is opened for these, so all records share them.
_ABSENT = PlacedFile()
_PLANNED = PlacedFile(present=True)


class MediaStep:
    """Opens originals and puts them into staged datasets by the media mode."""

    def __init__(self, setup: SurveySetup, files: Beneath | None) -> None:
        self._mode = setup.media
        self._files = files
        self._root = files.root if files is not None else setup.bundle_root

    @property
    def opens_files(self) -> bool:
        """Whether a record can have a file that is opened."""
        return self._mode != "none" and self._files is not None

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
        placed = PlacedFile(descriptor, present=True)
        placed.path, placed.format = path, row.format
        placed.width, placed.height = record.width, record.height
        placed.fault = self._judge(placed, record)
        return placed

    def _judge(self, placed: PlacedFile, record: Record) -> RecordFault | None:
        reference = record.file
        where = "$.files_manifest"
        if reference is not None and reference.size is not None and reference.size != placed.size:
            return RecordFault(
                "E_FILE_DIGEST", f"The file has {placed.size} bytes where {reference.size} are declared.", where
            )
        if reference is not None and reference.sha256 is not None and reference.sha256 != placed.hash():
            return RecordFault("E_FILE_DIGEST", "The SHA-256 of the file is not the declared one.", where)
        if record.medium != "image":
            return None
        try:
            reason = check_structure(placed.descriptor, probe(placed.descriptor))
        except PictureUnreadable as error:
            return RecordFault("E_IMAGE_UNREADABLE", f"The picture's header cannot be read: {error}.", where)
        if reason is not None:
            return RecordFault("E_IMAGE_TRUNCATED", f"The picture is cut: {reason}.", where)
        return None

    def place(
        self, placed: PlacedFile, rule: PictureRule, output: OutputSetup, staging: Staging, path: str
    ) -> FileEntry | None:
        """Put the picture at ``path``; raise RecordFault where this output cannot have it."""
        if placed.fault is not None:
            raise placed.fault
        if self._mode == "none" or placed.descriptor < 0:
            return None
        _obey(placed, rule)
        if output.transcodes is not None and placed.format not in EXTENSIONS[output.transcodes]:
            data = to_jpeg(placed.descriptor, output.plan.max_pixels)
            staging.write(path, data)
            return FileEntry(path, len(data), hashlib.sha256(data).hexdigest())
        if self._mode == "symlink":
            staging.symlink_relative(path, self._root / placed.path, published=output.final)
        elif self._mode == "hardlink":
            rewritten = (
                rule.rewrites_jpeg and placed.format in {"jpg", "mpo"} and not jpeg_end_is_last(placed.descriptor)
            )
            if rewritten or not staging.link(path, placed.descriptor):
                placed.note_copied(output.label)
                self._copy(placed, staging, path)
        else:
            self._copy(placed, staging, path)
        return FileEntry(path, placed.size, placed.hash())

    def _copy(self, placed: PlacedFile, staging: Staging, path: str) -> None:
        size, digest = staging.copy_from_fd(path, placed.descriptor)
        if size != placed.size or (placed.digest is not None and digest != placed.digest):
            staging.remove(path)
            raise RecordFault("E_FILE_DIGEST", "The file changed while it was read.", "$.files_manifest")
        placed.digest = digest


def _obey(placed: PlacedFile, rule: PictureRule) -> None:
    """Refuse a picture that the consumer would drop."""
    where = "$.files_manifest"
    if rule.formats is not None and placed.format not in rule.formats:
        raise RecordFault(
            "E_IMAGE_FORMAT", f"The consumer does not read pictures of the format '{placed.format}'.", where
        )
    if min(placed.width, placed.height) < rule.minimum_side:
        size = f"{placed.width}x{placed.height}"
        text = f"The picture is {size}; the consumer drops sides below {rule.minimum_side} pixels."
        raise RecordFault("E_IMAGE_TOO_SMALL", text, where)
    pixels = placed.width * placed.height
    if rule.maximum_pixels and pixels > rule.maximum_pixels:
        text = f"The picture has {pixels} pixels; the consumer drops it above {rule.maximum_pixels}."
        raise RecordFault("E_PIXELS_LIMIT", text, where)
