"""Makes ``tests.clients.object_store`` importable, and gives its fixture."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

_NAME = "tests.clients.object_store"


def _load() -> Any:
    if _NAME not in sys.modules:
        spec = spec_from_file_location(_NAME, Path(__file__).with_name("object_store.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[_NAME] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[_NAME]


store = _load().store
