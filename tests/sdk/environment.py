"""The environment of synapse-sdk: made once, named by what it asks for, and shared by all checkouts.

It is made under another name and renamed when it is whole, never changed afterwards. What nobody has used for two
weeks, ``make test-consumers`` removes.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["EnvironmentMissing", "sdk_python"]

_LIST: Final = Path(__file__).with_name("environment.txt")
_VERSION: Final = "3.12"


class EnvironmentMissing(Exception):
    """The environment cannot be had on this machine. The message is one plain sentence."""


def sdk_python() -> Path:
    """The Python that has synapse-sdk. The first call on a machine installs it, which takes minutes.

    Raises EnvironmentMissing where there is no Python 3.12, or no package index.
    """
    base = _base_python()
    wanted = [line for line in _LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    mark = zlib.crc32(" ".join([*wanted, _VERSION, platform.machine()]).encode())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exportkit"
    folder = cache / f"sdk-{mark}"
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / "sdk.lock"):
        if not folder.is_dir():
            _make(base, folder)
    os.utime(folder)
    return folder / "bin" / "python"


def _base_python() -> Path:
    """A Python of the version that the package needs: on the path, or one that pyenv keeps."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{_VERSION}*/bin/python{_VERSION}"), reverse=True)
    for name in (shutil.which(f"python{_VERSION}"), *kept):
        # A shim of pyenv is there for every version, and fails for those that are not chosen.
        if (
            name
            and subprocess.run([name, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0
        ):
            return Path(name)
    message = f"synapse-sdk needs Python {_VERSION}, which is not here: install python{_VERSION}, or let pyenv do it."
    raise EnvironmentMissing(message)


def _make(base: Path, folder: Path) -> None:
    new = folder.with_name(f"{folder.name}.new.{os.getpid()}")
    try:
        subprocess.run([base, "-m", "venv", new], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(_LIST)]
        done = subprocess.run([new / "bin" / "python", *install], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EnvironmentMissing(f"synapse-sdk could not be installed: {done.stderr.strip()[-500:]}")
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time make the environment; the others then find it."""
    with lock.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
