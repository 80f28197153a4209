"""What `exportkit formats` and `exportkit plugins` show: plain data, the same for text and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from exportkit.plugins.manager import Plugin, PluginManager, Status
from exportkit.plugins.registry import WriterEntry
from exportkit.records import KINDS
from exportkit.writing import WriterOptions
from exportkit.writing.acting import acting_words

__all__ = ["FormatEntry", "OptionEntry", "PluginEntry", "formats", "plugins"]


class OptionEntry(msgspec.Struct, frozen=True):
    """One option of a writer, as it is written after ``--to NAME:``."""

    name: str
    #: Values in words; the choices joined by ``|`` where there are choices.
    type: str
    required: bool
    #: JSON value; null also where the option is required.
    default: Any
    description: str
    #: Values of other options with which it acts, as words after ``--to NAME:``; empty where it always does.
    acts_in: list[str]


class FormatEntry(msgspec.Struct, frozen=True):
    """One format that can be written."""

    name: str
    summary: str
    distribution: str
    version: str
    plugin: str
    api_version: int
    #: What becomes of each kind that has a place: ``written`` or a code.
    kinds: dict[str, str]
    media: list[str]
    options: list[OptionEntry]
    #: Whether a checker of the same owner reads back what the writer wrote.
    checked: bool
    #: How to ask for it: with its owner where the name alone is not enough.
    spec: str


class PluginEntry(msgspec.Struct, frozen=True):
    """One plugin, loaded or not."""

    name: str
    distribution: str
    version: str
    entry_point: str
    status: Status
    #: Sentence; empty when it is loaded.
    reason: str
    api_version: int
    registers: dict[str, list[str]]
    hooks: list[str]


def formats(manager: PluginManager) -> list[FormatEntry]:
    """Every format by name, then owner."""
    return [
        _format(manager, entry, alone=len(owners) == 1) for owners in manager.writers().values() for entry in owners
    ]


def plugins(manager: PluginManager) -> list[PluginEntry]:
    """Every plugin in loading order, the broken and the blocked too."""
    return [_plugin(plugin) for plugin in manager.plugins]


def _format(manager: PluginManager, entry: WriterEntry, *, alone: bool) -> FormatEntry:
    writer = entry.cls
    return FormatEntry(
        name=entry.name,
        summary=writer.summary,
        distribution=entry.distribution,
        version=entry.version,
        plugin=entry.plugin,
        api_version=writer.api_version,
        kinds={kind: writer.kinds[kind] for kind in KINDS if kind in writer.kinds},
        media=sorted(writer.accepts_media),
        options=_options(writer.options_model),
        checked=manager.checker_of(entry) is not None,
        spec=entry.name if alone else entry.spec,
    )


def _options(model: type[WriterOptions]) -> list[OptionEntry]:
    return [
        OptionEntry(
            name=info.alias or name,
            type=_values_in_words(info.annotation, info.metadata),
            required=info.is_required(),
            default=None if info.is_required() else _default(info.get_default(call_default_factory=True)),
            description=info.description or "",
            acts_in=list(acting_words(info)),
        )
        for name, info in model.model_fields.items()
    ]


def _default(value: object) -> Any:
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    return to_jsonable_python(value, fallback=str)


#: What the value of an option may be, for types that a person does not know by their names in Python.
_WORDS: Mapping[object, str] = {bool: "yes|no", int: "whole number", float: "number", str: "text"}


def _values_in_words(annotation: object, limits: Sequence[object] = ()) -> str:
    """``bridge|drop``, ``0…9``, ``text``; that an option may be left out is told by its default."""
    origin = get_origin(annotation)
    if origin is Annotated:
        annotation, *more = get_args(annotation)
        return _values_in_words(annotation, (*limits, *_flat(more)))
    if origin is Literal:
        return "|".join(str(choice) for choice in get_args(annotation))
    inner = [part for part in get_args(annotation) if part not in (Ellipsis, NoneType)]
    if not inner:
        span = _span(limits) if annotation in (int, float) else ""
        return span or _WORDS.get(annotation) or str(getattr(annotation, "__name__", annotation))
    words = "|".join(dict.fromkeys(_values_in_words(part, limits) for part in inner))
    if isinstance(origin, type) and issubclass(origin, (list, tuple, set, frozenset)):
        return f"{words}+{words}+…"
    return words


def _flat(marks: Iterable[object]) -> Iterator[object]:
    """The limits among marks of a type; a ``Field`` holds several."""
    for mark in marks:
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def _span(limits: Sequence[object]) -> str:
    """``0…9``; empty where there are not both limits."""
    low = next((limit.ge for limit in limits if isinstance(limit, Ge)), None)
    high = next((limit.le for limit in limits if isinstance(limit, Le)), None)
    return f"{low}…{high}" if low is not None and high is not None else ""


def _plugin(plugin: Plugin) -> PluginEntry:
    return PluginEntry(
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        entry_point=plugin.entry_point,
        status=plugin.status,
        reason=f"It {plugin.reason}." if plugin.reason else "",
        api_version=plugin.api_version,
        registers={role: list(names) for role, names in plugin.registers.items() if names},
        hooks=list(plugin.hooks),
    )
