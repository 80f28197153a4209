"""Which failures of a request are tried again, how long is waited, and how often in a whole run.

A loop of our own rather than a library's, because three rules meet in every decision: the wait that a server asks for,
one budget shared by all layers of a run, and a sleep that a caller (a test, an interrupted run) brings along.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, Final, TypeVar

from exportkit.clients.client_errors import ClientConnectionError, ClientError, ClientTimeoutError

__all__ = [
    "CALLS",
    "EXPORT_READS",
    "NEVER",
    "RetryBudget",
    "RetryPolicy",
    "Sleep",
    "page_policy",
    "repeated",
    "retry_after",
    "wait_or_raise",
]

LONGEST_WAIT: Final = 60.0
T = TypeVar("T")
Sleep = Callable[[float], object]


class RetryBudget:
    """How many retries a run may spend: a share of its requests, and a few whatever it asked. Any thread may ask.

    A sick backend is so not asked several times as much as a healthy one (reliability, section 5).
    """

    def __init__(self, *, share: float = 0.1, least: int = 20) -> None:
        self._share = share
        self._least = least
        self._requests = 0
        self._retries = 0
        self._lock = threading.Lock()

    @property
    def requests(self) -> int:
        """Requests so far, retries included."""
        return self._requests

    @property
    def retries(self) -> int:
        """Retries so far."""
        return self._retries

    def note_request(self) -> None:
        """Count one request."""
        with self._lock:
            self._requests += 1

    def take(self) -> bool:
        """Whether one more retry may be made; it is counted then."""
        with self._lock:
            if self._retries >= max(self._least, self._share * self._requests):
                return False
            self._retries += 1
            return True


@dataclass(frozen=True)
class RetryPolicy:
    """``retries`` beside the first attempt, after these statuses and after connections that failed.

    ``is_repeatable`` says that the request may be sent twice: false leaves only failures before it was sent. Waits
    are drawn from 0 to ``backoff``·2ⁿ seconds, at most ``longest``.
    """

    retries: int = 3
    statuses: frozenset[int] = frozenset({408, 429, 502, 503, 504})
    backoff: float = 2.0
    longest: float = 30.0
    is_repeatable: bool = True

    def covers(self, error: ClientError) -> bool:
        """Whether an attempt that ended so is worth another one."""
        if not error.was_sent:
            return True
        if not self.is_repeatable:
            return False
        if isinstance(error, (ClientConnectionError, ClientTimeoutError)):
            return True
        return error.status_code in self.statuses

    def wait(self, number: int, asked: float | None, draw: Callable[[], float] = random.random) -> float:
        """Seconds before retry ``number``, counted from 0; what the server asked for counts first."""
        if asked is not None:
            return max(0.0, min(LONGEST_WAIT, asked))
        return draw() * min(self.longest, self.backoff * 2.0 ** min(number, 30))


#: Lists and bulk reads of an export, where a 500 is mostly a lost connection to a database.
EXPORT_READS: Final = RetryPolicy(statuses=frozenset({408, 429, 500, 502, 503, 504}))
#: Other reads.
CALLS: Final = RetryPolicy()
NEVER: Final = RetryPolicy(retries=0)


def page_policy(params: Mapping[str, Any]) -> RetryPolicy:
    """How pages are repeated: the policy of exports, changed by what stands among the params."""
    statuses = params.get("retry_on_status")
    return RetryPolicy(
        retries=int(params.get("page_retries", EXPORT_READS.retries)),
        statuses=EXPORT_READS.statuses if statuses is None else frozenset(map(int, statuses)) | {408, 429},
        backoff=float(params.get("page_retry_backoff", EXPORT_READS.backoff)),
    )


def repeated(
    attempt: Callable[[], T],
    policy: RetryPolicy,
    budget: RetryBudget,
    *,
    sleep: Sleep = time.sleep,
    draw: Callable[[], float] = random.random,
) -> T:
    """What an attempt gives, made again under a policy and a budget. Raises the last error as it is."""
    for number in count():
        budget.note_request()
        try:
            return attempt()
        except ClientError as error:
            wait_or_raise(error, number, policy, budget, sleep=sleep, draw=draw)
    raise AssertionError("unreachable")


def wait_or_raise(
    error: ClientError,
    number: int,
    policy: RetryPolicy,
    budget: RetryBudget,
    *,
    sleep: Sleep,
    draw: Callable[[], float] = random.random,
) -> None:
    """Wait before retry ``number``, counted from 0; raise the error where it is not worth another attempt."""
    if number >= policy.retries or not policy.covers(error):
        raise error
    if not budget.take():
        error.add_note("The retries of this run are spent.")
        raise error
    sleep(policy.wait(number, error.retry_after, draw))


def retry_after(value: str | None, *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, as a number or as a date; None where it says nothing."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 10**9))
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, moment - now())
