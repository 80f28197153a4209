"""A small YAML file that a person wrote: YAML 1.2, read without executing or expanding anything, with its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from exportkit.errors import UsageError
from exportkit.storage.refusals import shown

__all__ = ["YamlFile", "parse_yaml", "read_yaml"]

_LIMIT = 1 << 20
_DEPTH = 64

Location = tuple[str | int, ...]


class YamlFile(msgspec.Struct, frozen=True):
    """A document, and where each of its keys and entries stands."""

    path: Path
    value: Any
    #: 1-based lines by location: keys of maps and positions in lists, from the outermost on.
    lines: Mapping[Location, int]

    def place(self, location: Location) -> str:
        """``file, line 3`` of the innermost part of a location that stands in the file."""
        while location and location not in self.lines:
            location = location[:-1]
        return f"{shown(self.path)}, line {self.lines.get(location, 1)}"


def read_yaml(path: Path, what: str) -> YamlFile:
    """Read a file; ``what`` names it in messages (``The recipe``).

    Raises UsageError: unreadable, over 1 MiB, not UTF-8, and whatever :func:`parse_yaml` refuses.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"{what} {shown(path)} cannot be read: {error.strerror}.") from None
    if len(data) > _LIMIT:
        raise UsageError(f"{what} {shown(path)} is larger than 1 MiB.")
    try:
        return parse_yaml(data.decode("utf-8-sig"), path, what)
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} {shown(path)} is not UTF-8 at byte {error.start}; save it as UTF-8.") from None


def parse_yaml(text: str, path: Path, what: str) -> YamlFile:
    """Read the text of a file that was opened elsewhere.

    Raises UsageError with the line: not YAML, an alias, a key given twice, nested too deeply.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        _judge_events(YAML(typ="safe", pure=True).parse(text), f"{what} {shown(path)}")
        loader = YAML(typ="safe", pure=True)
        constructor, _ = loader.get_constructor_parser(text)
        node = constructor.composer.get_single_node()
        value = None if node is None else constructor.construct_document(node)
        lines = dict(_lines(node, ()))
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        reason = str(getattr(error, "problem", None) or error).splitlines() or ["it is damaged"]
        raise UsageError(f"{what} {shown(path)}{line} is not valid YAML: {reason[0]}.") from None
    return YamlFile(path, value, lines)


def _judge_events(events: Iterable[Any], where: str) -> None:
    """Refuse what would expand, or nest so deeply that the parser's time grows with its square."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    depth = 0
    for event in events:
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            raise UsageError(f"{where}, line {line}: an alias is not taken; write it out.")
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEPTH:
            raise UsageError(f"{where}, line {line} is nested more than {_DEPTH} deep.")


def _lines(node: Any, location: Location) -> Iterator[tuple[Location, int]]:
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        for key, value in node.value:
            inner = (*location, str(key.value))
            yield inner, key.start_mark.line + 1
            yield from _lines(value, inner)
    elif isinstance(node, SequenceNode):
        for position, value in enumerate(node.value):
            inner = (*location, position)
            yield inner, value.start_mark.line + 1
            yield from _lines(value, inner)
