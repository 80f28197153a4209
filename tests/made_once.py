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
from typing import Final

__all__ = ["EnvironmentMissing", "PythonMissing", "environment"]

#: Less than a test may take. An index that is slower than that is taken for absent.
_INSTALL_SECONDS: Final = 480.0


class EnvironmentMissing(Exception):
    """The environment cannot be had on this machine. The message is one plain sentence."""


class PythonMissing(EnvironmentMissing):
    """There is no Python of the version that is asked for."""


def environment(name: str, version: str, wanted: Sequence[str], constraints: Sequence[str] = ()) -> Path:
    """The Python of an environment with the packages `wanted`. The first call on a machine installs it, for minutes.

    Raises PythonMissing where there is no Python of that version, EnvironmentMissing where there is no package index.
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
    found = shutil.which(f"python{version}")
    for program in [*([Path(found)] if found else []), *kept]:
        # A shim of pyenv is there for every version, and fails for those that are not chosen.
        # Isolated, here and below: PYTHONPATH may hold the modules of the Python that runs the tests.
        tried = subprocess.run([program, "-I", "-c", "import ensurepip, venv"], capture_output=True, check=False)
        if tried.returncode == 0:
            return program
    message = f"{name} needs Python {version}, which is not here: install python{version}, or let pyenv do it."
    raise PythonMissing(message)


def _make(name: str, base: Path, folder: Path, wanted: Sequence[str], constraints: Sequence[str]) -> None:
    new = folder.with_name(f"{folder.name}.new.{os.getpid()}")
    try:
        subprocess.run([base, "-I", "-m", "venv", new], check=True)
        limits = new / "constraints.txt"
        limits.write_text("\n".join(constraints), encoding="utf-8")
        install = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-c", str(limits), *wanted]
        done = subprocess.run(
            [new / "bin" / "python", *install], capture_output=True, text=True, check=False, timeout=_INSTALL_SECONDS
        )
        if done.returncode != 0:
            message = f"{name} could not be installed: {done.stderr.strip()[-500:]}"
            raise EnvironmentMissing(message)
        new.rename(folder)
    except subprocess.TimeoutExpired:
        message = f"{name} could not be installed: the package index took more than {_INSTALL_SECONDS:.0f} seconds."
        raise EnvironmentMissing(message) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time make the environment; the others then find it."""
    with lock.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
