"""What is wrong with what a writer class declares. Every rule yields sentences for its author."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from exportkit.plugins.hookspecs import API_VERSION
from exportkit.records import KINDS
from exportkit.testing.sample_records import ODD_CLASSES
from exportkit.testing.trial import Trial
from exportkit.writing import NamingRule, PictureRule, Writer, WriterOptions

__all__ = ["declarations", "options", "pickling", "rules"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def declarations(writer: type[Writer]) -> Iterator[str]:
    """Name, summary and interface version."""
    name: Any = getattr(writer, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"name is {name!r}; use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit."
    if not writer.summary.isprintable():
        yield "summary has several lines; exportkit formats shows one."
    if type(writer.api_version) is not int or not 1 <= writer.api_version <= API_VERSION:
        yield f"api_version is {writer.api_version!r}; this exportkit has version {API_VERSION} of the interface."
    if not isinstance(writer.accepts_media, frozenset) or not writer.accepts_media:
        yield "accepts_media is no frozenset of media; without one of your own it is frozenset({'image'})."


def options(writer: type[Writer]) -> Iterator[str]:
    """The model of the options has defaults for all, is frozen, and refuses what it does not know."""
    model: Any = writer.options_model
    if not (isinstance(model, type) and issubclass(model, WriterOptions)):
        yield f"options_model is {model!r}; make it a subclass of exportkit.WriterOptions."
        return
    try:
        values = model()
    except ValidationError as error:
        where = ", ".join(".".join(map(str, part["loc"])) for part in error.errors())
        yield f"options_model needs {where}; give every option a default, so that '--to {writer.name}' alone works."
        return
    try:
        model.model_validate({"no-such-option": "1"})
    except ValidationError:
        pass
    else:
        yield "options_model takes unknown options; leave extra='forbid' of WriterOptions as it is."
    if not model.model_config.get("frozen"):
        yield "options_model is not frozen; leave frozen=True of WriterOptions as it is."
    text = values.model_dump_json()
    if model.model_validate_json(text) != values:
        yield f"options do not come back from their own JSON {text}, and the manifest states them as JSON."


def pickling(trial: Trial) -> Iterator[str]:
    """Class, options and plan reach worker processes by pickling."""
    for what, value in (("writer class", trial.writer), ("options", trial.options), ("plan", trial.plan)):
        try:
            copied: Any = pickle.loads(pickle.dumps(value))  # noqa: S301 - made in the line itself
        except Exception as error:  # noqa: BLE001 - any class may raise anything here
            yield (
                f"the {what} cannot be pickled ({type(error).__name__}: {error}); define classes at the top of a "
                "module, since every worker process imports them by name."
            )
            continue
        if copied != value:
            yield f"the {what} is another one after pickling; workers would write something else."


def rules(trial: Trial) -> Iterator[str]:
    """The rules that are asked before encoding are of their types, and the same each time."""
    writer, chosen = trial.writer, trial.options
    asked: dict[str, tuple[Any, Any, bool]] = {}
    for name, types in (("naming", NamingRule), ("pictures", PictureRule), ("needs_size", bool), ("numberings", tuple)):
        ask = getattr(writer, name)
        first = ask(chosen)
        asked[name] = (first, ask(chosen), isinstance(first, types))
        if not asked[name][2]:
            yield f"{name}(options) returns {type(first).__name__}; return a {types.__name__}."
    for name in ODD_CLASSES:
        reason: Any = writer.class_fault(name, chosen)
        asked[f"class_fault of {name!a}"] = (reason, writer.class_fault(name, chosen), True)
        if reason is not None and not isinstance(reason, str):
            yield f"class_fault({name!a}, options) returns {type(reason).__name__}; return the reason as text, or None."
    for name, (first, second, _) in asked.items():
        if first != second:
            yield f"{name} answers differently the second time; let it depend on the options alone."
    numberings, _, is_tuple = asked["numberings"]
    for kinds in numberings if is_tuple else ():
        if not isinstance(kinds, frozenset) or not kinds <= frozenset(KINDS):
            yield f"numberings(options) holds {kinds!r}; give frozensets of kinds of annotations."
