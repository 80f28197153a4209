"""The engines of this machine keep what engines promise."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from tests.engines.contract import EngineContract

from exportkit.engines import Engine, InProcessEngine, ProcessPoolEngine


class TestInProcess(EngineContract):
    @pytest.fixture
    def opened(self) -> Callable[[], AbstractContextManager[Engine]]:
        return InProcessEngine


class TestProcessPool(EngineContract):
    @pytest.fixture
    def opened(self) -> Callable[[], AbstractContextManager[Engine]]:
        return lambda: ProcessPoolEngine(2)
