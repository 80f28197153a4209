"""Settings that reach a plugin from outside, read with types."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exportkit.errors import UsageError

__all__ = ["TRUE_WORDS", "PluginEnvironment"]

#: Words that mean yes in an environment variable, compared without case and outer blanks.
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


class PluginEnvironment:
    """Names and values; read-only once built. Values from the process environment are text."""

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        self._data = dict(data or {})

    @classmethod
    def from_environ(cls, prefix: str = "", *, prefixes: tuple[str, ...] | None = None) -> PluginEnvironment:
        """From the process environment.

        With ``prefix`` the names lose it; with ``prefixes``, which wins, names that begin with one of them stay whole.
        """
        if prefixes:
            return cls({name: value for name, value in os.environ.items() if name.startswith(tuple(prefixes))})
        return cls({name[len(prefix) :]: value for name, value in os.environ.items() if name.startswith(prefix)})

    @classmethod
    def from_file(cls, path: str | Path) -> PluginEnvironment:
        """From a TOML file. Raises ``FileNotFoundError``, or UsageError when the file is no TOML."""
        try:
            return cls(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is not a TOML file: {error}.") from error

    @classmethod
    def merge(cls, *envs: PluginEnvironment) -> PluginEnvironment:
        """One environment of all; where a name stands in several, the last one wins."""
        return cls({name: value for env in envs for name, value in env.to_dict().items()})

    def get(self, key: str, default: Any = None) -> Any:
        return self._data.get(key, default)

    def get_str(self, key: str, default: str | None = None) -> str | None:
        value = self._data.get(key)
        return default if value is None else str(value)

    def get_int(self, key: str, default: int | None = None) -> int | None:
        """Raises ``ValueError`` for a value that is no whole number."""
        value = self._data.get(key)
        return default if value is None else int(value)

    def get_float(self, key: str, default: float | None = None) -> float | None:
        """Raises ``ValueError`` for a value that is no number."""
        value = self._data.get(key)
        return default if value is None else float(value)

    def get_bool(self, key: str, default: bool | None = None) -> bool | None:
        """True for ``true``, ``1``, ``yes`` and ``on``; every other text is false."""
        value = self._data.get(key)
        if value is None:
            return default
        return value.strip().lower() in TRUE_WORDS if isinstance(value, str) else bool(value)

    def get_list(self, key: str, default: list[Any] | None = None) -> list[Any] | None:
        """Text is cut at commas; blanks around the parts and empty parts go away."""
        value = self._data.get(key)
        if value is None:
            return default
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return list(value) if isinstance(value, list | tuple) else [value]

    def to_dict(self) -> dict[str, Any]:
        """A copy."""
        return dict(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __repr__(self) -> str:
        return f"PluginEnvironment({', '.join(sorted(self._data))})"
