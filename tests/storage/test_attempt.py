"""Work that is done twice gives each file once (reliability: a node is lost, a task runs again)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exportkit.errors import ConversionFailed, LocalIOError
from exportkit.storage.attempt import Attempt

FILES = {"labels/train/a.txt": b"0 1\n", "labels/train/b.txt": b"", "data.yaml": b"nc: 1\n"}


@pytest.fixture
def begin(tmp_path: Path) -> Callable[[], Attempt]:
    (tmp_path / "stage").mkdir()
    (tmp_path / "attempts").mkdir()
    return lambda: Attempt(tmp_path / "stage", tmp_path / "attempts")


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(attempt: Attempt) -> None:
    for path, data in FILES.items():
        attempt.write(path, data)


def test_nothing_is_seen_before_the_attempt_is_complete(begin: Callable[[], Attempt], tmp_path: Path) -> None:
    with begin() as attempt:
        write(attempt)
        assert tree(tmp_path / "stage") == {}
        attempt.settle(FILES)

    assert tree(tmp_path / "stage") == FILES
    assert [*(tmp_path / "attempts").iterdir()] == []


def test_two_attempts_side_by_side_give_each_file_once(begin: Callable[[], Attempt], tmp_path: Path) -> None:
    with begin() as late, begin() as quick:
        write(late)
        write(quick)
        quick.settle(FILES)
        late.settle(FILES)

    assert tree(tmp_path / "stage") == FILES


def test_an_attempt_that_was_lost_leaves_nothing_in_the_folder(begin: Callable[[], Attempt], tmp_path: Path) -> None:
    with begin() as lost:
        write(lost)
    with begin() as second:
        write(second)
        second.settle(FILES)

    assert tree(tmp_path / "stage") == FILES


def test_what_an_attempt_took_back_is_not_there(begin: Callable[[], Attempt], tmp_path: Path) -> None:
    with begin() as attempt:
        write(attempt)
        attempt.remove("data.yaml")
        attempt.settle(path for path in FILES if path != "data.yaml")

    assert "data.yaml" not in tree(tmp_path / "stage")


def test_an_attempt_that_outlives_its_run_finds_no_place_in_the_next(
    begin: Callable[[], Attempt], tmp_path: Path
) -> None:
    with begin() as late:
        write(late)
        shutil.rmtree(tmp_path / "attempts")
        shutil.rmtree(tmp_path / "stage")
        (tmp_path / "stage").mkdir()
        with pytest.raises(LocalIOError):
            late.settle(FILES)
        with pytest.raises(LocalIOError):
            begin()

    assert tree(tmp_path / "stage") == {}


def test_a_late_attempt_changes_nothing_of_what_was_published(begin: Callable[[], Attempt], tmp_path: Path) -> None:
    with begin() as late, begin() as quick:
        write(late)
        write(quick)
        quick.settle(FILES)
        (tmp_path / "stage").rename(tmp_path / "published")
        late.settle(FILES)

    assert tree(tmp_path / "published") == FILES


def test_a_folder_in_the_place_of_a_file_is_told(begin: Callable[[], Attempt], tmp_path: Path) -> None:
    (tmp_path / "stage/data.yaml").mkdir()
    with begin() as attempt:
        write(attempt)
        with pytest.raises(ConversionFailed, match=r"data\.yaml"):
            attempt.settle(FILES)
