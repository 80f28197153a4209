"""Files behind signed URLs: whole or in ranges, without a token, for a while, and nothing else."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.served import Served, start, write_bundle
from tests.services import Bucket

CONTENT = bytes(range(256)) * 9000
TAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


def filled(folder: Path) -> Path:
    """A bundle with one original."""
    entry = {"file_name_original": "a b.png", "bundle_path": "files/7/x.png", "is_primary": True}
    bundle = write_bundle(folder, [{"id": 7, "data": {"annotations": []}, "files_manifest": {"image_1": entry}}])
    (bundle / "files" / "7").mkdir(parents=True)
    (bundle / "files" / "7" / "x.png").write_bytes(CONTENT)
    return bundle


def entry_of(served: Served) -> dict[str, Any]:
    row = served.post("/v2/tasks/bulk-fetch/", {"ids": [7]})["data"][0]
    found: dict[str, Any] = row["files_manifest"]["image_1"]
    return found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pictures")
    with start("--load", filled(folder / "b"), "--data", folder / "d") as server:
        yield server


@pytest.fixture(scope="module")
def url(pictures: Served) -> str:
    return str(entry_of(pictures)["url"])


def test_an_entry_tells_name_size_digest_and_its_path_in_a_bundle(pictures: Served) -> None:
    entry = entry_of(pictures)
    assert entry["file_name_original"] == "a b.png"
    assert (entry["size"], f'"{entry["sha256"]}"') == (len(CONTENT), TAG)
    assert entry["bundle_path"] == "files/7/x.png"


def test_v1_shows_files_in_its_own_places(pictures: Served) -> None:
    task = pictures.get("/sdk/tasks/", expand="data_unit")["results"][0]
    assert task["files_manifest"]["image_1"]["file_name_original"] == "a b.png"
    assignment = pictures.get("/sdk/assignments/", expand="data")["results"][0]
    assert assignment["file"] == assignment["files_manifest"]["image_1"]


def test_a_file_is_fetched_without_a_token(pictures: Served, url: str) -> None:
    answer = pictures.anonymous(url)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["etag"] == TAG
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    head = pictures.client.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(CONTENT)), b"")


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-99", 5, 100),
        ("bytes=2303000-", 2303000, len(CONTENT)),
        ("bytes=-10", len(CONTENT) - 10, len(CONTENT)),
        ("bytes=0-99999999", 0, len(CONTENT)),
        ("bytes=-99999999", 0, len(CONTENT)),
    ],
)
@pytest.mark.parametrize("condition", [{}, {"If-Range": TAG}])
def test_a_range_comes_with_exactly_its_place(
    pictures: Served, url: str, header: str, start: int, end: int, condition: dict[str, str]
) -> None:
    answer = pictures.anonymous(url, Range=header, **condition)
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "lines=0-1", "bytes=", "bytes=-", "bytes=9-3", "nonsense"])
def test_what_is_no_single_range_gets_everything(pictures: Served, url: str, header: str) -> None:
    answer = pictures.anonymous(url, Range=header)
    assert (answer.status_code, len(answer.content)) == (200, len(CONTENT))


def test_another_entity_is_sent_as_a_whole(pictures: Served, url: str) -> None:
    for tag in ('"other"', f"W/{TAG}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        answer = pictures.anonymous(url, Range="bytes=5-", **{"If-Range": tag})
        assert (answer.status_code, len(answer.content)) == (200, len(CONTENT))


def test_a_range_behind_the_end_and_an_entity_that_is_known_are_told(pictures: Served, url: str) -> None:
    answer = pictures.anonymous(url, Range=f"bytes={len(CONTENT)}-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(CONTENT)}")
    assert pictures.anonymous(url, **{"If-None-Match": TAG}).status_code == 304


def test_a_url_that_is_not_signed_or_was_changed_is_forbidden(pictures: Served, url: str) -> None:
    bare, _, query = url.partition("?")
    fields = dict(part.split("=") for part in query.split("&"))
    other = bare.replace("/files/1/", "/files/2/")
    changed = [
        bare,
        f"{bare}?expires={fields['expires']}",
        f"{bare}?signature={fields['signature']}",
        f"{url[:-1]}{'A' if url[-1] != 'A' else 'B'}",
        url.replace(fields["expires"], str(int(fields["expires"]) + 60)),
        f"{other}?{query}",
        f"{bare}?expires=é&signature=é",
        f"{bare}?expires=-1&signature={'0' * 43}",
    ]
    for one in changed:
        assert pictures.anonymous(one).status_code == 403, one


def test_a_url_is_dead_after_its_time(tmp_path: Path) -> None:
    options = ("--load", filled(tmp_path / "b"), "--data", tmp_path / "d")
    with start(*options, environment={"EXPORTKIT_SERVER_URL_SECONDS": "5"}) as server:
        url = entry_of(server)["url"]
        assert server.anonymous(url).status_code == 200
        expires = threading.Event()
        while server.anonymous(url).status_code == 200:
            assert not expires.wait(0.2)
        assert server.anonymous(url).status_code == 403
        assert server.anonymous(entry_of(server)["url"]).status_code == 200


def test_urls_live_at_most_a_quarter_of_an_hour(pictures: Served, url: str) -> None:
    answer = pictures.anonymous(url)
    assert "expires=" in url
    expires = int(url.partition("expires=")[2].partition("&")[0])
    from email.utils import parsedate_to_datetime

    assert 0 < expires - parsedate_to_datetime(answer.headers["date"]).timestamp() <= 900


def test_originals_in_s3_have_urls_of_its_own(tmp_path: Path, s3: Bucket) -> None:
    options = ("--load", filled(tmp_path / "b"), "--data", tmp_path / "d", "--storage", s3.url + "&region=us-east-1")
    with start(*options, environment=s3.environment) as server:
        url = entry_of(server)["url"]
        assert url.startswith(s3.endpoint)
        assert server.anonymous(url).content == CONTENT
        assert server.anonymous(url.partition("?")[0]).status_code == 403
