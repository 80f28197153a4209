"""Fault matrix, rows 15 to 18: payloads and originals over object stores and networks that fail."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.clients.object_store import Store, body

from exportkit.clients import WireRow
from exportkit.clients.address_policy import AddressPolicy
from exportkit.clients.objects import FetchFailed, ObjectFetcher
from exportkit.clients.payloads import PayloadFetcher
from exportkit.errors import RecordFault
from exportkit.testing import Fault, FaultProxy

PAYLOAD = b'{"annotations": {"image_1": []}, "annotationsData": {}}'
FILE = bytes(range(256)) * 3


@pytest.fixture
def proxy(store: Store) -> Iterator[FaultProxy]:
    with FaultProxy(store.url) as made:
        yield made


@pytest.fixture
def fetcher() -> Iterator[ObjectFetcher]:
    made = ObjectFetcher(AddressPolicy(), timeout=0.5, sleep=lambda _: None)
    yield made
    made.close()


def wrapped(url: str, **more: Any) -> WireRow:
    data = {"mode": "presigned", "presigned_url": url, **more}
    return WireRow({"id": msgspec.Raw(b"1"), "data": msgspec.Raw(json.dumps(data).encode())})


def saved(fetcher: ObjectFetcher, url: str, path: Path, **more: Any) -> bytes:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        fetcher.file(url, descriptor, **more)
    finally:
        os.close(descriptor)
    return path.read_bytes()


def test_a_payload_cut_at_any_byte_comes_whole(store: Store, proxy: FaultProxy) -> None:
    store.serve("/p", PAYLOAD)
    fetcher = ObjectFetcher(AddressPolicy(), sleep=lambda _: None)
    assert fetcher.content(f"{proxy.url}/p") == PAYLOAD
    length = len(proxy.connections[0].answer)
    fetcher.close()
    for after in range(0, length, 3):
        for is_reset in (False, True):
            proxy.plan(Fault(cut_answer_after=after, is_reset=is_reset))
            assert fetcher.content(f"{proxy.url}/p") == PAYLOAD, after
            fetcher.close()


@pytest.mark.parametrize("tag", ['"strong"', 'W/"weak"', None])
def test_a_file_cut_at_any_byte_comes_whole(store: Store, proxy: FaultProxy, tmp_path: Path, tag: str | None) -> None:
    store.serve("/f", body(FILE, 200, **({"ETag": tag} if tag else {})))
    digest = hashlib.sha256(FILE).hexdigest()
    fetcher = ObjectFetcher(AddressPolicy(), sleep=lambda _: None)
    for after in range(0, 900, 37):
        proxy.plan(Fault(cut_answer_after=after), Fault(cut_answer_after=after + 11, is_reset=True))
        assert saved(fetcher, f"{proxy.url}/f", tmp_path / "f", sha256=digest) == FILE, after
        fetcher.close()


@pytest.mark.parametrize("place", [2, 20, 50])
def test_a_turned_bit_is_noticed_and_fetched_again(
    store: Store, proxy: FaultProxy, fetcher: ObjectFetcher, place: int
) -> None:
    store.serve("/p", PAYLOAD)
    assert fetcher.content(f"{proxy.url}/p") == PAYLOAD
    start = len(proxy.connections[0].answer) - len(PAYLOAD)
    fetcher.close()
    digest = hashlib.sha256(PAYLOAD).hexdigest()
    proxy.plan(Fault(flip_answer_bit_at=start + place))
    assert PayloadFetcher(fetcher).raw(wrapped(f"{proxy.url}/p", data_digest=digest)) == PAYLOAD
    assert len(store.asked) == 3


def _range_as_200_whole(request: Any) -> None:
    body(FILE, 200, ETag='"1"')(_without_range(request))


def _range_as_200_part(request: Any) -> None:
    body(FILE[100:], 200, ETag='"1"')(_without_range(request))


def _another_range(request: Any) -> None:
    request.send_response(206)
    request.send_header("Content-Range", f"bytes 5-{len(FILE) - 1}/{len(FILE)}")
    request.send_header("Content-Length", str(len(FILE) - 5))
    request.end_headers()
    request.wfile.write(FILE[5:])


def _without_range(request: Any) -> Any:
    del request.headers["Range"]
    return request


@pytest.mark.parametrize("answer", [_range_as_200_whole, _range_as_200_part, _another_range])
def test_a_part_is_appended_only_where_it_surely_is_the_rest(
    store: Store, proxy: FaultProxy, fetcher: ObjectFetcher, tmp_path: Path, answer: Callable[[Any], None]
) -> None:
    store.serve("/f", body(FILE, ETag='"1"'), answer, body(FILE, ETag='"1"'))
    proxy.plan(Fault(cut_answer_after=400))
    digest = hashlib.sha256(FILE).hexdigest()
    assert saved(fetcher, f"{proxy.url}/f", tmp_path / "f", sha256=digest) == FILE
    assert store.asked[1][1]["If-Range"] == '"1"'


def test_a_store_that_stands_still_is_left(store: Store, proxy: FaultProxy, fetcher: ObjectFetcher) -> None:
    store.serve("/p", PAYLOAD)
    proxy.plan(Fault(freeze_answer_after=30), Fault(freeze_answer_after=0))
    assert fetcher.content(f"{proxy.url}/p") == PAYLOAD


def test_one_store_of_many_that_is_down_costs_its_own_items(
    store: Store, proxy: FaultProxy, fetcher: ObjectFetcher
) -> None:
    store.serve("/p", PAYLOAD)
    proxy.down()
    payloads = PayloadFetcher(fetcher)
    found = []
    for number in range(40):
        host = proxy.url if number % 2 else store.url
        try:
            found.append(payloads.raw(wrapped(f"{host}/p")))
        except RecordFault as fault:
            found.append(fault.code.encode())
    assert found == [PAYLOAD, b"E_WRAPPER"] * 20


def test_urls_that_end_while_they_wait_are_replaced_item_by_item(store: Store, fetcher: ObjectFetcher) -> None:
    issued: list[str] = []

    def again(row: Any) -> WireRow:
        issued.append(row["data"]["presigned_url"])
        return wrapped(store.serve(f"/fresh{len(issued)}", PAYLOAD))

    payloads = PayloadFetcher(fetcher, again)
    rows = [wrapped(store.serve(f"/{n}", body(b"", 403) if n % 3 else body(PAYLOAD))) for n in range(9)]
    assert [payloads.raw(row) for row in rows] == [PAYLOAD] * 9
    assert [url.rpartition("/")[2] for url in issued] == ["1", "2", "4", "5", "7", "8"]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "https://[fd00::1]/",
        "http://localhost.evil.example/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://user:pw@127.0.0.1/",
    ],
)
def test_a_url_into_a_private_network_costs_its_item_and_reaches_nobody(url: str) -> None:
    fetcher = ObjectFetcher(AddressPolicy(), attempts=1, sleep=lambda _: None)
    with pytest.raises(RecordFault) as caught:
        PayloadFetcher(fetcher).raw(wrapped(url))
    assert caught.value.code == "E_WRAPPER"


def test_a_chain_of_redirections_leads_nowhere(store: Store, fetcher: ObjectFetcher, tmp_path: Path) -> None:
    store.serve("/a", body(b"", 302, Location=f"{store.url}/b"))
    store.serve("/b", body(FILE))
    with pytest.raises(FetchFailed, match="redirection"):
        saved(fetcher, f"{store.url}/a", tmp_path / "f")
    assert [path for path, _ in store.asked] == ["/a"]
