"""Hooks that every plugin may have a say in: each sees what the one before it returned.

A chain exists only where somebody implements the hook, so that a hook nobody implements costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import pluggy

from exportkit.errors import words_of

__all__ = ["Announcement", "Chain", "HookFault", "Inquiry"]

T = TypeVar("T")


class HookFault(Exception):
    """A hook raised or returned a wrong type. The exception that it raised, if any, is the cause.

    For a record this is ``E_WRITER`` (formats, section 2.13): it costs that record, never the run.
    """

    def __init__(self, plugin: str, hook: str, message: str) -> None:
        super().__init__(f"The hook {hook} of the plugin {plugin} {message}.")
        self.plugin = plugin
        self.hook = hook


class _Step:
    """One implementation of a hook with one argument, which an implementation may leave out."""

    def __init__(self, impl: pluggy.HookImpl, hook: str) -> None:
        self._call: Callable[..., Any] = impl.function
        self._takes_argument = bool(impl.argnames)
        self.plugin = impl.plugin_name
        self.hook = hook

    def __call__(self, value: Any) -> Any:
        try:
            return self._call(value) if self._takes_argument else self._call()
        except (Exception, SystemExit) as error:
            words = ascii(words_of(error))[1:-1][:120]
            raise HookFault(self.plugin, self.hook, f"raised {type(error).__name__}: {words}") from error


def _steps(caller: pluggy.HookCaller) -> list[_Step]:
    return [_Step(impl, caller.name) for impl in reversed(caller.get_hookimpls())]


class Chain(Generic[T]):
    """Passes one value through all implementations of a hook."""

    def __init__(self, caller: pluggy.HookCaller, kind: type[T]) -> None:
        self._steps = _steps(caller)
        self._kind = kind

    def __call__(self, value: T) -> T | None:
        """What is left of the value: itself, a replacement, or None when a hook drops it.

        Raises :class:`HookFault`.
        """
        for step in self._steps:
            answer = step(value)
            if answer is None or answer is True:
                continue
            if answer is False:
                return None
            if not isinstance(answer, self._kind):
                wrong, right = type(answer).__name__, self._kind.__name__
                raise HookFault(step.plugin, step.hook, f"returned {wrong}; it must return {right}, None or a bool")
            value = answer
        return value


class Inquiry:
    """Asks all implementations of a hook the same question."""

    def __init__(self, caller: pluggy.HookCaller) -> None:
        self._steps = _steps(caller)

    def __call__(self, question: object) -> Sequence[tuple[str, Any]]:
        """(plugin name, answer) of each plugin that has one. Raises :class:`HookFault`."""
        answers = [(step.plugin, step(question)) for step in self._steps]
        return [(plugin, answer) for plugin, answer in answers if answer is not None]


class Announcement:
    """Tells all implementations of a hook; none can keep another from hearing it."""

    def __init__(self, caller: pluggy.HookCaller) -> None:
        self._steps = _steps(caller)

    def __call__(self, news: object) -> Sequence[HookFault]:
        """Faults of the hooks, for the caller to report."""
        faults = []
        for step in self._steps:
            try:
                step(news)
            except HookFault as fault:
                faults.append(fault)
        return faults
