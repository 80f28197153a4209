"""Which handler answers for a target: the built-in three, registered ones, and those of plugins."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from exportkit.actions.run_plugins import run_plugins
from exportkit.actions.target_handler import ExportTargetHandler
from exportkit.actions.targets import (
    AssignmentExportTargetHandler,
    GroundTruthExportTargetHandler,
    TaskExportTargetHandler,
)
from exportkit.errors import UsageError

__all__ = ["TargetHandlerFactory"]


class TargetHandlerFactory:
    """Makes handlers by the word that stands as `target` in the parameters."""

    _handlers: ClassVar[dict[str, type[Any]]] = {
        "assignment": AssignmentExportTargetHandler,
        "ground_truth": GroundTruthExportTargetHandler,
        "task": TaskExportTargetHandler,
    }

    @classmethod
    def get_handler(cls, target: str, config: Mapping[str, Any] | None = None) -> Any:
        """A new handler; ``NAME@DISTRIBUTION`` chooses among plugins of one word.

        Raises ValueError, naming every target that there is, for an unknown one.
        """
        handler = cls._handlers.get(target)
        if handler is None:
            owners = run_plugins().targets().get(target.partition("@")[0], [])
            if not owners:
                raise ValueError(f"Unknown target: {target!r}. Supported targets: {', '.join(cls.targets())}")
            try:
                handler = run_plugins().target(target).cls
            except UsageError as error:
                raise ValueError(str(error)) from error
        return handler(config) if _takes_config(handler) else handler()

    @classmethod
    def register_handler(cls, target: str, handler_class: type[Any]) -> None:
        """Use a class for a target, also for one that has a handler already.

        Raises TypeError for what is no class with a `get_results`.
        """
        if not isinstance(handler_class, type) or not callable(getattr(handler_class, "get_results", None)):
            raise TypeError(f"A handler is a class with get_results(client, filters), not {handler_class!r}.")
        cls._handlers[target] = handler_class

    @classmethod
    @contextmanager
    def registrations_kept(cls) -> Iterator[None]:
        """Forget afterwards what was registered inside the ``with`` block."""
        before = dict(cls._handlers)
        try:
            yield
        finally:
            cls._handlers.clear()
            cls._handlers.update(before)

    @classmethod
    def targets(cls) -> list[str]:
        """Every target that has a handler, sorted."""
        return sorted({*cls._handlers, *run_plugins().targets()})


def _takes_config(handler: type[Any]) -> bool:
    if issubclass(handler, ExportTargetHandler) and handler.__init__ is ExportTargetHandler.__init__:
        return True
    try:
        parameters = list(inspect.signature(handler).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return any(parameter.kind in positional for parameter in parameters[:1]) or any(
        parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters
    )
