"""The Ray engine keeps what engines promise, and more: it bears the loss of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.engines.contract import EngineContract
from tests.ray import jobs

from exportkit.engines import Engine, open_engine
from exportkit.errors import LocalIOError, UsageError

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One for all tests: to start one takes seconds."""
    folder = tmp_path_factory.mktemp("work")
    with open_engine(2, 0, name="ray", folder=folder, reads=[folder]) as opened:
        yield opened


class TestRay(EngineContract):
    @pytest.fixture
    def opened(self) -> Callable[[], AbstractContextManager[Engine]]:
        raise NotImplementedError

    @pytest.fixture
    def engine(self, engine: Engine) -> Engine:
        return engine


def test_it_says_that_jobs_may_be_done_twice(engine: Engine) -> None:
    assert engine.repeats


def test_a_job_whose_process_died_is_done_again(engine: Engine, tmp_path: Path) -> None:
    assert list(engine.map_ordered(jobs.dies_once, [(tmp_path, 0), (tmp_path, 1)])) == [0, 1]


def test_a_job_that_always_takes_its_process_with_it_ends_the_run_in_a_sentence(engine: Engine) -> None:
    results = engine.map_ordered(jobs.dies, range(3))
    assert next(results) == 0
    with pytest.raises(LocalIOError, match="was lost 4 times"):
        next(results)


def test_what_ray_says_of_lost_processes_stays_off_the_terminal(
    engine: Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert list(engine.map_ordered(jobs.dies_once, [(tmp_path, 0)])) == [0]

    assert capfd.readouterr() == ("", "")


def test_of_jobs_and_results_nothing_stays_in_the_folder(tmp_path: Path) -> None:
    with open_engine(1, 0, name="ray", folder=tmp_path) as engine:
        before = {path.name for path in tmp_path.iterdir()}
        assert list(engine.map_ordered(jobs.same, range(5))) == list(range(5))
        assert {path.name for path in tmp_path.iterdir()} == before


def test_an_exception_that_cannot_be_sent_arrives_in_words(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="Unsendable: 1 and 1"):
        list(engine.map_ordered(jobs.raises_unsendable, [1]))


def test_a_function_that_others_cannot_import_is_refused_here(engine: Engine) -> None:
    function = jobs.closed_over(1)
    with pytest.raises(UsageError, match="define it in a module"):
        list(engine.map_ordered(function, [1]))  # type: ignore[arg-type]
