"""Makes the servers beside this file importable as ``tests.clients.…``, and gives their fixtures."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any


def _load(stem: str, room: str = "clients") -> Any:
    name = f"tests.{room}.{stem}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, Path(__file__).parents[1] / room / f"{stem}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


store = _load("object_store").store
backend = _load("loopback").backend
clients = _load("loopback").clients
waits = _load("loopback").waits
_load("tables")
_load("served", "server")
