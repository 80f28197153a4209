"""Makes ``tests.actions.workshop`` importable: tests are run without the checkout on the path."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_NAME = "tests.actions.workshop"


def _load() -> None:
    if _NAME not in sys.modules:
        spec = spec_from_file_location(_NAME, Path(__file__).with_name("workshop.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[_NAME] = module = module_from_spec(spec)
        spec.loader.exec_module(module)


_load()
