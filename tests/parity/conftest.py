"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder, and real servers."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from tests.services import postgres_url, s3

__all__ = ["bench", "postgres_url", "s3"]

_NAME = "tests.conversion.workbench"
_PATH = Path(__file__).parents[1] / "conversion" / "workbench.py"


def _load() -> Any:
    """The module, once for all folders: importing by name needs the checkout on the path."""
    if _NAME not in sys.modules:
        spec = spec_from_file_location(_NAME, _PATH)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[_NAME] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_NAME])
    return sys.modules[_NAME]


_load()


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    """A workbench in a folder of its own."""
    return _load().Workbench(tmp_path)
