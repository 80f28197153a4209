"""Real conversions of the sample bundle by a writer on trial, each made once and kept for all tests of a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exportkit.conversion import ConversionRequest, ConversionResult, OutputRequest, convert
from exportkit.errors import ExportkitError
from exportkit.plugins import PluginManager
from exportkit.plugins.registry import WriterEntry
from exportkit.testing.sample_bundle import Storage, make_bundle
from exportkit.testing.trial import Trial
from exportkit.writing import Writer

__all__ = ["Datasets"]


class Datasets:
    """Conversions by storage of the bundle, number of workers and media mode."""

    def __init__(self, trial: Trial, folder: Path, plugins: PluginManager) -> None:
        self.folder = folder
        self.plugins = plugins
        entry = _installed(trial.writer, plugins)
        owner, version = (entry.distribution, entry.version) if entry else (_module(trial.writer), "")
        #: Whether a checker of the writer's own format judges what it writes.
        self.has_checker = entry is not None and plugins.checker_of(entry) is not None
        self._output = OutputRequest(trial.writer, trial.options, owner, version, trial.writer.name)
        self._made: dict[tuple[Any, ...], ConversionResult | str] = {}

    def made(
        self, storage: Storage = "ascending", *, workers: int = 1, media: Any = "copy", again: int = 0
    ) -> ConversionResult | str:
        """The result of this conversion, or the sentence in which it ended. ``again`` counts repetitions."""
        key = (storage, workers, media, again)
        if key not in self._made:
            self._made[key] = self._converted(storage, workers, media, self.folder / "-".join(map(str, key)))
        return self._made[key]

    def _converted(self, storage: Storage, workers: int, media: Any, directory: Path) -> ConversionResult | str:
        bundle = self.folder / f"bundle-{storage}"
        if not bundle.exists():
            make_bundle(bundle, storage)
        request = ConversionRequest(
            bundle=bundle, outputs=(self._output,), directory=directory, media=media, workers=workers, loss_list="all"
        )
        try:
            return convert(request, self.plugins)
        except ExportkitError as error:
            return f"the conversion of the sample bundle ended with {type(error).__name__}: {error}"


def _installed(writer: type[Writer], plugins: PluginManager) -> WriterEntry | None:
    """The entry of the plugin that registers this very class; None for a class that is not installed."""
    return next((entry for entry in plugins.writers().get(writer.name, ()) if entry.cls is writer), None)


def _module(writer: type[Writer]) -> str:
    return writer.__module__.partition(".")[0]
