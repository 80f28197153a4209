"""exportkit as a wheel for another Python, with the packages that the lock file names."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.conftest import CHECKOUT
from tests.made_once import environment

__all__ = ["Installed", "newest_python"]

_LOCKED = re.compile(r"[a-z0-9].*?(?= *\\?$)")


class Installed(NamedTuple):
    """How to start exportkit there."""

    python: Path
    variables: Mapping[str, str]


def newest_python(folder: Path, native: str) -> Installed:
    """The wheel of this checkout, built with EXPORTKIT_NATIVE=`native` and laid below `folder`, for Python 3.13.

    Raises PythonMissing where that Python is not to be had, EnvironmentMissing where its packages are not.
    """
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"], "build"]
    lines = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    locked = [found[0] for line in lines if (found := _LOCKED.match(line))]
    python = environment("newest-python", "3.13", wanted, locked)
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    built, site = folder / "wheel", folder / "site"
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(built), str(CHECKOUT)]
    _run(python, *build, variables=variables | {"EXPORTKIT_NATIVE": native})
    (wheel,) = built.iterdir()
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    _run(python, *install, "--target", str(site), str(wheel), variables=variables)
    return Installed(python, variables | {"PYTHONPATH": str(site), "EXPORTKIT_NATIVE": native})


def _run(python: Path, *words: str, variables: Mapping[str, str]) -> None:
    done = subprocess.run([python, *words], env=variables, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
