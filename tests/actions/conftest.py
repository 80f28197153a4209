"""Makes modules of tests importable by name, and gives an object store: tests run without the checkout on the path."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).parents[1]


def _load(name: str) -> Any:
    full = f"tests.{name}"
    if full not in sys.modules:
        spec = spec_from_file_location(full, _TESTS.joinpath(*name.split(".")).with_suffix(".py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[full] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full]


_load("actions.workshop")
store = _load("clients.object_store").store
