"""The process that is lent to a plugin for one run, and taken back as it was."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import ModuleType

from exportkit.actions import TargetHandlerFactory
from exportkit.runtime.messages import log_messages_kept

__all__ = ["borrowed_process"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def borrowed_process() -> Iterator[None]:
    """Undo afterwards what a plugin changed: handlers, messages, import path and modules, environment, folder, signals.

    Modules that were loaded from anywhere but the plugin's own places stay, since most cannot be loaded twice. All of
    this belongs to the whole process: runs side by side in threads see each other's changes.
    """
    with TargetHandlerFactory.registrations_kept(), log_messages_kept(), _environment(), _folder(), _signals():
        path, modules = list(sys.path), dict(sys.modules)
        try:
            yield
        finally:
            added = [place for place in sys.path if place not in path]
            sys.path[:] = path
            _restore_modules(modules, added)


@contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


@contextmanager
def _folder() -> Iterator[None]:
    here = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        with suppress(OSError):  # a folder that was removed meanwhile
            os.fchdir(here)
        os.close(here)


@contextmanager
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                with suppress(ValueError):  # only the main thread may, and only it can have changed them
                    signal.signal(number, handler)


def _restore_modules(before: Mapping[str, ModuleType], added: list[str]) -> None:
    for name, module in list(sys.modules.items()):
        if name not in before and (_is_made_up(module) or _lies_in_one(module, added)):
            del sys.modules[name]
    sys.modules.update({name: module for name, module in before.items() if sys.modules.get(name) is not module})


def _is_made_up(module: object) -> bool:
    """Whether no import made a module: somebody put it there."""
    return getattr(module, "__spec__", None) is None


def _lies_in_one(module: object, places: list[str]) -> bool:
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
    return any(file.startswith(os.path.join(place, "")) for place in places if place)
