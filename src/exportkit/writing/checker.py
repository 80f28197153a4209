"""What a format author implements so that ``exportkit check`` knows the format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import msgspec

__all__ = ["CheckReport", "Checker", "Dataset", "Finding", "Picture", "PictureLimits", "Piece", "Severity"]

Severity = Literal["error", "warn"]


class Finding(msgspec.Struct, frozen=True):
    """One thing a consumer would refuse, drop or misread (error), or take with a warning (warn)."""

    code: str
    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    json_path: str | None = None
    #: The consumer that enforces the rule.
    consumer: str | None = None


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Bytes of a file of the dataset: a whole file (``section`` empty), or a run of entries of one section.

    During a conversion pieces come from the bytes in hand: each small file, and each fragment of a stream,
    whose ``section`` is the stream key. For a directory the checker cuts its own files into the same pieces.
    ``line`` is the 1-based line at which the piece begins, or 0 where that is not known.
    """

    path: str
    data: bytes
    section: str = ""
    line: int = 0


class PictureLimits(msgspec.Struct, frozen=True):
    """What a consumer demands of a picture's size; it drops what does not comply."""

    #: Code of the finding.
    code: str
    consumer: str
    #: Shortest side in pixels.
    least_side: int = 1
    #: Pillow takes more for an attack.
    most_pixels: int = 178_956_970


class Picture(msgspec.Struct, frozen=True, gc=False):
    """A picture that the dataset refers to, with the size written beside it (0 where the format has none)."""

    path: str
    width: int = 0
    height: int = 0
    #: File that refers to it.
    source: str = ""
    #: The split it stands in, where the layout tells.
    split: str = ""
    limits: PictureLimits | None = None


class CheckReport(msgspec.Struct):
    """What was found in one batch of pieces.

    ``facts`` is whatever :meth:`Checker.conclude` needs, picklable and small.
    """

    findings: list[Finding] = []
    pictures: list[Picture] = []
    facts: Any = None
    #: Objects (rows, annotations) counted, for the balance with the account.
    objects: int = 0


class Dataset(Protocol):
    """A dataset directory as a checker may see it.

    Paths are ``/``-separated and relative; links that leave it are refused.
    """

    root: Path
    #: The manifest of exportkit as plain data, or None for a directory that exportkit did not write.
    manifest: dict[str, Any] | None

    def exists(self, path: str) -> bool: ...
    def is_dir(self, path: str) -> bool: ...
    def listing(self, folder: str = "") -> Iterator[str]:
        """Relative paths of all regular files below ``folder``, sorted."""
        ...

    def folders(self, folder: str = "") -> Iterator[str]: ...
    def read(self, path: str, limit: int = 64 << 20) -> bytes: ...
    def stream(self, path: str, size: int = 1 << 20) -> Iterator[bytes]: ...
    def open_picture(self, path: str) -> int:
        """A descriptor of a picture, which may be a link to one; the caller closes it. Raises OSError."""
        ...

    def is_known_jpeg(self, path: str) -> bool:
        """Whether a picture is known, without a look at it, to be a JPEG whose end marker is the last thing in it."""
        ...

    def ends(self, path: str, first: int, last: int) -> tuple[bytes, bytes]:
        """The first and the last bytes of a picture, as many as asked for or as there are. Raises OSError."""
        ...


class Checker(ABC):
    """Reads an output as a stranger would. Shares no code with the encoder but number and path primitives."""

    #: Name of the format, as after ``--to``.
    name: ClassVar[str]
    #: Whether one annotation file can be judged without the rest of its folder.
    single_files: ClassVar[bool] = False
    #: That file, relative to the dataset's root, where one is to be judged; None for the whole directory.
    file: str | None = None
    #: False where nobody asks for the pictures in reports, as in a conversion: then they may be left out.
    names_pictures: bool = True

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    @classmethod
    @abstractmethod
    def recognises(cls, dataset: Dataset) -> bool:
        """Whether the directory has this format's layout. Looks at names and at most a few bytes."""

    @classmethod
    def recognises_file(cls, dataset: Dataset, path: str) -> bool:
        """Whether a file is one of this format's annotation files, told by its content."""
        del dataset, path
        return False

    @abstractmethod
    def pieces(self) -> Iterator[Piece]:
        """The files of the directory, cut into pieces (for a directory that is checked after the fact)."""

    def pictures(self) -> Iterator[Picture]:
        """Pictures of a directory that the dataset refers to, beyond those in reports (for layouts that name none)."""
        return iter(())

    @abstractmethod
    def check_pieces(self, pieces: Sequence[Piece]) -> CheckReport:
        """Judge a batch of pieces. Pure and stateless: called in any process, in any order."""

    @abstractmethod
    def conclude(self, reports: Iterable[CheckReport]) -> Iterator[Finding]:
        """Judge what only the whole shows (files that must exist, ids over all pieces, split lists).

        ``reports`` come in record order. Files that are not pieces (lists, yaml) are read through the dataset.
        """
