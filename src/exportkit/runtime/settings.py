"""What a knob is set to, by whom, and why: decided in one place."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from exportkit.errors import SettingRefused
from exportkit.runtime.environment import TRUE_WORDS
from exportkit.runtime.knobs import KILL_SWITCH, KNOBS, Knob, switch

__all__ = ["Setting", "Settings", "Source", "unknown_keys"]


class Source(StrEnum):
    """Where a value comes from; earlier ones win over later ones."""

    FIELD = "field"
    EXTRA_PARAMS = "extra_params"
    CONFIG = "config"
    ENVIRONMENT = "environment"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """The value that acts, with its source; ``place`` is how a person finds it."""

    name: str
    value: Any
    source: Source
    place: str

    @property
    def reason(self) -> str:
        """One clause: what is set to what, and by whom."""
        return f"{self.name} is {self.value!r} by {self.place}"


class Settings:
    """All knobs of one run, read from params, the action's config and the environment.

    A field (or the knob's own name at the top level) wins over ``extra_params``, then the config, the environment,
    the default. None counts as not given.
    """

    def __init__(
        self,
        params: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """``params`` hold ``extra_params`` inside; ``environ`` is the process environment when it is not given."""
        self._params = params or {}
        extra = self._params.get("extra_params")
        self._extra: Mapping[str, Any] = extra if isinstance(extra, Mapping) else {}
        self._config = config or {}
        self._environ = os.environ if environ is None else environ

    def get(self, name: str, default: Any = None) -> Setting:
        """The setting of a knob; ``default`` stands in for the one of the table.

        The kill-switch is on as soon as *any* source switches it on; the highest of those is its source.

        Raises :class:`~exportkit.errors.SettingRefused` for a value that the knob does not take.
        """
        knob = KNOBS[name]
        given = list(self._given(knob))
        if name == KILL_SWITCH:
            given.sort(key=lambda setting: not setting.value)
        if given:
            return given[0]
        return Setting(name, knob.default if default is None else default, Source.DEFAULT, "default")

    def all(self) -> dict[str, Setting]:
        """Every knob; raises at the first value that is refused, so that a run ends before it begins."""
        return {name: self.get(name) for name in KNOBS}

    def _given(self, knob: Knob) -> Iterator[Setting]:
        """What the sources say, highest first."""
        for source, place, value in self._raw(knob):
            if value is None:
                continue
            try:
                yield Setting(knob.name, self._read(knob, source, value), source, place)
            except (ValueError, OverflowError) as error:
                if not knob.lenient:
                    raise SettingRefused(knob.name, place, value, knob.takes) from error

    def _raw(self, knob: Knob) -> Iterator[tuple[Source, str, Any]]:
        if knob.field is not None:
            yield Source.FIELD, f"the parameter '{knob.field}'", self._params.get(knob.field)
        yield Source.FIELD, f"the parameter '{knob.name}'", _value(self._params, knob)
        yield Source.EXTRA_PARAMS, f"'{knob.name}' in extra_params", _value(self._extra, knob)
        yield Source.CONFIG, f"'{knob.name}' in the config of the action", _value(self._config, knob)
        if knob.variable is not None:
            yield Source.ENVIRONMENT, f"the environment variable {knob.variable}", self._environ.get(knob.variable)

    @staticmethod
    def _read(knob: Knob, source: Source, value: Any) -> Any:
        if source is Source.ENVIRONMENT and knob.read is switch:
            return str(value).strip().lower() in TRUE_WORDS
        return knob.read(value)


def unknown_keys(params: Mapping[str, Any], fields: Iterable[str], config: Mapping[str, Any]) -> list[str]:
    """One sentence for each key that nobody reads.

    At the top level that is every key that is neither a field nor a knob. ``extra_params`` and the config belong
    to the plugin, so there only keys that look like a mistyped knob are told.
    """
    known = {*fields, *KNOBS}
    sentences = []
    for key in params:
        if key not in known:
            close = difflib.get_close_matches(str(key), sorted(known), n=1)
            hint = f"; did you mean '{close[0]}'?" if close else "."
            sentences.append(f"The parameter '{key}' is unknown and has no effect{hint}")
    extra = params.get("extra_params")
    inner = (("extra_params", extra if isinstance(extra, Mapping) else {}), ("the config of the action", config))
    for place, keys in inner:
        for key in keys:
            close = difflib.get_close_matches(str(key), KNOBS, n=1, cutoff=0.85)
            if key not in KNOBS and close:
                sentences.append(f"'{key}' in {place} sets nothing here; did you mean '{close[0]}'?")
    return sentences


def _value(layer: Mapping[str, Any], knob: Knob) -> Any:
    """The value of a knob in one layer; ``format: raw_bundle_v1`` is the older spelling of the bundle's format."""
    if knob.name == "bundle_format" and layer.get(knob.name) is None and layer.get("format") == "raw_bundle_v1":
        return layer["format"]
    return layer.get(knob.name)
