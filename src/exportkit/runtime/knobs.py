"""The knobs of an export: names, defaults and what each takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exportkit.runtime.environment import TRUE_WORDS

__all__ = ["FALSE_WORDS", "KILL_SWITCH", "KNOBS", "Knob", "switch"]

#: Words that mean no in params and config, compared without case and outer blanks.
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})
KILL_SWITCH = "export_disable_async_delegate"


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting that may stand at the top level of the params, in ``extra_params`` or in the action's config."""

    name: str
    #: None: the one who asks brings a default of its own.
    default: Any
    #: Turns a given value into the one that acts; raises ``ValueError`` for what is none.
    read: Callable[[object], Any]
    #: End of the sentence ``it has to be …``.
    takes: str
    #: Field of ``ExportParams`` that sets the same.
    field: str | None = None
    #: Environment variable that sets the same.
    variable: str | None = None
    #: A value that cannot be read is passed over instead of refused.
    lenient: bool = False


def switch(value: object) -> bool:
    """Truth of a value in params or config; raises ``ValueError`` for a word that is neither yes nor no."""
    if isinstance(value, str):
        word = value.strip().lower()
        if word in TRUE_WORDS:
            return True
        if word in FALSE_WORDS:
            return False
    elif isinstance(value, int):
        return bool(value)
    raise ValueError(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(value)  # noqa: TRY004 - one kind of refusal for all values
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _whole(least: int, most: float = math.inf) -> Callable[[object], int]:
    def read(value: object) -> int:
        number = _number(value)
        if number != int(number) or not least <= number <= most:
            raise ValueError(value)
        return int(number)

    return read


def _seconds(value: object) -> float:
    number = _number(value)
    if number < 0:
        raise ValueError(value)
    return number


def _some_seconds(value: object) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError(value)
    return number


def _ceiling(value: object) -> float | None:
    number = _number(value)
    return number if number > 0 else None


def _style(value: object) -> str:
    if value not in {"auto", "bulk", "stream"}:
        raise ValueError(value)
    return str(value)


def _bundle_format(value: object) -> str:
    if value != "raw_bundle_v1":
        raise ValueError(value)
    return "raw_bundle_v1"


_SWITCH = "true or false"
_POSITIVE = "a whole number from 1"
_SECONDS = "a number of seconds from 0"
_SOME_SECONDS = "a number of seconds above 0"

_ALL = (
    Knob("export_shard_size", 10_000, _whole(1), _POSITIVE),
    Knob("export_shard_max_parallel", 3, _whole(1), _POSITIVE),
    Knob("export_disable_sharding", False, switch, _SWITCH),
    Knob("export_progress_flush_interval", 25, _whole(1), _POSITIVE),
    Knob("export_progress_flush_min_seconds", 0.5, _seconds, _SECONDS),
    Knob("export_delegate_poll_activity_based", True, switch, _SWITCH),
    Knob("export_delegate_poll_inactivity_deadline_seconds", 1800.0, _some_seconds, _SOME_SECONDS),
    Knob("export_delegate_poll_wall_clock_ceiling_seconds", None, _ceiling, "a number of seconds, 0 for none"),
    Knob(
        "export_page_size",
        None,
        _whole(1, 1000),
        "a whole number from 1 to 1000",
        variable="SYNAPSE_EXPORT_PAGE_SIZE",
    ),
    Knob("export_throttle_seconds", None, _seconds, _SECONDS, variable="SYNAPSE_EXPORT_THROTTLE_SECONDS"),
    Knob("export_page_retries", None, _whole(0), "a whole number from 0", variable="SYNAPSE_EXPORT_PAGE_RETRIES"),
    Knob("export_page_retry_backoff", None, _seconds, _SECONDS, variable="SYNAPSE_EXPORT_PAGE_RETRY_BACKOFF"),
    Knob("export_read_timeout", None, _some_seconds, _SOME_SECONDS, variable="SYNAPSE_EXPORT_READ_TIMEOUT"),
    Knob("export_acquisition", "auto", _style, "'auto', 'bulk' or 'stream'"),
    Knob("download_workers", None, _whole(1, 64), "a whole number from 1 to 64"),
    Knob(
        "export_async_job_size_threshold",
        1000,
        _whole(0),
        "a whole number; it has no effect",
        field="async_job_size_threshold",
        variable="SYNAPSE_EXPORT_ASYNC_JOB_SIZE_THRESHOLD",
        lenient=True,
    ),
    Knob(
        KILL_SWITCH,
        False,
        switch,
        _SWITCH,
        field="disable_async_delegate",
        variable="SYNAPSE_EXPORT_DISABLE_ASYNC_DELEGATE",
    ),
    Knob("bundle_format", "raw_bundle_v1", _bundle_format, "'raw_bundle_v1'"),
    Knob("allow_partial_results", False, switch, _SWITCH),
    Knob("data_expand", True, switch, _SWITCH),
)
KNOBS = {knob.name: knob for knob in _ALL}
