"""What an export needs of its items, as plugins are asked (house, hooks)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from exportkit.actions.needs import acquisition_needs

CODE = """
import exportkit

asked = []


@exportkit.hookimpl
def exportkit_plan_acquisition(request):
    asked.append(request)
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What an installed plugin is asked."""
    (tmp_path / "asking.py").write_text(CODE, encoding="utf-8")
    information = tmp_path / "asking-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: asking\nVersion: 1.0\n", encoding="utf-8")
    (information / "entry_points.txt").write_text("[exportkit]\nasking = asking\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "asking", raising=False)
    found: list[Any] = importlib.import_module("asking").asked
    return found


def test_a_param_without_a_value_leaves_the_formats_to_the_config(asked: list[Any]) -> None:
    params = {"target": "task", "formats": None, "extra_params": None}
    acquisition_needs(SimpleNamespace(params=params, config={"formats": ["coco"]}))
    assert [request.formats for request in asked] == [("coco",)]
