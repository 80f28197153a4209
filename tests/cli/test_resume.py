"""A failed run says how to go on only where there is something to go on with (reliability, section 4)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.running.plugins import exportkit, plugin

FAILING = """
from typing import Any

from pydantic import BaseModel

from exportkit.actions import BaseExportAction


class Params(BaseModel):
    pass


class Made(BaseExportAction[Params]):
    def execute(self) -> Any:
        raise RuntimeError("no luck")
"""
BACKEND = {"SYNAPSE_HOST": "http://127.0.0.1:1", "SYNAPSE_ACCESS_TOKEN": "token"}


@pytest.mark.parametrize(("backend", "offered"), [({}, False), (BACKEND, True)])
def test_a_failed_action_is_gone_on_with_only_if_it_had_a_backend(
    tmp_path: Path, backend: dict[str, str], offered: bool
) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SYNAPSE_")}
    environment = {**own, "HOME": str(tmp_path), **backend}
    ran = exportkit("run", "export", "--plugin", plugin(tmp_path / "p", FAILING), cwd=tmp_path, env=environment)
    assert (ran.code, "no luck" in ran.err) == (8, True), ran.err
    assert ("To go on, run: exportkit run export" in ran.err) == offered
