"""Commands whose options are the fields of a dataclass: declared once, and handed on as one value."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

__all__ = ["command_of"]

Options = TypeVar("Options")


def command_of(run: Callable[[Options], int]) -> Callable[..., int]:
    """The function that typer reads for ``run``: one parameter for each field of its options, named and typed alike."""
    hints = {name: hint for name, hint in get_type_hints(run).items() if name != "return"}
    (cls,) = hints.values()
    annotations = get_type_hints(cls, include_extras=True)

    def command(**words: Any) -> int:
        return run(cls(**words))

    command.__name__, command.__doc__ = run.__name__, run.__doc__
    command.__annotations__ = annotations
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=annotations[field.name]
            )
            for field in dataclasses.fields(cls)
        ]
    )
    return command


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty
