"""The class that an action's entry point names, loaded from the plugin's folder for the length of one run."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from exportkit.errors import UsageError
from exportkit.storage.refusals import shown

__all__ = ["load_entry_point", "plugin_on_path"]


@contextmanager
def plugin_on_path(folder: Path) -> Iterator[None]:
    """Have a plugin's folder first on the import path; afterwards its modules are forgotten again."""
    root = str(folder.resolve())
    before = dict(sys.modules)
    hidden = {name: sys.modules.pop(name) for name in _shadowing(folder)}
    sys.path.insert(0, root)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if root in sys.path:  # a plugin may have tidied up
            sys.path.remove(root)
        for name, module in list(sys.modules.items()):
            if name not in before and _lies_in(module, root):
                del sys.modules[name]
        sys.modules.update(hidden)


def _shadowing(folder: Path) -> list[str]:
    """Modules of another plugin that have the names of this one's."""
    own = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    root = str(folder.resolve())
    return [
        name
        for name, module in sys.modules.items()
        if name.partition(".")[0] in own and not _lies_in(module, root) and _is_plain(module)
    ]


def _is_plain(module: ModuleType) -> bool:
    """Whether a module is a namespace package or a script, not something installed that a plugin may not replace."""
    paths = list(getattr(module, "__path__", ())) or [getattr(module, "__file__", None) or ""]
    return not any("site-packages" in path or path.startswith(sys.base_prefix) or not path for path in paths)


def _lies_in(module: ModuleType, root: str) -> bool:
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
    return any(place == root or place.startswith(root + "/") for place in places)


def load_entry_point(entry_point: str, where: str) -> type[Any]:
    """The class named ``pkg.mod:Class`` or ``pkg.mod.Class``. Raises UsageError with the reason."""
    module_name, separator, name = entry_point.rpartition(":" if ":" in entry_point else ".")
    if not separator or not all(part.isidentifier() for part in (*module_name.split("."), name)):
        raise UsageError(f"{where}: {entry_point[:120]!r} is no entry point; write pkg.mod:Class or pkg.mod.Class.")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{where}: {module_name} cannot be imported: {_reason(error)}.") from error
    found = getattr(module, name, None)
    if not isinstance(found, type):
        raise UsageError(f"{where}: {module_name} has no class {name!r}.")
    return found


def _reason(error: BaseException) -> str:
    """The exception, and the line that raised it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
    at = f" ({shown(frames[-1].filename)}, line {frames[-1].lineno})" if len(frames) > 1 else ""
    if isinstance(error, SyntaxError) and error.filename:
        return f"SyntaxError: {error.msg} ({shown(error.filename)}, line {error.lineno})"
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 - the border of a plugin
        words = "it has no words for it"
    return f"{type(error).__name__}: {words}{at}"
