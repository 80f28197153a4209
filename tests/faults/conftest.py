"""Gives every test a workbench (tests/conversion/workbench.py) in its own folder, and servers that misbehave."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest


def _load(room: str, stem: str) -> Any:
    """A module of another room's tests, once for all: importing by name needs the checkout on the path."""
    name = f"tests.{room}.{stem}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, Path(__file__).parents[1] / room / f"{stem}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


_workbench = _load("conversion", "workbench")
store = _load("clients", "object_store").store
_loopback = _load("clients", "loopback")
_load("clients", "tables")
backend, clients, waits = _loopback.backend, _loopback.clients, _loopback.waits


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    """A workbench in a folder of its own."""
    return _workbench.Workbench(tmp_path)
