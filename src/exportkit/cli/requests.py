"""From words of the command line to a conversion request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exportkit.errors import UsageError

if TYPE_CHECKING:
    from exportkit.conversion.splits import SplitBy, SplitRequest
    from exportkit.normalize import InputOptions
    from exportkit.plugins import PluginManager

__all__ = ["accepted_codes", "input_options", "split_request"]


def split_request(split: str | None, by: SplitBy | None, seed: int | None, file: Path | None) -> SplitRequest | None:
    """What ``--split``, ``--split-by`` and ``--seed``, or ``--split-file``, ask for; None where nothing is asked."""
    from exportkit.conversion.splits import SplitRequest

    if file is not None:
        if split is not None or by is not None or seed is not None:
            raise UsageError("--split-file and --split exclude each other; the file says where each record goes.")
        return SplitRequest.read(file)
    if split is None:
        if by is not None:
            raise UsageError("--split-by goes with --split; write for example --split train=0.8,val=0.2.")
        if seed is not None:
            raise UsageError("--seed goes with --split; write for example --split train=0.8,val=0.2.")
        return None
    if seed is not None and by == "field":
        raise UsageError("--seed acts with --split-by hash or random; the field says where each record goes.")
    return SplitRequest.parse(split, by or "hash", seed or 0)


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


def accepted_codes(words: str, on_loss: str, plugins: PluginManager) -> frozenset[str]:
    """The codes of ``--accept CODE,…``; each is one of ours, or carries the name of an installed format."""
    from difflib import get_close_matches

    from exportkit.writing.codes import CODES

    codes = frozenset(filter(None, (word.strip() for word in words.split(","))))
    if codes and on_loss != "fail":
        raise UsageError("--accept goes with --on-loss fail; without it nothing has to be accepted.")
    marks = tuple(f"_{name.upper().replace('-', '_')}_" for name in plugins.writers())
    known = [code for code in CODES if code[0] in "LS"]
    for code in sorted(codes):
        if code not in known and not (code.startswith(("L_", "S_")) and any(mark in code for mark in marks)):
            near = get_close_matches(code, known, 1)
            hint = f"; did you mean {near[0]}" if near else "; codes of loss begin with L_, of what is left out with S_"
            raise UsageError(f"--accept: there is no code {code[:80]!a}{hint}.")
    return codes
