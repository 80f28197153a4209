"""Environments of other Pythons: made once, named by what they hold, and shared by all checkouts.

Each is made under another name and renamed when it is whole, never changed afterwards. What nobody has used for two
weeks, ``make test-consumers`` removes.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

__all__ = ["EnvironmentMissing", "environment"]


class EnvironmentMissing(Exception):
    """The environment cannot be had on this machine. The message is one plain sentence."""


def environment(name: str, version: str, wanted: Sequence[str], constraints: Sequence[str] = ()) -> Path:
    """The Python of an environment with the packages `wanted`. The first call on a machine installs it, for minutes.

    Raises EnvironmentMissing where there is no Python of that version, or no package index.
    """
    base = _base_python(name, version)
    mark = zlib.crc32(" ".join([*wanted, *constraints, version, platform.machine()]).encode())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exportkit"
    folder = cache / f"{name}-{mark}"
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache / f"{name}.lock"):
        if not folder.is_dir():
            _make(name, base, folder, wanted, constraints)
    os.utime(folder)
    return folder / "bin" / "python"


def _base_python(name: str, version: str) -> Path:
    """A Python of the version that is needed: on the path, or one that pyenv keeps."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(pyenv.glob(f"{version}*/bin/python{version}"), reverse=True)
    for program in filter(None, (shutil.which(f"python{version}"), *kept)):
        # A shim of pyenv is there for every version, and fails for those that are not chosen.
        if subprocess.run([program, "-c", "import ensurepip, venv"], capture_output=True, check=False).returncode == 0:
            return Path(program)
    message = f"{name} needs Python {version}, which is not here: install python{version}, or let pyenv do it."
    raise EnvironmentMissing(message)


def _make(name: str, base: Path, folder: Path, wanted: Sequence[str], constraints: Sequence[str]) -> None:
    new = folder.with_name(f"{folder.name}.new.{os.getpid()}")
    try:
        subprocess.run([base, "-m", "venv", new], check=True)
        limits = new / "constraints.txt"
        limits.write_text("\n".join(constraints), encoding="utf-8")
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(limits), *wanted]
        done = subprocess.run([new / "bin" / "python", *install], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            message = f"{name} could not be installed: {done.stderr.strip()[-500:]}"
            raise EnvironmentMissing(message)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time make the environment; the others then find it."""
    with lock.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
