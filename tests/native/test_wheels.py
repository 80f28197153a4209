"""A wheel holds the packages as they are, and the compiled core where it could be built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
LEFT_OUT = (".git", ".venv", ".cache", "dist", "*.so", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache")

pytestmark = [pytest.mark.wheel, pytest.mark.pip]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, with what an earlier build of the core has left behind."""
    if not (CHECKOUT / "pyproject.toml").is_file():
        pytest.skip("the sources are not at hand")
    folder = tmp_path_factory.mktemp("sources") / "exportkit"
    shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (folder / "src/exportkit/native/_core.stale.so").write_bytes(b"stale")
    return folder


def built(sources: Path, target: Path, **environment: str) -> tuple[Path, list[str], str]:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(sources)]
    variables = {key: value for key, value in os.environ.items() if key != "EXPORTKIT_NATIVE"} | environment
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=variables)
    assert run.returncode == 0, run.stderr
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return wheel, archive.namelist(), run.stdout + run.stderr


def native(names: list[str]) -> set[str]:
    return {name.rpartition("/")[2] for name in names if name.startswith("exportkit/native/")}


def test_a_wheel_holds_every_file_of_the_packages_as_it_stands_in_the_sources(sources: Path, tmp_path: Path) -> None:
    wheel, _, _ = built(sources, tmp_path, EXPORTKIT_NATIVE="0")

    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {
        path.relative_to(root).as_posix(): path.read_bytes()
        for root in (sources / "src", sources / "formats")
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in {".so", ".c", ".h", ".pyc"} and path.name != "build_hook.py"
    }


@pytest.mark.skipif(shutil.which("cc") is None and shutil.which("gcc") is None, reason="there is no C compiler")
def test_with_a_compiler_the_wheel_holds_the_core_and_none_of_its_sources(sources: Path, tmp_path: Path) -> None:
    wheel, names, _ = built(sources, tmp_path, EXPORTKIT_NATIVE="require")

    libraries = {name for name in native(names) if name.endswith(".so")}
    assert len(libraries) == 1
    assert native(names) - libraries == {"__init__.py", "_core.pyi"}
    assert not wheel.name.endswith("-py3-none-any.whl")


@pytest.mark.parametrize("environment", [{"EXPORTKIT_NATIVE": "0"}, {"CC": "/nowhere/cc", "PATH": "/nowhere"}])
def test_without_one_the_wheel_is_pure(sources: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    wheel, names, output = built(sources, tmp_path, **environment)

    assert native(names) == {"__init__.py", "_core.pyi"}
    assert wheel.name.endswith("-py3-none-any.whl")
    assert ("without its compiled core" in output) == ("CC" in environment)


def test_a_core_that_is_required_and_cannot_be_built_ends_the_build(sources: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(sources)]
    variables = {**os.environ, "EXPORTKIT_NATIVE": "require", "CC": "/nowhere/cc", "PATH": "/nowhere"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=variables)

    assert run.returncode != 0
    assert not list(tmp_path.iterdir())
