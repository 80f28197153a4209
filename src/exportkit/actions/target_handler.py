"""How the rows of one target are asked for, judged and handed to a plugin."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from exportkit.actions.export_item import ExportItems
from exportkit.clients import CountedRows, Row

__all__ = ["EXPORT_LIST_RETRY_ON_STATUS", "ExportTargetHandler", "accepted_keywords", "pair_of"]

#: Answers after which a page of an export is asked for again.
EXPORT_LIST_RETRY_ON_STATUS: Final = (500, 502, 503, 504)

#: Attribute, key of the configuration, type, least value.
_NUMBERS: Final[tuple[tuple[str, str, type[int | float], float], ...]] = (
    ("EXPORT_PAGE_SIZE", "export_page_size", int, 1),
    ("EXPORT_THROTTLE_SECONDS", "export_throttle_seconds", float, 0),
    ("EXPORT_PAGE_RETRIES", "export_page_retries", int, 0),
    ("EXPORT_PAGE_RETRY_BACKOFF", "export_page_retry_backoff", float, 0),
    ("EXPORT_READ_TIMEOUT", "export_read_timeout", float, 0),
)


class ExportTargetHandler(ABC):
    """Base of all handlers. A handler of one's own needs :meth:`get_results` and may change the rest.

    Numbers rise in this order: class attribute, environment ``SYNAPSE_<ATTRIBUTE>``, configuration. The methods may
    have fewer parameters than here: only those that a handler names are passed.
    """

    EXPORT_PAGE_SIZE: int = 100
    EXPORT_THROTTLE_SECONDS: float = 0.1
    EXPORT_PAGE_RETRIES: int = 3
    EXPORT_PAGE_RETRY_BACKOFF: float = 2
    EXPORT_READ_TIMEOUT: float = 30
    EXPORT_CONNECT_TIMEOUT: float = 5
    EXPORT_RESPONSE_MODE: ClassVar[str | None] = None
    EXPORT_PAGINATION: ClassVar[str | None] = None
    EXPORT_CURSOR_ORDERING: ClassVar[str | None] = None
    RESUME_ORDERING: ClassVar[str | None] = None
    REFRESH_LIST_METHOD: ClassVar[str | None] = None
    MAX_EXPORT_PAGE_SIZE: ClassVar[int] = 1000
    MAX_FILTER_QUERY_BYTES: ClassVar[int] = 10_000

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        """Raises ValueError for a number that cannot be used, with the name of its source."""
        self.config = dict(config or {})
        for attribute, key, kind, least in _NUMBERS:
            source, value = f"SYNAPSE_{attribute}", os.environ.get(f"SYNAPSE_{attribute}")
            if self.config.get(key) is not None:
                source, value = key, self.config[key]
            if value is not None:
                setattr(self, attribute, _number(source, value, kind, least))
        self._require_page_size("export_page_size", self.EXPORT_PAGE_SIZE)

    @abstractmethod
    def get_results(
        self,
        client: Any,
        filters: dict[str, Any],
        *,
        ctx: Any = None,
        page_failures: list[dict[str, Any]] | None = None,
        save_original_file: bool = False,
    ) -> tuple[Iterable[Row], int]:
        """Rows and how many there are. Called once a run."""

    def validate_filter(self, value: dict[str, Any], client: Any) -> dict[str, Any]:
        """The filter to use. Raises ValueError, in words for the user, for one that cannot be used."""
        return value

    def get_export_item(self, results: Any) -> Iterable[dict[str, Any]]:
        """Rows as ``{data, files, id, files_all}``, lazily."""
        return ExportItems(results, lambda data, _row: data)

    def resume_cursor(self, last_item: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Filter keys that go on behind an item, or None where a list cannot be taken up again."""
        return None

    def reject_unsupported_filters(  # noqa: B027 - nothing to refuse is a fair answer
        self, filters: Mapping[str, Any]
    ) -> None:
        """Raise ValueError for keys that the target does not know. A handler of one's own knows every key."""

    def reject_oversized_filter(self, filters: Mapping[str, Any]) -> None:
        """Raise ValueError for a filter that no server would take in a query."""
        size = len(urlencode({str(key): value for key, value in filters.items()}, doseq=True))
        if size > self.MAX_FILTER_QUERY_BYTES:
            raise ValueError(
                f"The filter has {size} bytes as a query and {self.MAX_FILTER_QUERY_BYTES} are possible; "
                "ask for less at once, for example in ranges of ids."
            )

    def _require_page_size(self, source: str, value: int) -> None:
        if not 1 <= value <= self.MAX_EXPORT_PAGE_SIZE:
            raise ValueError(f"{source} must be from 1 to {self.MAX_EXPORT_PAGE_SIZE}, not {value}.")


def accepted_keywords(function: Callable[..., Any], offered: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the offered keywords that a function names; all of them where it takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return dict(offered)
    named = {
        parameter.name
        for parameter in parameters
        if parameter.kind in {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    }
    return {key: value for key, value in offered.items() if key in named}


def pair_of(answer: Any, method: str) -> tuple[Iterable[Any], int | None]:
    """(rows, total) of what a plugin returned; a total that is no count is None, which is "not known".

    Takes apart a :class:`CountedRows` that stands alone or in place of the rows. Raises TypeError for anything else
    than a pair.
    """
    if not isinstance(answer, tuple) or tuple.__len__(answer) != 2:
        raise TypeError(f"{method} must return (results, total_count), not {type(answer).__name__}.")
    rows, total = answer
    if isinstance(rows, CountedRows):
        rows = rows.rows
    if isinstance(total, bool) or not isinstance(total, int) or total < 0:
        total = None
    return rows, total


def _number(source: str, value: Any, kind: type[int | float], least: float) -> int | float:
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{source} must be a number, not {value!r}.") from None
    if isinstance(value, bool) or not least <= number < float("inf"):
        raise ValueError(f"{source} must be at least {least:g}, not {value!r}.")
    return number
