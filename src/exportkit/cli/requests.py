"""From words of the command line to a conversion request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exportkit.errors import UsageError

if TYPE_CHECKING:
    from exportkit.conversion.splits import SplitBy, SplitRequest
    from exportkit.normalize import InputOptions

__all__ = ["input_options", "split_request"]


def split_request(split: str | None, by: SplitBy | None, seed: int, file: Path | None) -> SplitRequest | None:
    """What ``--split``, ``--split-by`` and ``--seed``, or ``--split-file``, ask for; None where nothing is asked."""
    from exportkit.conversion.splits import SplitRequest

    if file is not None:
        if split is not None or by is not None:
            raise UsageError("--split-file and --split exclude each other; the file says where each record goes.")
        return SplitRequest.read(file)
    if split is None:
        if by is not None:
            raise UsageError("--split-by goes with --split; write for example --split train=0.8,val=0.2.")
        return None
    return SplitRequest.parse(split, by or "hash", seed)


def input_options(words: Sequence[str], group_by: str | None = None) -> InputOptions:
    """The options of ``--input key=value,…``, given once or several times; the skeleton's file is read.

    ``group_by`` is the word after ``--group-by``.
    """
    from exportkit.conversion.output_words import key_values, parse_options
    from exportkit.normalize import InputOptions, read_skeleton

    values = key_values(",".join(words), "--input")
    if group_by is not None and values.setdefault("group_by", group_by) != group_by:
        raise UsageError("--group-by and --input group_by= name two fields; give one of them.")
    skeleton = values.pop("skeleton", None)
    options = parse_options(InputOptions, values, "--input")
    return options if skeleton is None else options.model_copy(update={"skeleton": read_skeleton(Path(skeleton))})
