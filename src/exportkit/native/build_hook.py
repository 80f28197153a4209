"""Compiles the core when exportkit is built, where a C compiler is at hand; run by hatchling, no part of the package.

``EXPORTKIT_NATIVE=0`` leaves the core out, ``EXPORTKIT_NATIVE=require`` makes a failure end the build.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER = Path("src", "exportkit", "native")
_MODULE = "exportkit.native._core"
#: Products and sums are rounded one by one, as Python rounds them, also where a processor could do both at once.
_FLAGS = ["-O3", "-g0", "-ffp-contract=off"]
_OFF = frozenset({"0", "false", "no", "off"})


class NativeBuildHook(BuildHookInterface[Any]):
    """Adds the compiled core to a wheel, or puts it beside its sources for an editable installation."""

    PLUGIN_NAME = "custom"
    #: Where the compiler works.
    _folder = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before the wheel is put together."""
        wish = os.environ.get("EXPORTKIT_NATIVE", "").strip().lower()
        if wish in _OFF:
            return
        root = Path(self.root)
        self._folder = tempfile.mkdtemp(prefix="exportkit-native-")
        try:
            built = _compiled(root, Path(self._folder))
        except Exception as error:  # a compiler can fail in any way, and everything works without it
            if wish == "require":
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            print(f"exportkit: built without its compiled core, which makes it slower ({reason}).", file=sys.stderr)  # noqa: T201
            return
        if version == "editable":
            shutil.move(built, root / _FOLDER / built.name)
            return
        build_data["force_include"][str(built)] = f"exportkit/native/{built.name}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling after the wheel is put together."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def _compiled(root: Path, folder: Path) -> Path:
    """The extension, built below ``folder``. Raises whatever the compiler's driver raises."""
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    sources = sorted(str(path.relative_to(root)) for path in (root / _FOLDER).glob("*.c"))
    extension = Extension(_MODULE, sources, include_dirs=[str(_FOLDER)], extra_compile_args=_FLAGS)
    command = build_ext(Distribution({"ext_modules": [extension]}))
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    before = Path.cwd()
    os.chdir(root)
    try:
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
    return Path(command.get_ext_fullpath(_MODULE))
