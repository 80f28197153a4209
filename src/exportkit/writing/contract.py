"""What a format author implements: one writer class, thirty lines for a simple format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import msgspec
from pydantic import BaseModel, ConfigDict, model_validator

from exportkit.records import Record
from exportkit.writing.acting import idle_option
from exportkit.writing.outcome import Outcome
from exportkit.writing.plan import Placement, Plan
from exportkit.writing.record_run import EncodedRun, RecordRun

__all__ = [
    "Binder",
    "Encoded",
    "Fragments",
    "NamingRule",
    "OutputFile",
    "PictureRule",
    "Writer",
    "WriterOptions",
]


class WriterOptions(BaseModel):
    """Options of a writer (``--to NAME:key=value``). Unknown keys are refused; text is coerced by type.

    So is an option that cannot act beside the others, see :class:`ActsIn`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _every_option_acts(self) -> Self:
        idle = idle_option(type(self).model_fields, self.__dict__)
        if idle is not None:
            raise ValueError(idle)
        return self


class NamingRule(msgspec.Struct, frozen=True):
    """How output names are made for one writer (planned once over all records, before encoding)."""

    #: ``tree`` keeps the source's folders, ``flat`` keeps the last segment.
    layout: Literal["tree", "flat"] = "tree"
    #: True where the consumer selects pictures by extension: a missing or lying one is completed.
    needs_extension: bool = False
    #: Characters of the stem that this format's lists cannot hold; replaced by ``_``.
    refused_in_stem: str = ""
    #: Folder names that mean something to the consumer; they get a trailing ``_``.
    refused_folders: frozenset[str] = frozenset()
    #: Stems taken by the format's own files where labels share a folder with other things.
    reserved_stems: frozenset[str] = frozenset()
    #: Extension of every picture where others are transcoded (``jpg``); empty keeps each its own.
    extension: str = ""
    #: Extensions of the format's own files beside the pictures; a picture of such a name gets another one behind it.
    refused_extensions: frozenset[str] = frozenset()


class PictureRule(msgspec.Struct, frozen=True):
    """What the consumer accepts as a picture; other pictures cost their record."""

    #: Content formats by their usual extension (``jpg``, ``png`` …); None means any.
    formats: frozenset[str] | None = None
    #: Both sides at least this many pixels, else ``E_IMAGE_TOO_SMALL``.
    minimum_side: int = 1
    #: Pixels above this are ``E_PIXELS_LIMIT``; 0 means no limit.
    maximum_pixels: int = 0
    #: True where a JPEG without an end marker as its last bytes is rewritten by the consumer.
    rewrites_jpeg: bool = False


class Encoded(msgspec.Struct, gc=False):
    """What one record becomes.

    ``files`` are whole small files (path, content); ``streams`` are pieces of larger files by stream key
    ``<path>#<section>`` (``annotations.csv#rows``); the assembling joins the non-empty pieces of one key in
    record order. ``outcomes`` has exactly one
    entry for each of ``record.annotations``, in order.
    """

    outcomes: Sequence[Outcome]
    files: Sequence[tuple[str, bytes]] = ()
    streams: Mapping[str, bytes] = {}
    #: Record-scoped notices of this writer: (code, message).
    notices: Sequence[tuple[str, str]] = ()
    #: Entries put into the dataset (rows, objects); -1 means one for each outcome that is written or lossy.
    objects: int = -1
    #: For annotations whose shape is not quite the source's: (position among the record's annotations, code, IoU of
    #: what was written against the source in 0…1). Seams, splits and rasters are measured always, boxes in place of
    #: regions where the placement asks for it.
    overlaps: Sequence[tuple[int, str, float]] = ()


class Fragments(msgspec.Struct, frozen=True):
    """All pieces of one stream in record order, the non-empty ones joined by ``separator``.

    Within one record the writer itself puts the separator between its entries.
    """

    key: str
    separator: bytes = b""
    #: Key of another stream whose piece stands in for a record that has none under ``key``: lists in which
    #: nearly all lines are equal need only their exceptions. That stream has a piece for every record in
    #: question, and need not stand in any file itself.
    otherwise: str = ""


class OutputFile(msgspec.Struct, frozen=True):
    """A file that is put together after all records are encoded: literal bytes and streams, in order."""

    path: str
    parts: tuple[bytes | Fragments, ...]


class Binder(Protocol):
    """Makes the bytes of one file out of its parts while they come: for files that are not their parts joined.

    The parts come in record order, cut anywhere, and the bytes must not depend on where they were cut. What is held
    in memory must not grow with the file.
    """

    def take(self, data: bytes) -> bytes:
        """Take the next bytes of the parts; give what can be written by now."""
        ...

    def close(self) -> bytes:
        """Give the rest of the file."""
        ...


