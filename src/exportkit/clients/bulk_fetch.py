"""Whole rows for ids, some hundred at a time (wire contract, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from exportkit.clients.client_errors import AuthenticationError, AuthorizationError, ClientError
from exportkit.clients.wire_row import WireRow

__all__ = ["MOST_IDS", "BulkAnswer", "fetch_in_halves"]

MOST_IDS: Final = 200
#: Statuses that speak of the caller or of the path, so that asking for less would not help.
_HOPELESS: Final = frozenset({404, 405})
#: Statuses of a server that is busy or down, None of one that broke off; so many single ids in a row tell an outage.
_BUSY: Final = frozenset({None, 408, 502, 503, 504})
_BUSY_IN_A_ROW: Final = 3
_FAILING_IN_A_ROW: Final = 20


@dataclass(slots=True)
class BulkAnswer:
    """What became of the ids of one call, each of them in exactly one of the three."""

    #: In the order in which they were asked for.
    rows: dict[int, WireRow] = field(default_factory=dict)
    #: The server knows them no more.
    gone: list[int] = field(default_factory=list)
    #: The server fails for these alone, with the reason.
    failed: dict[int, str] = field(default_factory=dict)
    #: Rows that nobody asked for, or that came twice; they are dropped.
    extra: int = 0


def fetch_in_halves(
    ids: Sequence[int], ask: Callable[[Sequence[int]], Sequence[WireRow]], key_of: Callable[[WireRow], object]
) -> BulkAnswer:
    """Ask for the ids at once; where that fails for good, for each half, down to the single id that is the reason.

    Raises ValueError for more than 200 ids, and ClientError where asking for less cannot help: without permission,
    without such a path, or when the server fails for one id after the other and so not because of any of them.
    """
    if len(ids) > MOST_IDS:
        raise ValueError(f"At most {MOST_IDS} ids can be asked for at once, not {len(ids)}.")
    answer = BulkAnswer()
    found: dict[int, WireRow] = {}
    waiting: list[Sequence[int]] = [list(dict.fromkeys(ids))] if ids else []
    alone = 0
    while waiting:
        chunk = waiting.pop()
        try:
            rows = ask(chunk)
        except ClientError as error:
            if not _is_about_the_chunk(error):
                raise
            if len(chunk) == 1:
                alone += 1
                is_busy = error.is_temporary and error.status_code in _BUSY
                if alone >= (min(_BUSY_IN_A_ROW, len(ids)) if is_busy else _FAILING_IN_A_ROW):
                    raise
                answer.failed[chunk[0]] = str(error)
                continue
            half = len(chunk) // 2
            waiting += [chunk[half:], chunk[:half]]
            continue
        alone = 0
        wanted = set(chunk)
        for row in rows:
            identity = key_of(row)
            if type(identity) is int and identity in wanted:
                wanted.discard(identity)
                found[identity] = row
            else:
                answer.extra += 1
        answer.gone += [identity for identity in chunk if identity in wanted]
    answer.rows = {identity: found[identity] for identity in dict.fromkeys(ids) if identity in found}
    return answer


def _is_about_the_chunk(error: ClientError) -> bool:
    if isinstance(error, (AuthenticationError, AuthorizationError)) or error.status_code in _HOPELESS | {429}:
        return False
    return error.was_sent


def keyed_by(*names: str) -> Callable[[Mapping[str, object]], object]:
    """The first of these members that a row has."""
    return lambda row: next((row[name] for name in names if name in row), None)
