"""What every engine promises, whatever runs its jobs (engines/engine.py)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from exportkit.engines import Engine
from exportkit.errors import BundleRefused


def doubled(number: int) -> int:
    return 2 * number


def noted(job: tuple[Path, int]) -> int:
    """Leaves a file named by its number, and takes the longer the smaller that is."""
    folder, number = job
    sum(range(20_000 // (number + 1)))
    (folder / str(number)).touch()
    return number


def refused(number: int) -> int:
    if number == 2:
        raise BundleRefused("E_MANIFEST", "The part is cut.", file="part-1", line=number)
    return number


def large(size: int) -> bytes:
    return b"x" * size


def process(_: int) -> int:
    return os.getpid()


class EngineContract:
    """Derive from it and give the fixture ``opened``: a function that gives an engine, not yet entered."""

    @pytest.fixture
    def engine(self, opened: Callable[[], AbstractContextManager[Engine]]) -> Iterator[Engine]:
        with opened() as engine:
            yield engine

    def test_results_come_in_the_order_of_the_jobs(self, engine: Engine) -> None:
        assert list(engine.map_ordered(doubled, range(30))) == list(range(0, 60, 2))

    def test_without_jobs_there_are_no_results(self, engine: Engine) -> None:
        assert list(engine.map_ordered(doubled, [])) == []

    def test_one_engine_serves_several_rounds(self, engine: Engine) -> None:
        assert [list(engine.map_ordered(doubled, [number])) for number in range(3)] == [[0], [2], [4]]

    def test_no_more_jobs_are_taken_than_the_window_has_room_for(self, engine: Engine, tmp_path: Path) -> None:
        taken = 0

        def jobs() -> Iterator[tuple[Path, int]]:
            nonlocal taken
            for number in range(20):
                taken += 1
                yield tmp_path, number

        for done, number in enumerate(engine.map_ordered(noted, jobs(), window=4)):
            assert number == done
            assert taken <= done + 4 + 1
        assert {path.name for path in tmp_path.iterdir()} >= {str(number) for number in range(20)}

    def test_what_a_job_raises_arrives_with_its_facts(self, engine: Engine) -> None:
        results = engine.map_ordered(refused, range(5))
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(BundleRefused, match=r"The part is cut\.") as caught:
            next(results)
        assert (caught.value.code, caught.value.file, caught.value.line) == ("E_MANIFEST", "part-1", 2)

    def test_a_large_result_arrives_whole(self, engine: Engine) -> None:
        (result,) = engine.map_ordered(large, [3 << 20])
        assert result == b"x" * (3 << 20)

    def test_jobs_run_here_only_if_the_engine_says_so(self, engine: Engine) -> None:
        assert (set(engine.map_ordered(process, range(3))) == {os.getpid()}) == engine.in_process
