"""Outputs as words: ``NAME[@DISTRIBUTION][:key=value,…]``, as after ``--to``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from exportkit.conversion.request import OutputRequest
from exportkit.errors import UsageError
from exportkit.plugins.manager import PluginManager
from exportkit.writing.choice import option_fault

__all__ = ["key_values", "output_request", "output_requests", "parse_options", "refuse_twins"]

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


def parse_options(model: type[Options], values: Mapping[str, Any], where: str) -> Options:
    """Options checked by their model; the first thing wrong becomes one sentence."""
    try:
        return model.model_validate({key: _flag(model, key, value) for key, value in values.items()})
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(field.alias or name for name, field in model.model_fields.items())) or "none"
            raise UsageError(
                f"{where}: there is no option {'.'.join(map(str, first['loc']))!r}; known options: {known}."
            ) from None
        raise UsageError(f"{where}: {option_fault(first)}.") from None


def _flag(model: type[BaseModel], key: str, value: Any) -> Any:
    field = model.model_fields.get(key)
    if field is not None and field.annotation is bool and isinstance(value, str):
        words = {"yes": True, "no": False, "true": True, "false": False}
        return words.get(value.lower(), value)
    return value


def output_requests(wanted: Sequence[str], plugins: PluginManager) -> tuple[OutputRequest, ...]:
    """One request for each ``--to NAME[@DISTRIBUTION][:key=value,…]``."""
    if not wanted:
        raise UsageError("Nothing to write: name at least one format with --to, for example --to coco.")
    requests = []
    for text in wanted:
        spec, _, rest = text.partition(":")
        where = f"--to {spec}"
        requests.append(output_request(spec, key_values(rest, where), plugins, where))
    refuse_twins(request.label for request in requests)
    return tuple(requests)


def output_request(spec: str, values: Mapping[str, Any], plugins: PluginManager, where: str) -> OutputRequest:
    """A request for the writer ``NAME[@DISTRIBUTION]`` with its options and ``as``, the name of its dataset."""
    entry = plugins.writer(spec)
    options = dict(values)
    label = options.pop("as", entry.name)
    if not isinstance(label, str) or not _LABEL.match(label) or label.startswith("exportkit-"):
        raise UsageError(f"{where}: {label!r} is no name for a folder; use letters, digits, '-' and '_'.")
    model = parse_options(entry.cls.options_model, options, where)
    return OutputRequest(entry.cls, model, entry.distribution, entry.version, label)


def refuse_twins(labels: Iterable[str]) -> None:
    """Raise UsageError where two outputs would have one folder."""
    seen: set[str] = set()
    for label in labels:
        if label.casefold() in seen:
            raise UsageError(f"Two outputs are called {label!r}; give one of them another name with as=NAME.")
        seen.add(label.casefold())
