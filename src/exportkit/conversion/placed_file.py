"""The original of one record: opened once, and its content read once, whatever becomes of it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from exportkit.errors import RecordFault
from exportkit.pictures import WALKED, PictureUnreadable, StructureCheck, jpeg_end_is_last, probe

if TYPE_CHECKING:
    from exportkit.conversion.setup import OutputSetup

__all__ = ["WHOLE", "PlacedFile"]

#: A file of at most this many bytes is held while its outputs are made; of a larger one a chunk at a time is.
WHOLE: Final = 8 << 20
_CHUNK: Final = 1 << 20
_WHERE: Final = "$.files_manifest"


class PlacedFile:
    """The original of one record while its outputs are made.

    The first reading hashes the content and judges it: its size, its declared digest, the structure of a picture.
    """

    def __init__(
        self,
        descriptor: int = -1,
        buffer: memoryview | None = None,
        fault: RecordFault | None = None,
        *,
        present: bool = False,
    ) -> None:
        """``buffer`` has room for one byte more than :data:`WHOLE`, and is nobody else's until the file is closed."""
        self.descriptor = descriptor
        self.fault = fault
        #: Whether a picture stands, or with media mode ``none`` would stand, at the planned place.
        self.present = present
        self.size = os.fstat(descriptor).st_size if descriptor >= 0 else -1
        #: SHA-256 that the bundle declares, None where it declares none.
        self.declared: str | None = None
        self.is_picture = False
        self.path = ""
        self.format = ""
        self.width = 0
        self.height = 0
        self._buffer = buffer if buffer is not None else memoryview(b"")
        self._content: memoryview | None = None
        self._digest: str | None = None
        #: Whether the descriptor is that of a clone.
        self._is_own = False
        self.copied_for: set[str] = set()

    @property
    def is_steady(self) -> bool:
        """Whether no other bytes were judged than those that a clone of the open file would have."""
        return self._digest is None or self._is_own

    def judge(self) -> str:
        """SHA-256 of the content, in lower-case hex. Raises RecordFault as :meth:`chunks` does."""
        if self._digest is None:
            for _ in self.chunks():
                pass
        assert self._digest is not None  # noqa: S101 - the first reading gives it
        return self._digest

    @contextmanager
    def judged(self) -> Iterator[BinaryIO]:
        """The content as a file, once it was judged. Raises RecordFault as :meth:`chunks` does."""
        self.judge()
        with io.BytesIO(self._content) if self._content is not None else _reopened(self.descriptor) as file:
            yield file

    def chunks(self) -> Iterator[memoryview]:
        """The content from the first byte on; a chunk is good until the next one is asked for.

        Raises RecordFault where the content is damaged, changed, or not what the bundle declares: at the end of each
        reading, which for a file that is held is one, and comes before the content.
        """
        if self._content is not None:
            yield self._content
            return
        judging = _Judgement(self)
        if self.size > WHOLE:
            for chunk in self._passing():
                judging.take(chunk)
                yield chunk
            self._conclude(judging)
            return
        content = self._buffer[: self._fill(self._buffer[: self.size + 1], 0)]
        judging.take(content)
        self._conclude(judging)
        self._content = content
        yield content

    def _passing(self) -> Iterator[memoryview]:
        offset = 0
        while count := self._fill(self._buffer[:_CHUNK], offset):
            yield self._buffer[:count]
            offset += count

    def _fill(self, buffer: memoryview, offset: int) -> int:
        """Read into a buffer until it is full or the file ends; how many bytes were read."""
        count = 0
        try:
            while count < len(buffer):
                read = os.preadv(self.descriptor, [buffer[count:]], offset + count)
                if not read:
                    break
                count += read
        except OSError as error:
            raise RecordFault("E_FILE_MISSING", f"The file could not be read: {error.strerror}.", _WHERE) from error
        return count

    def _conclude(self, judging: _Judgement) -> None:
        try:
            self._digest = judging.digest(self._digest)
        except RecordFault as fault:
            self.fault = fault
            raise

    def ends_as_jpeg(self) -> bool:
        """Whether this is a JPEG whose end marker is the last thing in it."""
        return self.format in {"jpg", "mpo"} and jpeg_end_is_last(self.descriptor)

    def adopt(self, clone: int) -> None:
        """Go on with a clone of the file, which nobody else writes to; it is closed with this."""
        os.close(self.descriptor)
        self.descriptor, self._is_own = clone, True

    def note_copied(self, label: str) -> None:
        """Note that an output has a copy where a link was asked for."""
        self.copied_for.add(label)

    def notices(self, output: OutputSetup) -> list[tuple[str, str]]:
        """Record notices that the picture gives in this output."""
        if output.label in self.copied_for:
            return [("N_LINK_COPIED", "The picture was copied because it could not be linked safely.")]
        return []

    def close(self) -> None:
        """Release the descriptor; a second call does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _reopened(descriptor: int) -> BinaryIO:
    """A file object that stands at the first byte; closing it leaves the descriptor open."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.fdopen(os.dup(descriptor), "rb")


class _Judgement:
    """What the first reading of a file tells."""

    def __init__(self, placed: PlacedFile) -> None:
        self._placed = placed
        self._size = 0
        self._digest = hashlib.sha256()
        self._structure: StructureCheck | None = None

    def take(self, chunk: memoryview) -> None:
        """Take the next bytes of the content, in order."""
        if self._size == 0 and self._placed.is_picture:
            self._structure = self._begun()
        self._size += len(chunk)
        self._digest.update(chunk)
        if self._structure is not None:
            self._structure.feed(chunk)

    def _begun(self) -> StructureCheck:
        """The check of the picture's structure, by the format that its header told the survey."""
        placed = self._placed
        if placed.format in WALKED:
            return StructureCheck(placed.format)
        try:
            header = probe(placed.descriptor)
        except PictureUnreadable as error:
            text = f"The picture's header cannot be read: {error}."
            raise RecordFault("E_IMAGE_UNREADABLE", text, _WHERE) from error
        return StructureCheck(header.format, header.declared_end)

    def digest(self, former: str | None) -> str:
        """SHA-256 of the whole content. Raises RecordFault where it is cut, or not as declared or as read before."""
        placed, digest = self._placed, self._digest.hexdigest()
        if self._size != placed.size or former not in {None, digest}:
            raise RecordFault("E_FILE_DIGEST", "The file changed while it was read.", _WHERE)
        if placed.declared not in {None, digest}:
            raise RecordFault("E_FILE_DIGEST", "The SHA-256 of the file is not the declared one.", _WHERE)
        reason = self._structure.finish() if self._structure is not None else None
        if reason is not None:
            raise RecordFault("E_IMAGE_TRUNCATED", f"The picture is cut: {reason}.", _WHERE)
        return digest
