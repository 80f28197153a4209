"""Plugin folders for tests, made as a plugin author makes them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

PARAMS: dict[str, Any] = {
    "name": "try",
    "path": "here",
    "storage": 1,
    "target": "task",
    "filter": {"project": 1},
}


class Ran(NamedTuple):
    """One run of the program in a process of its own."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        (line,) = self.out.splitlines()
        return json.loads(line)


def exportkit(*words: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ran:
    """Run the installed program; a traceback is a defect wherever it shows."""
    done = subprocess.run(
        [sys.executable, "-m", "exportkit", *map(str, words)],
        cwd=cwd,
        env=dict(env) if env is not None else None,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def plugin(folder: Path, code: str, entry_point: str = "plugin.export:Made", **config: Any) -> Path:
    """A folder with ``config.yaml`` and ``plugin/export.py``, without any ``__init__.py``."""
    (folder / "plugin").mkdir(parents=True)
    (folder / "plugin" / "export.py").write_text(code, encoding="utf-8")
    action = {"entrypoint": entry_point, **config}
    text = json.dumps(
        {"name": "p", "code": "p", "version": "1.0.0", "category": "export", "actions": {"export": action}}
    )
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder


def params(**more: Any) -> str:
    return json.dumps(PARAMS | more)
