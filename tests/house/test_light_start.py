"""Starting is cheap: nothing heavy is imported before something needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "PIL",
    "fastapi",
    "httpx",
    "httpx2",
    "jinja2",
    "lxml",
    "numpy",
    "obstore",
    "pandas",
    "psycopg",
    "pyarrow",
    "pycocotools",
    "ray",
    "shapely",
    "sqlalchemy",
    "uvicorn",
    "zstandard",
)
REPORT = f"import sys; print(','.join(sorted(set(sys.modules) & set({HEAVY!r}))))"


def loaded_after(code: str) -> str:
    """Names of the heavy modules that a fresh interpreter holds after running ``code``."""
    done = subprocess.run([sys.executable, "-c", f"{code}\n{REPORT}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_the_measure_itself_sees_a_heavy_import() -> None:
    assert "numpy" in loaded_after("import numpy")


@pytest.mark.parametrize(
    "module",
    [
        "exportkit",
        "exportkit.records",
        "exportkit.writing",
        "exportkit.writing.codes",
        "exportkit.plugins.hookspecs",
        "exportkit.clients",
        "exportkit.actions",
        "exportkit_coco.plugin",
        "exportkit_csv.plugin",
        "exportkit_voc.plugin",
        "exportkit_yolo.plugin",
    ],
)
def test_importing_a_module_loads_nothing_heavy(module: str) -> None:
    assert loaded_after(f"import {module}") == ""


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = ['exportkit', '--help']\n"
        "try:\n    runpy.run_module('exportkit', run_name='__main__')\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
    )
    assert loaded_after(code) == ""


def test_the_installed_command_greets_with_its_help() -> None:
    code = (
        "from importlib.metadata import entry_points\n"
        "import sys\n"
        "sys.argv = ['exportkit', '--help']\n"
        "(script,) = entry_points(group='console_scripts', name='exportkit')\n"
        "try:\n    script.load()()\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
    )
    assert loaded_after(code) == ""
