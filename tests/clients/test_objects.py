"""Bytes behind URLs come whole, from where they may be asked for, or not at all."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.clients.object_store import Store, body, cut

from exportkit.clients.address_policy import AddressPolicy, AddressRefused, plain_url
from exportkit.clients.objects import FetchFailed, ObjectFetcher, ObjectGone
from exportkit.errors import RemoteIOError

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def fetcher() -> Iterator[ObjectFetcher]:
    waits: list[float] = []
    made = ObjectFetcher(AddressPolicy(), sleep=waits.append)
    made.waits = waits  # type: ignore[attr-defined]
    yield made
    made.close()


def fetched(fetcher: ObjectFetcher, url: str, path: Path, **more: Any) -> bytes:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fetcher.file(url, descriptor, **more)
    finally:
        os.close(descriptor)
    return path.read_bytes()


def test_a_file_comes_whole_and_no_header_of_ours_goes_there(
    store: Store, fetcher: ObjectFetcher, tmp_path: Path
) -> None:
    url = store.serve("/a.bin", CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert fetched(fetcher, url, tmp_path / "a", size=len(CONTENT), sha256=digest) == CONTENT
    ((_, headers),) = store.asked
    assert not {"authorization", "cookie", "synapse-access-token", "synapse-tenant"} & {
        name.lower() for name in headers
    }


def test_many_files_share_a_connection(store: Store, fetcher: ObjectFetcher, tmp_path: Path) -> None:
    url = store.serve("/a.bin", CONTENT)
    for number in range(5):
        fetched(fetcher, url, tmp_path / str(number))
    assert len(store.connections) == 1


def test_a_file_that_breaks_off_is_taken_up_where_its_tag_vouches_for_it(
    store: Store, fetcher: ObjectFetcher, tmp_path: Path
) -> None:
    url = store.serve("/a", cut(CONTENT, 1000, ETag='"1"'), body(CONTENT, ETag='"1"'))
    assert fetched(fetcher, url, tmp_path / "a") == CONTENT
    assert store.asked[1][1]["Range"] == "bytes=1000-"
    assert store.asked[1][1]["If-Range"] == '"1"'


@pytest.mark.parametrize("tags", [('"1"', '"2"'), ('W/"1"', 'W/"1"'), ("", "")])
def test_a_file_that_may_have_changed_is_fetched_from_its_start(
    store: Store, fetcher: ObjectFetcher, tmp_path: Path, tags: tuple[str, str]
) -> None:
    first, second = ({"ETag": tag} if tag else {"X": "-"} for tag in tags)
    url = store.serve("/a", cut(b"old" * 500, 1000, **first), body(CONTENT, 200, **second))
    assert fetched(fetcher, url, tmp_path / "a") == CONTENT


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(store: Store, fetcher: ObjectFetcher, tmp_path: Path, status: int) -> None:
    url = store.serve("/a", body(b"", status, Retry_After="7"), CONTENT)
    assert fetched(fetcher, url, tmp_path / "a") == CONTENT
    assert fetcher.waits == [7.0]  # type: ignore[attr-defined]


def test_attempts_and_waits_are_bounded(store: Store, fetcher: ObjectFetcher, tmp_path: Path) -> None:
    url = store.serve("/a", body(b"", 503, Retry_After="86400"))
    with pytest.raises(FetchFailed, match="503"):
        fetched(fetcher, url, tmp_path / "a")
    assert len(store.asked) == 5
    assert max(fetcher.waits) == 60  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [404, 410, 301, 302])
def test_what_will_not_pass_fails_at_once(store: Store, fetcher: ObjectFetcher, tmp_path: Path, status: int) -> None:
    url = store.serve("/a", body(b"", status, Location=store.url + "/b"))
    store.serve("/b", CONTENT)
    with pytest.raises(FetchFailed):
        fetched(fetcher, url, tmp_path / "a")
    assert [path for path, _ in store.asked] == ["/a"]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_url_that_is_dead_is_told_apart_from_a_failure(store: Store, fetcher: ObjectFetcher, status: int) -> None:
    with pytest.raises(ObjectGone):
        fetcher.json(store.serve("/a", body(b"", status)))
    assert len(store.asked) == 1


def test_a_size_or_digest_that_differs_is_fetched_again_and_then_refused(
    store: Store, fetcher: ObjectFetcher, tmp_path: Path
) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    url = store.serve("/a", b"wrong", CONTENT)
    assert fetched(fetcher, url, tmp_path / "a", sha256=digest) == CONTENT
    with pytest.raises(FetchFailed, match="SHA-256"):
        fetched(fetcher, store.serve("/b", b"wrong"), tmp_path / "b", sha256=digest)
    with pytest.raises(FetchFailed, match="5 bytes"):
        fetched(fetcher, store.serve("/c", b"wrong"), tmp_path / "c", size=4)


def test_a_payload_is_judged_by_size_digest_and_syntax(store: Store, fetcher: ObjectFetcher) -> None:
    good = b'{"annotations":[]}'
    assert fetcher.json(store.serve("/a", b"{broken", good)) == {"annotations": []}
    assert fetcher.json(store.serve("/b", good), size=len(good), sha256=hashlib.sha256(good).hexdigest()) == {
        "annotations": []
    }
    with pytest.raises(FetchFailed):
        fetcher.json(store.serve("/c", good), size=3)


def test_no_signature_stands_in_an_error(store: Store, fetcher: ObjectFetcher) -> None:
    for answer in (body(b"", 404), body(b"", 403), body(b"", 500), cut(CONTENT, 10), body(b"x")):
        with pytest.raises(FetchFailed) as caught:
            fetcher.json(store.serve("/a", answer) + "?X-Signature=secret")
        assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert plain_url("https://user:pw@host/a?b#c") == "https://host/a"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/a",
        "file:///etc/passwd",
        "http:///a",
        "https://user:pw@example.org/a",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: x",
        "//example.org/a",
        "",
        "https://[::1",
    ],
)
def test_odd_urls_are_refused(fetcher: ObjectFetcher, url: str) -> None:
    with pytest.raises(AddressRefused):
        fetcher.json(url)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("example.org", "127.0.0.1"),
        ("example.org", "10.0.0.1"),
        ("example.org", "169.254.169.254"),
        ("example.org", "100.64.0.1"),
        ("example.org", "192.168.1.1"),
        ("example.org", "224.0.0.1"),
        ("example.org", "::ffff:10.0.0.1"),
        ("example.org", "fe80::1%eth0"),
        ("example.org", "fd00::1"),
        ("example.org", "0.0.0.0"),
    ],
)
def test_a_name_that_leads_into_a_private_network_is_refused(host: str, address: str) -> None:
    policy = AddressPolicy()
    with pytest.raises(AddressRefused):
        policy.admit(policy.judge(f"https://{host}/a"), address)


def test_plain_http_is_for_this_machine_and_for_trusted_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = AddressPolicy()
    with pytest.raises(AddressRefused, match="plain http"):
        policy.admit(policy.judge("http://example.org/a"), "93.184.216.34")
    policy.admit(policy.judge("https://example.org/a"), "93.184.216.34")
    policy.admit(policy.judge("http://localhost:9000/a"), "::1")
    monkeypatch.setenv("SYNAPSE_HOST", "http://backend.internal:8000/")
    monkeypatch.setenv("EXPORTKIT_ALLOWED_HOSTS", "minio.internal, other")
    trusting = AddressPolicy.of_environment()
    trusting.admit(trusting.judge("http://minio.internal:9000/a"), "10.1.2.3")
    trusting.admit(trusting.judge("http://backend.internal:8000/a"), "10.1.2.3")


def test_the_machine_that_answers_is_judged_and_not_the_name(
    store: Store, fetcher: ObjectFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(store.url.rpartition(":")[2])
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1", *more, **named))
    with pytest.raises(AddressRefused, match="this machine"):
        fetcher.json(f"http://innocent.example:{port}/a")
    assert store.asked == []


def test_a_backend_that_stays_away_ends_the_run_and_no_single_file() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    url = f"http://127.0.0.1:{port}/files/1"
    policy = AddressPolicy.for_backend(f"http://127.0.0.1:{port}")

    with pytest.raises(RemoteIOError, match="Run the same command again"):
        ObjectFetcher(policy, backend=("http", "127.0.0.1", port), sleep=lambda _: None).content(url)
    with pytest.raises(FetchFailed):
        ObjectFetcher(policy, backend=("http", "127.0.0.1", 1), sleep=lambda _: None).content(url)
