"""What a conversion is asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from exportkit.conversion.splits import SplitRequest
from exportkit.engines import EngineName
from exportkit.errors import UsageError
from exportkit.normalize import InputOptions
from exportkit.storage.archive_layouts import SinkName
from exportkit.transforms import Transform, name_of
from exportkit.writing import MediaMode, Writer, WriterOptions
from exportkit.writing.ledger import LossList

__all__ = ["Budget", "ConversionRequest", "OutputRequest"]


class OutputRequest(msgspec.Struct, frozen=True):
    """One dataset to write: the writer, who owns it, its options, and the folder name among several."""

    writer: type[Writer]
    options: WriterOptions
    owner: str
    version: str
    #: Folder below the output directory when there are several outputs; also the name in messages.
    label: str


class Budget(msgspec.Struct, frozen=True):
    """``--max-errors``: how many records may be touched by an error, as a number or as a share of all."""

    number: int | None = None
    percent: float | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """``5`` or ``2.5%``."""
        try:
            if text.endswith("%"):
                share = float(text[:-1])
                if 0 <= share <= 100:
                    return cls(percent=share)
            elif int(text) >= 0:
                return cls(number=int(text))
        except ValueError:
            pass
        raise UsageError(f"--max-errors {text!r} is neither a whole number nor a share; write for example 10 or 1%.")

    def passed(self, touched: int, records: int) -> bool:
        """Whether so many touched records are more than allowed."""
        if self.number is not None:
            return touched > self.number
        return self.percent is not None and touched * 100 > self.percent * records


class ConversionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides the bytes of the output, and how the run behaves."""

    bundle: Path
    outputs: tuple[OutputRequest, ...]
    directory: Path
    target: str | None = None
    media: MediaMode = "copy"
    classes: Path | None = None
    lock: Path | None = None
    split: SplitRequest | None = None
    transforms: tuple[Transform, ...] = ()
    input: InputOptions = msgspec.field(default_factory=InputOptions)
    invalid: Literal["clip", "drop", "fail"] = "clip"
    on_loss: Literal["report", "fail"] = "report"
    accept: frozenset[str] = frozenset()
    on_error: Literal["skip", "fail"] = "skip"
    max_errors: Budget | None = None
    loss_list: LossList = "first"
    #: Which boxes that stand for regions are measured: those of every 16th record by a hash of its id, or all.
    loss_iou: Literal["sample", "all"] = "sample"
    strict_json: bool = False
    max_pixels: int = 1 << 28
    validate_full: bool = False
    error_on_empty: bool = False
    workers: int = 0
    #: What each dataset's files become: one archive, or None for files in a folder.
    sink: SinkName | None = None
    engine: EngineName = "local"
    #: ``HOST:PORT`` of a running Ray cluster, or ``auto``; None, or ``local``, is one on this machine for this run.
    ray_address: str | None = None
    #: ``s3://…`` for what goes between the machines of a Ray cluster, where they do not share the output's folder.
    ray_storage: str | None = None
    overwrite: bool = False
    keep_old: bool = False
    dry_run: bool = False
    #: Folder whose ``files/`` the lines mean, where they were spooled apart from it; None means the bundle's own.
    originals: Path | None = None
    #: JSON lines of entries, as in ``exportkit-errors.jsonl``: records that were lost before they became lines.
    lost: Path | None = None
    #: Records that were listed and deleted before they could be acquired.
    gone: int = 0
    #: Whether plugins were asked before the bundle was acquired.
    is_acquired: bool = False
    #: Plugins blocked by name, so that worker processes load the same ones.
    blocked: tuple[str, ...] = ()

    def byte_options(self) -> dict[str, Any]:
        """Options that can change a byte of the output, as plain data for the manifest."""
        return {
            "target": self.target,
            "media": self.media,
            "input": self.input.model_dump(mode="json", exclude_defaults=True),
            **({"split": self.split.plain()} if self.split is not None else {}),
            **({"transforms": [_plain(transform) for transform in self.transforms]} if self.transforms else {}),
            "invalid": self.invalid,
            "on_error": self.on_error,
            "strict_json": self.strict_json,
            "max_pixels": self.max_pixels,
            "loss_list": self.loss_list,
            "loss_iou": self.loss_iou,
        }


def _plain(transform: Transform) -> dict[str, Any]:
    """A transform as it stands in a recipe; a function of somebody's is told by its name alone."""
    plain = getattr(transform, "plain", None)
    return {name_of(transform): plain() if plain is not None else None}
