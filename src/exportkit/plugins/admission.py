"""Whether one plugin is taken: the only place where the code of strangers first runs.

A plugin is taken whole or not at all. Half of one could publish what its other half was there to hold back,
so any fault refuses all of it; other plugins are not touched by it.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pluggy

from exportkit.normalize import Normalizer
from exportkit.plugins.discovery import Candidate
from exportkit.plugins.hookspecs import API_ATTRIBUTE, API_VERSION, ENTRY_POINT_GROUP, ExportkitSpec
from exportkit.records import KINDS, quoted
from exportkit.writing import Checker, Writer, WriterOptions

__all__ = ["ROLES", "Admission", "Refusal", "admit", "registrar"]

#: Roles that plugins register classes for, in the order in which they are shown.
ROLES = ("writers", "readers", "normalizers", "targets", "checkers")

_BASES: dict[str, type] = {"writers": Writer, "checkers": Checker, "normalizers": Normalizer}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_OUTCOME = re.compile(r"written|[LNS]_[A-Z0-9_]+")


class Refusal(Exception):
    """Why a plugin is not taken; the message is half a sentence about it."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A plugin that was taken, and the classes it registered for each role."""

    plugin: object
    api_version: int
    classes: Mapping[str, tuple[type[Any], ...]]
    #: Hooks other than registration that it implements.
    hooks: tuple[str, ...]


def registrar() -> pluggy.PluginManager:
    """An empty pluggy manager that knows the hooks of exportkit."""
    manager = pluggy.PluginManager(ENTRY_POINT_GROUP)
    manager.add_hookspecs(ExportkitSpec)
    return manager


def admit(candidate: Candidate) -> Admission:
    """Import a plugin, try it alone, and judge what it registers.

    Raises :class:`Refusal` with the reason, whatever the plugin does: raise, exit or have a syntax error. What
    it prints goes to the standard error, for results own the standard output.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            plugin = _guarded("cannot be imported", candidate.load)
            admission: Admission = _guarded("cannot be read", lambda: _tried(plugin, candidate.name))
    except pluggy.PluginValidationError as error:
        raise Refusal(f"has a hook that does not fit its specification ({_first_line(error)})") from error
    return admission


def _tried(plugin: object, name: str) -> Admission:
    api_version = _stated_version(plugin)
    trial = _registered_alone(plugin, name)
    classes = {role: _registered(trial, role) for role in ROLES}
    names = (caller.name for caller in trial.get_hookcallers(plugin) or ())
    hooks = tuple(sorted(name for name in names if not name.startswith("exportkit_register_")))
    return Admission(plugin, api_version, classes, hooks)


def _guarded(trouble: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (KeyboardInterrupt, Refusal, pluggy.PluginValidationError):
        raise
    except BaseException as error:
        raise Refusal(f"{trouble} ({type(error).__name__}: {_first_line(error)})") from error


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines()
    return ascii(lines[0])[1:-1][:120] if lines else "no message"


def _stated_version(plugin: object) -> int:
    stated = getattr(plugin, API_ATTRIBUTE, 1)
    if type(stated) is not int or stated < 1:
        raise Refusal(f"states {API_ATTRIBUTE} = {quoted(stated)}; it must be an int from 1 to {API_VERSION}")
    _refuse_newer("the plugin", stated)
    return stated


def _refuse_newer(who: str, stated: int) -> None:
    if stated > API_VERSION:
        raise Refusal(
            f"{who} is made for version {stated} of the plugin interface and this exportkit has {API_VERSION}; "
            "upgrade exportkit or install an older version of the plugin"
        )


def _registered_alone(plugin: object, name: str) -> pluggy.PluginManager:
    trial = registrar()
    trial.register(plugin, name)
    callers = trial.get_hookcallers(plugin) or []
    for caller in callers:
        if any(impl.wrapper or impl.hookwrapper for impl in caller.get_hookimpls()):
            raise Refusal(f"has a wrapper around {caller.name}; wrappers are not taken")
    specified = {caller.name for caller in callers if caller.has_spec()}
    optional = {caller.name for caller in callers if all(impl.optionalhook for impl in caller.get_hookimpls())}
    _refuse_mistyped(plugin, specified | optional)
    trial.check_pending()
    if not specified:
        raise Refusal("implements no hook")
    return trial


def _refuse_mistyped(plugin: object, implemented: set[str]) -> None:
    known = sorted(name for name in vars(ExportkitSpec) if name.startswith("exportkit_"))
    for name in dir(plugin):
        if name in implemented or not name.startswith("exportkit_") or not inspect.isroutine(getattr(plugin, name)):
            continue
        if name in known:
            raise Refusal(f"has a function {name} that is not marked with @hookimpl and would never be called")
        raise Refusal(f"has a function {name}, which is no hook{_hint(name, known)}")


def _hint(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _registered(trial: pluggy.PluginManager, role: str) -> tuple[type[Any], ...]:
    caller = getattr(trial.hook, f"exportkit_register_{role}")
    if not caller.get_hookimpls():
        return ()
    answers = _guarded(f"raises in {caller.name}", caller)
    if len(answers) != 1 or isinstance(answers[0], (str, bytes)):
        raise Refusal(f"returns no list of classes from {caller.name}")
    classes: tuple[object, ...] = _guarded(f"returns no list of classes from {caller.name}", lambda: tuple(answers[0]))
    judged = tuple(_judged(cls, role) for cls in classes)
    names = [cls.name for cls in judged]
    for name in names:
        if names.count(name) > 1:
            raise Refusal(f"registers {role} named '{name}' twice")
    return judged


def _judged(cls: object, role: str) -> type[Any]:
    if not isinstance(cls, type):
        raise Refusal(f"registers {quoted(cls)} among its {role}, which is no class")
    base = _BASES.get(role, object)
    if not issubclass(cls, base):
        raise Refusal(f"registers {cls.__name__} among its {role}, which is no subclass of {base.__name__}")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(getattr(cls, "__abstractmethods__", ())))
        raise Refusal(f"registers {cls.__name__}, which leaves {missing} undefined")
    name = getattr(cls, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise Refusal(
            f"registers {cls.__name__} with the name {quoted(name)}; "
            "a name has 1 to 64 lower-case letters, digits, '-' and '_' and begins with a letter or digit"
        )
    stated = getattr(cls, "api_version", 1)
    if type(stated) is not int:
        raise Refusal(f"registers '{name}' among its {role} with an api_version that is no int")
    _refuse_newer(f"'{name}' among its {role}", stated)
    if issubclass(cls, Writer):
        _judge_writer(cls)
    return cls


def _judge_writer(cls: type[Writer]) -> None:
    options: object = cls.options_model
    if not (isinstance(options, type) and issubclass(options, WriterOptions)):
        raise Refusal(f"has a writer '{cls.name}' whose options_model is no subclass of WriterOptions")
    for kind, outcome in dict(cls.kinds).items():
        if kind not in KINDS or not _OUTCOME.fullmatch(outcome):
            raise Refusal(f"has a writer '{cls.name}' whose kinds say {kind!a}: {outcome!a}, which has no meaning")
