"""One contract for objects, run on a folder and on a real S3 server."""

from __future__ import annotations

import gc
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services import Bucket

from exportkit.errors import LocalIOError, UsageError
from exportkit.storage.objects import (
    CHUNK_BYTES,
    ObjectExists,
    ObjectMissing,
    ObjectStore,
    S3Location,
)
from exportkit.storage.opening import open_objects, session_objects

CONTENT = bytes(range(256)) * 20000


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """An empty store of each kind."""
    if request.param == "folder":
        return open_objects(tmp_path / "objects")
    bucket: Bucket = request.getfixturevalue("s3")
    return session_objects(s3_session(bucket, secrets.token_hex(4)))


def s3_session(bucket: Bucket, prefix: str) -> dict[str, object]:
    keys = {"access_key": bucket.access_key, "secret_key": bucket.secret_key, "region": "us-east-1"}
    place = {"bucket": bucket.name, "endpoint": bucket.endpoint, "prefix": f"contract/{prefix}"}
    return {"provider": "s3", "configuration": {**place, **keys}}


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def whole(pieces: Iterator[bytes]) -> bytes:
    return b"".join(pieces)


def test_what_was_put_is_read_back_in_pieces(store: ObjectStore) -> None:
    store.put("a/b c/ü.bin", CONTENT)
    pieces = list(store.read("a/b c/ü.bin"))
    assert b"".join(pieces) == CONTENT
    assert len(CONTENT) > CHUNK_BYTES
    assert len(pieces) > 1
    assert store.size("a/b c/ü.bin") == len(CONTENT)


def test_a_file_is_put_as_its_bytes(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    store.put("from-file", source)
    assert whole(store.read("from-file")) == CONTENT


def test_an_empty_object_is_an_object(store: ObjectStore) -> None:
    store.put("empty", b"")
    assert store.size("empty") == 0
    assert whole(store.read("empty")) == b""


@pytest.mark.parametrize(("start", "end"), [(0, 10), (5, 6), (1000, None), (5_119_990, 5_120_000), (7, 7)])
def test_a_range_is_read_with_an_exclusive_end(store: ObjectStore, start: int, end: int | None) -> None:
    store.put("range", CONTENT)
    assert whole(store.read("range", start, end)) == CONTENT[start:end]


def test_an_object_that_is_there_stays_as_it_is(store: ObjectStore) -> None:
    store.put("once", b"first")
    with pytest.raises(ObjectExists):
        store.put("once", b"second")
    assert whole(store.read("once")) == b"first"


def test_an_object_is_replaced_where_the_caller_says_so(store: ObjectStore) -> None:
    store.put("again", b"first")
    store.put("again", b"second", if_absent=False)
    assert whole(store.read("again")) == b"second"


def test_what_is_not_there_is_missing(store: ObjectStore) -> None:
    assert store.size("nothing/here") is None
    with pytest.raises(ObjectMissing):
        store.read("nothing/here")


def test_a_prefix_is_removed_with_everything_below_and_nothing_beside_it(store: ObjectStore) -> None:
    for key in ("jobs/1/a", "jobs/1/b/c", "jobs/10/a", "jobs/1.txt"):
        store.put(key, b"x")
    store.delete_prefix("jobs/1")
    assert [store.size(key) for key in ("jobs/1/a", "jobs/1/b/c", "jobs/10/a", "jobs/1.txt")] == [None, None, 1, 1]
    store.delete_prefix("jobs/1")


def test_a_prefix_that_is_an_object_itself_is_removed_too(store: ObjectStore) -> None:
    store.put("claims/1", b"x")
    store.put("claims/10", b"x")
    store.delete_prefix("claims/1")
    assert (store.size("claims/1"), store.size("claims/10")) == (None, 1)


@pytest.mark.parametrize("key", ["../out", "/absolute", "a//b", "a/../b", "a\\b", "", "a/%2e%2e/b"])
def test_a_key_that_could_leave_the_root_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="the key"):
        store.put(key, b"x")
    with pytest.raises(ValueError, match="the key"):
        store.size(key)
    with pytest.raises(ValueError, match="the key"):
        store.delete_prefix(key)


def test_a_folder_serves_no_urls_and_follows_no_links(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store = open_objects(tmp_path / "objects")
    (tmp_path / "objects" / "link").symlink_to(tmp_path / "secret")
    assert store.presign("link", 60) is None
    with pytest.raises(ObjectMissing):
        store.read("link")


def test_a_failed_put_leaves_nothing_behind(tmp_path: Path) -> None:
    store = open_objects(tmp_path / "objects")
    with pytest.raises(LocalIOError):
        store.put("a/b", tmp_path / "no such file")
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


def test_a_presigned_url_of_s3_gives_the_bytes_and_a_changed_one_does_not(s3: Bucket) -> None:
    store = session_objects(s3_session(s3, "presigned"))
    store.put("x", b"hello")
    url = store.presign("x", 60)
    assert url is not None
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url[:-1] + ("0" if url[-1] != "0" else "1"))
    assert refused.value.code == 403
    refused.value.close()


@pytest.mark.parametrize(
    "url", ["s3://", "s3://bucket?colour=red", "s3://key:secret@bucket/x", "s3://bucket/a/../b", "http://bucket"]
)
def test_a_storage_url_that_cannot_be_used_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(UsageError):
        S3Location.from_url(url)


def test_a_storage_url_tells_bucket_prefix_endpoint_and_region() -> None:
    place = S3Location.from_url("s3://bucket/some/where/?endpoint=http://127.0.0.1:9000&region=eu-west-3")
    assert place == S3Location("bucket", "some/where", "http://127.0.0.1:9000", "eu-west-3")


def test_secrets_are_not_part_of_what_is_shown_of_a_location() -> None:
    assert "canary" not in repr(S3Location("bucket", secret_key="canary", access_key="canary"))


def test_an_object_outlives_a_loss_of_power_with_every_folder_that_was_made_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", noted)
    open_objects(tmp_path / "new" / "place").put("a/b/c.bin", b"1")
    assert {str(tmp_path / part) for part in ("", "new", "new/place", "new/place/a", "new/place/a/b")} <= synced


def test_bytes_that_nobody_reads_hold_no_file_open(store: ObjectStore) -> None:
    store.put("a", CONTENT)
    before = open_files()
    for _ in range(20):
        store.read("a")
    gc.collect()
    assert open_files() < before + 20


def test_a_file_that_the_machine_cannot_read_is_told_in_one_sentence() -> None:
    memory = open_objects(Path("/proc/self")).read("mem")  # a regular file, whose first page is not there
    with pytest.raises(LocalIOError, match=r"Cannot read '/proc/\d+/mem'"):
        whole(memory)


def test_stores_of_one_name_on_two_servers_are_two() -> None:
    places = [f"s3://exports/here?endpoint=http://{host}:9000" for host in ("one", "two")]
    one, two = (open_objects(place) for place in places)
    assert one.location == two.location
    assert one.identity != two.identity
