"""Messages for people, by stable code and in several languages."""

from __future__ import annotations

import logging
import string
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Self

from exportkit.runtime.log_level import LogLevel

__all__ = [
    "DEFAULT_LANGUAGE",
    "CommonLogMessageCode",
    "LocalizedMessage",
    "LogMessageCode",
    "fill",
    "log_messages_kept",
    "register_log_messages",
    "resolve_log_message",
]

DEFAULT_LANGUAGE = "en"
#: Texts by code and language; codes of plugins come in beside ours.
_TEXTS: dict[str, dict[str, str]] = {}


class LogMessageCode(StrEnum):
    """Base of message codes. A member is built from its value and its level."""

    _level: LogLevel

    def __new__(cls, value: str, level: LogLevel = LogLevel.INFO) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member._level = LogLevel(level)  # noqa: SLF001 - its own, while it is built
        return member

    @property
    def level(self) -> LogLevel:
        return self._level


class CommonLogMessageCode(LogMessageCode):
    """Messages of every kind of plugin."""

    PLUGIN_RUN_COMPLETE = ("PLUGIN_RUN_COMPLETE", LogLevel.INFO)


class LocalizedMessage:
    """One message in several languages: ``LocalizedMessage(en='…', ko='…')``."""

    def __init__(self, **translations: str) -> None:
        self._translations = translations

    @property
    def translations(self) -> dict[str, str]:
        return dict(self._translations)

    def get(self, language: str, default_language: str = DEFAULT_LANGUAGE) -> str | None:
        """The text in ``language``, else in ``default_language``, else any."""
        return _translated(self._translations, language, default_language)

    def format(self, language: str, default_language: str = DEFAULT_LANGUAGE, **kwargs: Any) -> str:
        """The text with its placeholders filled; a missing one stays visible."""
        return fill(self.get(language, default_language) or "", kwargs)


def register_log_messages(templates: Mapping[LogMessageCode, str | dict[str, str]]) -> None:
    """Add texts: a plain one counts as English. What is no text is left out with a warning, never an error."""
    for code, template in templates.items():
        texts: object = {DEFAULT_LANGUAGE: template} if isinstance(template, str) else template
        if not isinstance(texts, Mapping):
            _log_refused(code, template)
            continue
        for language, text in texts.items():
            if isinstance(text, str):
                _TEXTS.setdefault(str(code), {})[language] = text
            else:
                _log_refused(code, text)


@contextmanager
def log_messages_kept() -> Iterator[None]:
    """Forget afterwards what was registered inside the ``with`` block."""
    before = {code: dict(texts) for code, texts in _TEXTS.items()}
    try:
        yield
    finally:
        _TEXTS.clear()
        _TEXTS.update(before)


def resolve_log_message(code: LogMessageCode, language: str | None = None, **kwargs: Any) -> tuple[str, LogLevel]:
    """Text and level of a code. Without the language there is English, without a text the code itself."""
    text = _translated(_TEXTS.get(str(code), {}), language or DEFAULT_LANGUAGE)
    return fill(str(code) if text is None else text, kwargs), code.level


def fill(template: str, values: Mapping[str, Any]) -> str:
    """``template`` with every ``{name}`` that ``values`` knows; what is missing or malformed stays as it is.

    Attributes and items of values cannot be reached from a template.
    """
    if not values or "{" not in template:
        return template
    try:
        return _Filler().vformat(template, (), values)
    except (ValueError, TypeError, LookupError, AttributeError):
        return template


class _Filler(string.Formatter):
    """Leaves unknown placeholders in place."""

    def vformat(self, format_string: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        parts = []
        for literal, name, spec, conversion in self.parse(format_string):
            parts.append(literal)
            if name is None:
                continue
            if name in kwargs:
                value = self.convert_field(kwargs[name], conversion)
                parts.append(self.format_field(value, spec or ""))
            else:
                tail = (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
                parts.append(f"{{{name}{tail}}}")
        return "".join(parts)


def _translated(texts: Mapping[str, str], language: str, default: str = DEFAULT_LANGUAGE) -> str | None:
    short = language.replace("_", "-").split("-")[0].split(".")[0].lower()
    for wanted in (language, short, default, DEFAULT_LANGUAGE):
        if wanted in texts:
            return texts[wanted]
    return next(iter(texts.values()), None)


def _log_refused(code: object, template: object) -> None:
    logging.getLogger(__name__).warning("A text for %s is left out: it is %s.", code, type(template).__name__)


register_log_messages(
    {
        CommonLogMessageCode.PLUGIN_RUN_COMPLETE: {
            "en": "The plugin has finished.",
            "ko": "플러그인 실행이 완료되었습니다.",
        }
    }
)
