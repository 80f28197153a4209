"""The import name ``synapse_sdk``, lent to our classes for the length of one run."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from types import ModuleType
from typing import Final

from exportkit.errors import UsageError

__all__ = ["synapse_sdk_alias"]

ALIAS: Final = "synapse_sdk"
HOME: Final = "exportkit.compat.synapse_sdk"


@contextmanager
def synapse_sdk_alias(*, shadow: bool = False) -> Iterator[None]:
    """Have ``import synapse_sdk…`` give the classes of exportkit inside the ``with`` block.

    Afterwards the name is as it was before. A block inside another changes nothing. Where synapse-sdk itself is
    installed this raises :class:`~exportkit.errors.UsageError` instead of hiding it; ``shadow`` hides it for the
    block on purpose.
    """
    if any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        yield
        return
    if not shadow:
        _refuse_installed()
    hidden = _taken_out()
    finder = _AliasFinder()
    sys.meta_path.insert(0, finder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _taken_out()
        sys.modules.update(hidden)


class _AliasFinder(MetaPathFinder):
    """Answers for ``synapse_sdk`` and everything below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not _is_ours(fullname):
            return None
        home = HOME + fullname.removeprefix(ALIAS)
        if not _exists(home):
            raise ModuleNotFoundError(
                f"exportkit has no counterpart of the module '{fullname}' of synapse-sdk.", name=fullname
            )
        return importlib.machinery.ModuleSpec(fullname, _AliasLoader(home))


class _AliasLoader(Loader):
    """Puts the module of another name in place, unchanged."""

    def __init__(self, home: str) -> None:
        self._home = home

    def exec_module(self, module: ModuleType) -> None:
        # The import system hands out what stands under the name after this call.
        sys.modules[module.__name__] = importlib.import_module(self._home)


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # what stands above it is no package
        return False


def _refuse_installed() -> None:
    installed = sys.modules.get(ALIAS)
    spec = installed.__spec__ if installed is not None else importlib.util.find_spec(ALIAS)
    if installed is None and spec is None:
        return
    where = getattr(spec, "origin", None) or "an unknown place"
    raise UsageError(
        f"synapse-sdk is installed at {where}, and exportkit does not hide it: run the plugin in an environment "
        "without synapse-sdk, or say that exportkit's classes are to take its place."
    )


def _taken_out() -> dict[str, ModuleType]:
    """Remove everything below the name from the loaded modules, and return it."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _is_ours(name)}


def _is_ours(name: str) -> bool:
    return name == ALIAS or name.startswith(ALIAS + ".")
