"""Pickles that name places of a run's folder relative to a place in it: the folder lies elsewhere on other machines."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

__all__ = ["dumps", "dumps_naming", "loads"]


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, root: Path, base: Path) -> None:
        super().__init__(file)
        self._root = root
        self._base = base
        self.named: list[Path] = []

    def persistent_id(self, value: Any) -> str | None:
        if isinstance(value, Path) and value.is_relative_to(self._root):
            self.named.append(value)
            return os.path.relpath(value, self._base)
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, base: Path) -> None:
        super().__init__(file)
        self._base = base

    def persistent_load(self, name: Any) -> Path:
        return Path(os.path.normpath(self._base / name))


def dumps_naming(value: Any, root: Path, base: Path | None = None) -> tuple[bytes, list[Path]]:
    """Pickle a value, and tell which paths in it lie below ``root``: they are stored relative to ``base``.

    ``base`` is ``root`` or a folder below it. Raises what :func:`pickle.dumps` raises.
    """
    file = io.BytesIO()
    pickler = _Pickler(file, root, base or root)
    pickler.dump(value)
    return file.getvalue(), pickler.named


def dumps(value: Any, root: Path, base: Path | None = None) -> bytes:
    """Pickle a value with its paths below ``root`` relative to ``base``; see :func:`dumps_naming`."""
    return dumps_naming(value, root, base)[0]


def loads(data: bytes, base: Path) -> Any:
    """Unpickle what this run has pickled itself; paths that are stored relative to a base begin with this one."""
    return _Unpickler(io.BytesIO(data), base).load()
