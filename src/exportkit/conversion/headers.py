"""Sizes of pictures from their files' headers, asked by the survey; nothing is decoded."""

from __future__ import annotations

import os

import msgspec

from exportkit.conversion.media import file_fault
from exportkit.conversion.setup import SurveySetup
from exportkit.errors import RecordFault
from exportkit.normalize import DeclaredSize, RecordSurvey, display_size
from exportkit.pictures import PictureHeader, PictureUnreadable, probe
from exportkit.storage.beneath import Beneath, BeneathError

__all__ = ["FoundSize", "HeaderProbe"]


class FoundSize(msgspec.Struct, frozen=True, gc=False):
    """The display size of a record in pixels (0 when unknown), and what its header told."""

    width: int
    height: int
    orientation: int = 1
    format: str = ""
    depth: int = 3
    notices: tuple[tuple[str, str], ...] = ()
    fault: tuple[str, str, str] | None = None


class HeaderProbe:
    """Decides the size of each surveyed record, opening its file where the bundle has it."""

    def __init__(self, setup: SurveySetup) -> None:
        self._mode = setup.media
        self._space = setup.input.geometry_space
        #: The bundle's files; None where none are opened.
        self.files: Beneath | None = None
        if setup.probe:
            try:
                self.files = Beneath(setup.bundle_root)
            except BeneathError:
                self.files = None

    def close(self) -> None:
        if self.files is not None:
            self.files.close()

    @property
    def folder(self) -> int | None:
        """The folder in which the compiled core reads headers: its descriptor, -1 for none; None where it may not."""
        return -1 if self.files is None else self.files.kernel_root

    def size(self, record: RecordSurvey) -> FoundSize:
        """The size by the file's header, else as declared; a fault where the picture or the declaration is unusable."""
        reference = record.file
        header: PictureHeader | str | None = None
        if self.files is not None and reference is not None and reference.bundle_path and record.medium == "image":
            try:
                header = self._header(self.files, reference.bundle_path)
            except RecordFault as fault:
                return FoundSize(0, 0, fault=(fault.code, fault.message, fault.json_path))
        elif record.width and not record.notices:
            return FoundSize(record.width, record.height)
        decision = display_size(_declared(record), header, media=self._mode, space=self._space)
        if decision.fault is not None:
            code, text = decision.fault
            where = "$.files_manifest" if code == "E_IMAGE_UNREADABLE" else "$.data_unit"
            return FoundSize(0, 0, fault=(code, _invalid(record) or text, where))
        found = header if isinstance(header, PictureHeader) else None
        return FoundSize(
            decision.width,
            decision.height,
            decision.orientation,
            found.format if found else "",
            found.channels if found else 3,
            tuple(notice for notice in decision.notices if notice[0] != "N_SIZE_INVALID"),
        )

    def _header(self, files: Beneath, path: str) -> PictureHeader | str:
        """What the header told, or why it told nothing. Raises RecordFault where a missing file costs the record."""
        try:
            descriptor = files.open(path)
        except BeneathError as error:
            if self._mode == "none" and error.kind in {"missing", "permission", "io"}:
                return f"the file {error}"
            raise file_fault(error, path) from error
        try:
            return probe(descriptor)
        except PictureUnreadable as error:
            return str(error)
        finally:
            os.close(descriptor)


def _invalid(record: RecordSurvey) -> str | None:
    return next((text for code, text in record.notices if code == "N_SIZE_INVALID"), None)


def _declared(record: RecordSurvey) -> DeclaredSize | None:
    if record.width or _invalid(record):
        return DeclaredSize(record.width, record.height)
    return None
