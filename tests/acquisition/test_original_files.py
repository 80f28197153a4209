"""Originals are fetched once each, however fast they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from tests.acquisition.known_objects import Fetcher

from exportkit.acquisition.original_files import OriginalFiles, Placed
from exportkit.acquisition.run_state import CommittedGroup, RunFacts, RunState
from exportkit.clients.objects import ObjectGone


class AtOnce:
    """A pool that is always faster than whoever asks."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*arguments))
        except Exception as error:  # noqa: BLE001 - as a pool does
            done.set_exception(error)
        return done


@pytest.fixture
def state(tmp_path: Path) -> Iterator[RunState]:
    with RunState(tmp_path / "state.db") as made:
        made.begin(RunFacts("hash", "versions"))
        yield made


def placed(answer: Future[Placed] | Placed) -> Placed:
    return answer.result(30) if isinstance(answer, Future) else answer


def test_a_file_that_is_there_before_anybody_waits_for_it_is_placed(state: RunState, tmp_path: Path) -> None:
    fetcher = Fetcher({"http://host/a?signature=1": b"abc"}, ObjectGone)
    originals = OriginalFiles(tmp_path, state, fetcher)
    originals.close()
    originals._pool = AtOnce()  # type: ignore[assignment]

    entry, facts = placed(originals.place(7, "image_1", {"url": "http://host/a?signature=1", "is_primary": True}))

    assert entry == {"is_primary": True, "bundle_path": "files/7/image_1"}
    assert facts is not None
    assert (facts.size, facts.source) == (3, "http://host/a")
    assert (tmp_path / "files/7/image_1").read_bytes() == b"abc"


def test_a_url_that_expired_is_issued_anew_three_times(state: RunState, tmp_path: Path) -> None:
    fetcher = Fetcher({"http://host/a?3": b"abc"}, ObjectGone)
    originals = OriginalFiles(tmp_path, state, fetcher)
    fresh = iter(["http://host/a?1", "http://host/a?2", "http://host/a?3"])

    entry, facts = placed(originals.place(7, "image_1", {"url": "http://host/a?0"}, lambda: next(fresh)))
    originals.close()

    assert entry["bundle_path"] == "files/7/image_1"
    assert facts is not None
    assert fetcher.asked == [f"http://host/a?{number}" for number in range(4)]


def test_a_url_that_stays_dead_leaves_its_entry_without_a_file(state: RunState, tmp_path: Path) -> None:
    originals = OriginalFiles(tmp_path, state, Fetcher({}, ObjectGone))
    numbers = iter(range(10))

    entry, facts = placed(
        originals.place(7, "image_1", {"url": "http://host/a?x"}, lambda: f"http://host/a?{next(numbers)}")
    )
    originals.close()

    assert (entry, facts) == ({"url": "http://host/a"}, None)
    assert not (tmp_path / "files/7/image_1").exists()


def test_a_shared_file_is_fetched_once_until_its_rows_are_committed_and_never_again(
    state: RunState, tmp_path: Path
) -> None:
    fetcher = Fetcher({"http://host/a?1": b"abc"}, ObjectGone)
    originals = OriginalFiles(tmp_path, state, fetcher)
    shared = {"url": "http://host/a?1", "bundle_path": "files/1/a.jpg"}

    first = placed(originals.place(7, "image_1", shared))
    fetcher.contents.clear()
    second = placed(originals.place(8, "image_1", shared))
    assert first[1] is not None
    state.commit(CommittedGroup(files=[first[1]]))
    originals.forget([first[1]])
    third = placed(originals.place(9, "image_1", shared))
    originals.close()

    assert fetcher.asked == ["http://host/a?1"]
    assert [entry for entry, _ in (first, second, third)] == [{"bundle_path": "files/1/a.jpg"}] * 3
    assert third[1] is None
    assert (tmp_path / "files/1/a.jpg").read_bytes() == b"abc"
