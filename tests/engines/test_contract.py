"""The engines of this machine keep what engines promise."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from tests.conftest import CHECKOUT
from tests.engines.contract import EngineContract

from exportkit.engines import Engine, InProcessEngine, ProcessPoolEngine


class TestInProcess(EngineContract):
    @pytest.fixture
    def opened(self) -> Callable[[], AbstractContextManager[Engine]]:
        return InProcessEngine


class TestProcessPool(EngineContract):
    @pytest.fixture
    def opened(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[Engine]]:
        # Fresh interpreters import the jobs of these tests by name.
        monkeypatch.syspath_prepend(CHECKOUT)
        return lambda: ProcessPoolEngine(2)
