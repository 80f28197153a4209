"""Names the helpers of this folder so that tests find them in a checkout and beside a wheel."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_NAME = "tests.running.plugins"

if _NAME not in sys.modules:
    spec = spec_from_file_location(_NAME, Path(__file__).with_name("plugins.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[_NAME] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[_NAME])
