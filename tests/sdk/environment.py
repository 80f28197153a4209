"""The environment of synapse-sdk."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.made_once import EnvironmentMissing, environment

__all__ = ["EnvironmentMissing", "sdk_python"]

_LIST: Final = Path(__file__).with_name("environment.txt")


def sdk_python() -> Path:
    """The Python that has synapse-sdk.

    Raises EnvironmentMissing where there is no Python 3.12, which it needs, or no package index.
    """
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return environment("synapse-sdk", "3.12", [line for line in lines if line and not line.startswith("#")])
