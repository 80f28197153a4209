"""From words of the command line to a conversion request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from exportkit.errors import UsageError

if TYPE_CHECKING:
    from exportkit.conversion.request import OutputRequest
    from exportkit.conversion.splits import SplitBy, SplitRequest
    from exportkit.normalize import InputOptions
    from exportkit.plugins.manager import PluginManager

__all__ = ["input_options", "key_values", "output_requests", "parse_options", "split_request"]

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")

Options = TypeVar("Options", bound=BaseModel)


def key_values(text: str, where: str) -> dict[str, str]:
    """``key=value,key=value`` as a dict; a key given twice is refused."""
    found: dict[str, str] = {}
    for word in filter(None, text.split(",")):
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{where}: {word!r} is not of the form key=value.")
        if key in found:
            raise UsageError(f"{where}: the option {key!r} is given twice.")
        found[key] = value
    return found


def parse_options(model: type[Options], values: dict[str, str], where: str) -> Options:
    """Options checked by their model; the first thing wrong becomes one sentence."""
    try:
        return model.model_validate({key: _flag(model, key, value) for key, value in values.items()})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "options"
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(field.alias or name for name, field in model.model_fields.items())) or "none"
            raise UsageError(f"{where}: there is no option {key!r}; known options: {known}.") from None
        raise UsageError(f"{where}: the option {key!r} is wrong: {first['msg']}.") from None


def _flag(model: type[BaseModel], key: str, value: str) -> Any:
    field = model.model_fields.get(key)
    if field is not None and field.annotation is bool:
        words = {"yes": True, "no": False, "true": True, "false": False}
        return words.get(value.lower(), value)
    return value


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
    from exportkit.normalize import InputOptions, read_skeleton

    values = key_values(",".join(words), "--input")
    if group_by is not None and values.setdefault("group_by", group_by) != group_by:
        raise UsageError("--group-by and --input group_by= name two fields; give one of them.")
    skeleton = values.pop("skeleton", None)
    options = parse_options(InputOptions, values, "--input")
    return options if skeleton is None else options.model_copy(update={"skeleton": read_skeleton(Path(skeleton))})


def output_requests(wanted: Sequence[str], plugins: PluginManager) -> tuple[OutputRequest, ...]:
    """One request for each ``--to NAME[@DISTRIBUTION][:key=value,…]``."""
    from exportkit.conversion.request import OutputRequest

    if not wanted:
        raise UsageError("Nothing to write: name at least one format with --to, for example --to coco.")
    requests = []
    for text in wanted:
        spec, _, rest = text.partition(":")
        entry = plugins.writer(spec)
        values = key_values(rest, f"--to {spec}")
        label = values.pop("as", entry.name)
        if not _LABEL.match(label) or label.startswith("exportkit-"):
            raise UsageError(f"--to {spec}: {label!r} is no name for a folder; use letters, digits, '-' and '_'.")
        options = parse_options(entry.cls.options_model, values, f"--to {spec}")
        requests.append(OutputRequest(entry.cls, options, entry.distribution, entry.version, label))
    _refuse_twins(request.label for request in requests)
    return tuple(requests)


def _refuse_twins(labels: Iterable[str]) -> None:
    seen: set[str] = set()
    for label in labels:
        if label.casefold() in seen:
            raise UsageError(f"Two outputs are called {label!r}; give one of them another name with as=NAME.")
        seen.add(label.casefold())
