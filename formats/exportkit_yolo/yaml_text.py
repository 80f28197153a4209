"""YAML text is judged before anything is built from it: no aliases, and no endless depth (formats, section 2.12)."""

from __future__ import annotations

__all__ = ["ensure_plain"]

_DEEPEST = 256


def ensure_plain(text: str) -> None:
    """Raise ValueError, saying why, for text with an alias or nested deeper than 256; YAMLError as parsing does.

    A few bytes of aliases stand for any amount of data, and a parser needs hours for brackets in brackets.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.events import (
        AliasEvent,
        MappingEndEvent,
        MappingStartEvent,
        SequenceEndEvent,
        SequenceStartEvent,
    )

    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        if isinstance(event, AliasEvent):
            raise ValueError(f"line {event.start_mark.line + 1} uses an alias; write it out")  # noqa: TRY004 - the text is wrong
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"line {event.start_mark.line + 1} is nested deeper than {_DEEPEST}")
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            depth -= 1
