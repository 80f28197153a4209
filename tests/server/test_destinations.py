"""Publishing a bundle: whoever holds the job does, nobody else, and the manifest comes last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exportkit.server.destinations import Destination, FolderDestination, ObjectDestination
from exportkit.server.job_queue import LeaseLost
from exportkit.storage.objects import ObjectStore
from exportkit.storage.opening import open_objects

PREFIX = "x/.async_jobs/exports/j/"
NAMES = [".exportkit-bundle", "files/1/a.png", "task/part-00001.jsonl", "task/part-00002.jsonl", "manifest.json"]


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """A store that keeps an object that is there, as S3 does."""
    return open_objects(tmp_path / "bucket")


@pytest.fixture(params=["folder", "objects"])
def destination(request: pytest.FixtureRequest, tmp_path: Path, objects: ObjectStore) -> Destination:
    if request.param == "folder":
        return FolderDestination(tmp_path / "bucket")
    return ObjectDestination(objects, tmp_path)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A finished bundle."""
    return written(tmp_path / "bundle", "mine")


def written(root: Path, content: str) -> Path:
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps({"of": content, "name": name}))
    return root


def hold_until(call: int, then: Callable[[], None]) -> Callable[[], None]:
    """A lease in whose renewal something happens, once, at the call of this number."""
    calls: Iterator[int] = iter(range(1, 1000))

    def hold() -> None:
        if next(calls) == call:
            then()

    return hold


def lose() -> None:
    raise LeaseLost("j")


def stored(objects: ObjectStore) -> list[str]:
    return [name for name in NAMES if objects.size(PREFIX + name) is not None]


def test_a_bundle_of_a_job_that_is_held_is_published_as_a_whole(
    destination: Destination, objects: ObjectStore, bundle: Path
) -> None:
    destination.publish(bundle, PREFIX, lambda: None)
    assert stored(objects) == NAMES
    assert destination.manifest(PREFIX) == {"of": "mine", "name": "manifest.json"}


def test_a_bundle_that_is_there_stays_as_it_is(destination: Destination, bundle: Path, tmp_path: Path) -> None:
    destination.publish(bundle, PREFIX, lambda: None)
    destination.publish(written(tmp_path / "other", "other"), PREFIX, lambda: None)
    assert destination.manifest(PREFIX) == {"of": "mine", "name": "manifest.json"}


def test_nothing_is_published_of_a_job_that_was_lost(
    destination: Destination, objects: ObjectStore, bundle: Path
) -> None:
    with pytest.raises(LeaseLost):
        destination.publish(bundle, PREFIX, lose)
    assert stored(objects) == []


@pytest.mark.parametrize("count", range(len(NAMES)))
def test_no_object_is_put_after_the_lease_was_lost(
    objects: ObjectStore, bundle: Path, tmp_path: Path, count: int
) -> None:
    with pytest.raises(LeaseLost):
        ObjectDestination(objects, tmp_path).publish(bundle, PREFIX, hold_until(count + 2, lose))
    assert stored(objects) == NAMES[:count]


def test_an_object_of_another_worker_tells_that_the_lease_was_lost_and_stays(
    objects: ObjectStore, bundle: Path, tmp_path: Path
) -> None:
    theirs = PREFIX + NAMES[2]
    hold = hold_until(3, lambda: objects.put(theirs, b"theirs"))
    destination = ObjectDestination(objects, tmp_path)
    with pytest.raises(LeaseLost):
        destination.publish(bundle, PREFIX, hold)
    assert b"".join(objects.read(theirs)) == b"theirs"
    assert destination.manifest(PREFIX) is None


def test_an_object_that_another_worker_put_just_the_same_is_taken_for_ours(
    objects: ObjectStore, bundle: Path, tmp_path: Path
) -> None:
    same = (bundle / NAMES[2]).read_bytes()
    destination = ObjectDestination(objects, tmp_path)
    destination.publish(bundle, PREFIX, hold_until(3, lambda: objects.put(PREFIX + NAMES[2], same)))
    assert stored(objects) == NAMES


def test_what_a_former_worker_left_is_replaced(objects: ObjectStore, bundle: Path, tmp_path: Path) -> None:
    objects.put(PREFIX + "task/part-00009.jsonl", b"left")
    objects.put(PREFIX + NAMES[2], b"left")
    ObjectDestination(objects, tmp_path).publish(bundle, PREFIX, lambda: None)
    assert objects.size(PREFIX + "task/part-00009.jsonl") is None
    assert stored(objects) == NAMES
