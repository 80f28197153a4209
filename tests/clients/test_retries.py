"""What is tried again, after which wait, and how often in a whole run."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.clients.client_errors import (
    ClientConnectionError,
    ClientError,
    ClientTimeoutError,
    HostileAnswer,
    error_of,
)
from exportkit.clients.retries import CALLS, EXPORT_READS, NEVER, RetryBudget, RetryPolicy, repeated, retry_after


def failing(times: int, error: ClientError) -> tuple[list[int], object]:
    calls: list[int] = []

    def attempt() -> str:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return "done"

    return calls, attempt


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_page_of_an_export_is_tried_three_times_more(status: int) -> None:
    calls, attempt = failing(3, error_of(status, "x"))
    assert repeated(attempt, EXPORT_READS, RetryBudget(), sleep=lambda _: None) == "done"  # type: ignore[arg-type]
    calls, attempt = failing(4, error_of(status, "x"))
    with pytest.raises(ClientError):
        repeated(attempt, EXPORT_READS, RetryBudget(), sleep=lambda _: None)  # type: ignore[arg-type]
    assert len(calls) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 501])
def test_what_will_not_change_is_asked_once(status: int) -> None:
    calls, attempt = failing(1, error_of(status, "x"))
    with pytest.raises(ClientError):
        repeated(attempt, EXPORT_READS, RetryBudget(), sleep=lambda _: None)  # type: ignore[arg-type]
    assert len(calls) == 1


def test_a_500_is_for_exports_alone() -> None:
    assert EXPORT_READS.covers(error_of(500, "x"))
    assert not CALLS.covers(error_of(500, "x"))
    assert not EXPORT_READS.covers(HostileAnswer("x"))


def test_a_request_that_must_not_arrive_twice_is_repeated_only_before_it_was_sent() -> None:
    once = RetryPolicy(is_repeatable=False)
    lost, unsent = ClientConnectionError("x"), ClientConnectionError("x")
    unsent.was_sent = False
    assert not once.covers(lost)
    assert not once.covers(ClientTimeoutError("x"))
    assert not once.covers(error_of(503, "x"))
    assert once.covers(unsent)


def test_a_run_spends_a_tenth_of_its_requests_and_at_least_twenty() -> None:
    budget = RetryBudget()
    assert sum(budget.take() for _ in range(100)) == 20
    for _ in range(1000):
        budget.note_request()
    assert sum(budget.take() for _ in range(200)) == 80
    assert budget.retries == 100


def test_without_budget_the_first_failure_stands() -> None:
    calls, attempt = failing(9, error_of(503, "x"))
    with pytest.raises(ClientError) as caught:
        repeated(attempt, EXPORT_READS, RetryBudget(share=0, least=0), sleep=lambda _: None)  # type: ignore[arg-type]
    assert len(calls) == 1
    assert caught.value.__notes__ == ["The retries of this run are spent."]


def test_nothing_is_repeated_where_nothing_may_be() -> None:
    calls, attempt = failing(9, error_of(503, "x"))
    with pytest.raises(ClientError):
        repeated(attempt, NEVER, RetryBudget(), sleep=lambda _: None)  # type: ignore[arg-type]
    assert len(calls) == 1


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_are_drawn_from_nothing_to_a_bound_that_doubles(number: int, drawn: float) -> None:
    wait = EXPORT_READS.wait(number, None, lambda: drawn)
    assert 0 <= wait <= 30
    assert wait == drawn * min(30, 2 * 2 ** min(number, 30))


@pytest.mark.parametrize(("asked", "wait"), [(7.0, 7.0), (0.0, 0.0), (86_400.0, 60.0), (-5.0, 0.0)])
def test_what_the_server_asks_to_wait_counts_up_to_a_minute(asked: float, wait: float) -> None:
    assert EXPORT_READS.wait(0, asked) == wait


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 120 ", 120.0), (None, None), ("", None), ("soon", None), ("-3", None), ("1.5", None)],
)
def test_retry_after_is_read_as_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    assert retry_after(formatdate(1_000_030, usegmt=True), now=lambda: 1_000_000) == 30
    assert retry_after(formatdate(999_000, usegmt=True), now=lambda: 1_000_000) == 0


@given(st.text(max_size=40))
def test_any_retry_after_is_read_without_failing(header: str) -> None:
    found = retry_after(header)
    assert found is None or found >= 0
