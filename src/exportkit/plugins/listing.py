"""What `exportkit formats` and `exportkit plugins` show: plain data, the same for text and JSON."""

from __future__ import annotations

from types import NoneType
from typing import Any, Literal, get_args, get_origin

import msgspec
from pydantic_core import to_jsonable_python

from exportkit.plugins.manager import Plugin, PluginManager, Status
from exportkit.plugins.registry import WriterEntry
from exportkit.records import KINDS
from exportkit.writing import WriterOptions

__all__ = ["FormatEntry", "OptionEntry", "PluginEntry", "formats", "plugins"]


class OptionEntry(msgspec.Struct, frozen=True):
    """One option of a writer, as it is written after ``--to NAME:``."""

    name: str
    #: Type in words; the choices joined by ``|`` where there are choices.
    type: str
    required: bool
    #: JSON value; null also where the option is required.
    default: Any
    description: str


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
            type=_type_words(info.annotation),
            required=info.is_required(),
            default=None if info.is_required() else _default(info.get_default(call_default_factory=True)),
            description=info.description or "",
        )
        for name, info in model.model_fields.items()
    ]


def _default(value: object) -> Any:
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    return to_jsonable_python(value, fallback=str)


def _type_words(annotation: object) -> str:
    if annotation in (None, NoneType):
        return "none"
    if get_origin(annotation) is Literal:
        return "|".join(str(choice) for choice in get_args(annotation))
    inner = [part for part in get_args(annotation) if part is not Ellipsis]
    if isinstance(annotation, type) and not inner:
        return annotation.__name__
    words = "|".join(dict.fromkeys(_type_words(part) for part in inner))
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, (list, tuple, set, frozenset, dict)):
        return f"{origin.__name__} of {words}"
    return words or str(annotation)


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
