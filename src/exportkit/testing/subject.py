"""The writer that a suite is about, found by its class or by what stands after ``--to``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pytest

from exportkit.plugins import PluginManager
from exportkit.testing.datasets import Datasets
from exportkit.testing.sample_records import samples
from exportkit.testing.trial import Trial, plan_of
from exportkit.writing import Writer

__all__ = ["Subject"]


class Subject:
    """A writer's class with its options; trial and conversions are made once, on first use."""

    def __init__(self, writer: type[Writer] | str, options: Mapping[str, Any]) -> None:
        """``writer`` is a class or ``NAME[@DISTRIBUTION][:key=value,…]``; ``options`` go over those of the text."""
        self.plugins = PluginManager.load()
        self._given = dict(options)
        if isinstance(writer, str):
            spec, _, words = writer.partition(":")
            self.writer = self.plugins.writer(spec).cls
            self._given = dict(word.split("=", 1) for word in words.split(",") if word) | self._given
        else:
            self.writer = writer

    @cached_property
    def trial(self) -> Trial:
        """The writer on trial over all sample records."""
        return Trial(self.writer, self.writer.options_model.model_validate(self._given), plan_of(samples()))

    @property
    def has_default_options(self) -> bool:
        """Whether the writer works as a plain ``--to NAME`` makes it."""
        return self.trial.options == self.writer.options_model()

    def datasets(self, folders: pytest.TempPathFactory) -> Datasets:
        """Conversions of the sample bundle, in a folder of their own."""
        if self._datasets is None:
            self._datasets = Datasets(self.trial, folders.mktemp("contract"), self.plugins)
        return self._datasets

    _datasets: Datasets | None = None