class Writer(ABC):
    """Turns records into one dataset format.

    A writer is a pure function in three steps. It is constructed in every worker from its options and the
    plan, and must not open a file, read a clock or remember one record while encoding another.

    * :meth:`encode` gives what one record becomes;
    * :meth:`files` names the files that are assembled from the streams;
    * the core writes, hashes, copies pictures, counts, checks and publishes.

    An exception in :meth:`encode` costs that record (``E_WRITER``), never the run.
    """

    #: Word after ``--to``; lower-case letters, digits, ``-`` and ``_``.
    name: ClassVar[str]
    #: One line for ``exportkit formats``.
    summary: ClassVar[str] = ""
    #: Version of the plugin interface the writer is made for.
    api_version: ClassVar[int] = 1
    #: Model of the options.
    options_model: ClassVar[type[WriterOptions]] = WriterOptions
    #: What becomes of each kind: ``"written"`` or the code (``L_…``, ``N_…``, ``S_…``); absent kinds are
    #: ``S_KIND_UNSUPPORTED``.
    kinds: ClassVar[Mapping[str, str]] = {}
    #: Options, as words after ``NAME:``, that change what becomes of the kinds; each is a column of what
    #: ``exportkit formats NAME`` shows. The empty word is the default.
    variants: ClassVar[tuple[str, ...]] = ("",)
    #: Media that the writer takes; annotations of others are ``S_MEDIA_UNSUPPORTED``.
    accepts_media: ClassVar[frozenset[str]] = frozenset({"image"})

    #: Options with which the dataset is one table that :meth:`read_table` reads; None for a format that is no table.
    table_options: ClassVar[WriterOptions | None] = None

    def __init__(self, options: WriterOptions, plan: Plan) -> None:
        self.options = options
        self.plan = plan

    @classmethod  # noqa: B027 - most formats need nothing
    def ensure_ready(cls, options: WriterOptions) -> None:
        """Raise :class:`~exportkit.errors.UsageError` where a library that these options need is not installed.

        Called once, before the bundle is read; the sentence says what to install.
        """

    @classmethod
    def read_table(cls, folder: Path) -> Any:
        """The dataset below ``folder``, written with :attr:`table_options`, as a pandas DataFrame."""
        raise NotImplementedError

    # -- rules, asked before encoding; each depends on the options alone or on options and plan --------

    @classmethod
    def naming(cls, options: WriterOptions) -> NamingRule:
        """How names of pictures are made."""
        return NamingRule()

    @classmethod
    def pictures(cls, options: WriterOptions) -> PictureRule:
        """Which pictures the consumer takes."""
        return PictureRule()

    @classmethod
    def transcodes(cls, options: WriterOptions) -> str | None:
        """The format (``jpg``) that pictures of other formats are turned into, or None to keep every byte."""
        return None

    @classmethod
    def needs_size(cls, options: WriterOptions) -> bool:
        """Whether a record without a known size fails (``E_SIZE_UNKNOWN``)."""
        return True

    @classmethod
    def numberings(cls, options: WriterOptions) -> tuple[frozenset[str], ...]:
        """Sets of kinds that are numbered through the whole dataset; see ``Placement.bases``."""
        return ()

    @classmethod
    def numbers_classes(cls, options: WriterOptions) -> bool:
        """Whether the plan has to tell the numbers that the source gave its classes; finding them takes time."""
        return False

    @classmethod
    def class_fault(cls, name: str, options: WriterOptions) -> str | None:
        """Why a class name cannot be written in this format (``E_CLASS_UNREPRESENTABLE``), or None."""
        return None

    def picture_path(self, placement: Placement) -> str:
        """Path of the picture in the dataset, ``/``-separated and relative to its root."""
        return f"images/{placement.split}/{placement.name}"

    def picture_place(self, record: Record, placement: Placement) -> str:
        """As :meth:`picture_path`, for formats that say by the place what a picture shows.

        Raise :class:`~exportkit.errors.RecordFault` where the record has no place.
        """
        del record
        return self.picture_path(placement)

    def notices(self) -> Iterable[tuple[str, str]]:
        """Run-scoped notices (code, message) that follow from options and plan."""
        return ()

    def facts(self) -> Mapping[str, object]:
        """Facts of the layout, plain data, that a reader needs and the manifest repeats under ``facts``."""
        return {}

    # -- the work --------------------------------------------------------------------------------------

    @abstractmethod
    def encode(self, record: Record, placement: Placement) -> Encoded:
        """What one record becomes. Pure; called in any process, in any order.

        Raise :class:`~exportkit.errors.RecordFault` to fail the record with a code of its own.
        """

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        """What the leading records of a run become, many in one go; None where the first one needs :meth:`encode`.

        A writer may have this short way where it is faster; what it gives for a record is what :meth:`encode`
        gives for it. The records behind those that it takes are encoded one by one, or offered again. A
        writer that tells how many bytes a picture has leaves it out: where pictures are copied, that is known later.
        """
        return None

    def takes_shares(self) -> bool:
        """Whether :meth:`encode_run` tells how much of a region's box the region covers (:meth:`RecordRun.overlaps`).

        A writer in whose runs no box stands for a region says no, and gets records whose regions take a closer look,
        too.
        """
        return True

    def takes_boxless(self) -> frozenset[str]:
        """Kinds that stand in runs without a declared box, too; of all others each object has one, or is a crowd."""
        return frozenset()

    def files(self) -> Iterable[OutputFile]:
        """Files assembled from streams and literals. Called once, after all records are encoded."""
        return ()

    def binder(self, path: str) -> Binder | None:
        """What makes the bytes of one of :meth:`files`; None where they are the parts as they stand.

        A checker meets the pieces of such a file as they were encoded, and the file itself when it concludes.
        """
        return None

    def folders(self) -> Iterable[str]:
        """Folders that exist even when nothing is put into them."""
        return ()
