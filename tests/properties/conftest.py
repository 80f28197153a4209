"""Makes the modules of this folder importable by name, in the order in which they need each other."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_HERE = Path(__file__).parent
_MODULES = {
    "tests.conversion.workbench": _HERE.parent / "conversion" / "workbench.py",
    **{
        f"tests.properties.{name}": _HERE / f"{name}.py"
        for name in (
            "drawn", "things", "scenes", "formats_here", "trial",
            "found", "coco_oracle", "csv_oracle", "voc_oracle", "yolo_oracle", "promises",
        )
    },
}  # fmt: skip


def _load() -> None:
    for name, path in _MODULES.items():
        if name in sys.modules or not path.exists():
            continue
        spec = spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


_load()
