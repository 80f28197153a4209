"""The payload of a row: the bytes that came, wherever they lie, and never the wrapper around them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.clients.object_store import Store, body, cut

from exportkit.clients import WireRow
from exportkit.clients.address_policy import AddressPolicy
from exportkit.clients.client_errors import (
    AuthenticationError,
    AuthorizationError,
    CertificateRefused,
    ClientConnectionError,
    ClientError,
    ClientTimeoutError,
    HostileAnswer,
    NotFoundError,
    RateLimitError,
    ValidationError,
    error_of,
)
from exportkit.clients.objects import ObjectFetcher
from exportkit.clients.payloads import PayloadFetcher
from exportkit.errors import RecordFault

PAYLOAD = b'{"annotations": {"image_1": []},  "annotationsData": {}, "n": 1.50}'


@pytest.fixture
def fetcher() -> Iterator[ObjectFetcher]:
    made = ObjectFetcher(AddressPolicy(), sleep=lambda _: None)
    yield made
    made.close()


def row(data: Any, **more: Any) -> WireRow:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    members = {"id": msgspec.Raw(b"7"), "data": msgspec.Raw(text)}
    return WireRow({**members, **{key: msgspec.Raw(json.dumps(value).encode()) for key, value in more.items()}})


def presigned(url: str, **more: Any) -> dict[str, Any]:
    return {"mode": "presigned", "presigned_url": url, **more}


@pytest.mark.parametrize(
    "data",
    [
        PAYLOAD,
        b'{"annotations":{},"annotationsData":{},"mode":"inline","truncated":false}',
        b'{"images":[],"mode":"presigned","presigned_url":"http://127.0.0.1:1/"}',
        b'{"mode":"inline"}',
        b'{"mode":"manual","presigned_url":"x"}',
        b'{"annotations":[{"mode":"presigned","presigned_url":"x"}]}',
        b"null",
        b"[]",
    ],
)
def test_what_is_no_wrapper_is_the_payload_itself(fetcher: ObjectFetcher, data: bytes) -> None:
    assert PayloadFetcher(fetcher).raw(row(data)) == data


def test_a_row_without_data_has_none(fetcher: ObjectFetcher) -> None:
    assert PayloadFetcher(fetcher).raw(WireRow({"id": msgspec.Raw(b"1")})) is None


@pytest.mark.parametrize("key", ["data", "payload", "content"])
def test_an_inline_payload_keeps_its_bytes(fetcher: ObjectFetcher, key: str) -> None:
    wrapper = b'{"mode":"inline","truncated":false,"%b": %b}' % (key.encode(), PAYLOAD)
    assert PayloadFetcher(fetcher).raw(row(wrapper)) == PAYLOAD
    assert PayloadFetcher(fetcher).value(json.loads(wrapper), {}) == json.loads(PAYLOAD)


@pytest.mark.parametrize(
    "wrapper",
    [
        {"mode": "inline", "truncated": False},
        {"mode": "inline", "truncated": True},
        {"mode": "presigned", "truncated": True},
        {"mode": "presigned", "presigned_url": ""},
        {"mode": "presigned", "presigned_url": 7},
        {"mode": "presigned", "presigned_url": "file:///etc/passwd"},
        {"mode": "presigned", "presigned_url": "http://169.254.169.254/latest"},
    ],
)
def test_a_wrapper_that_leads_nowhere_is_an_error_of_its_item(fetcher: ObjectFetcher, wrapper: dict[str, Any]) -> None:
    quick = ObjectFetcher(AddressPolicy(), sleep=lambda _: None, attempts=1)
    with pytest.raises(RecordFault) as caught:
        PayloadFetcher(quick if "169" in str(wrapper) else fetcher).raw(row(wrapper))
    assert caught.value.code == "E_WRAPPER"


@pytest.mark.parametrize("wrapper", [{"mode": "presigned"}, {"mode": "inline", "truncated": True}])
def test_a_payload_elsewhere_comes_whole_and_verified(
    store: Store, fetcher: ObjectFetcher, wrapper: dict[str, Any]
) -> None:
    url = store.serve("/p", cut(PAYLOAD, 9), body(b"", 503), PAYLOAD)
    digest = f"sha256:{hashlib.sha256(PAYLOAD).hexdigest()}"
    given = {**wrapper, "presigned_url": url, "size": len(PAYLOAD), "data_digest": digest}
    assert PayloadFetcher(fetcher).raw(row(given)) == PAYLOAD
    assert len(store.asked) == 3


def test_a_digest_in_a_form_not_known_is_not_verified(store: Store, fetcher: ObjectFetcher) -> None:
    given = presigned(store.serve("/p", PAYLOAD), data_digest="crc32:1234")
    assert PayloadFetcher(fetcher).raw(row(given)) == PAYLOAD


@pytest.mark.parametrize("wrong", [{"size": 5}, {"data_digest": "0" * 64}])
def test_other_bytes_than_declared_are_fetched_twice(
    store: Store, fetcher: ObjectFetcher, wrong: dict[str, Any]
) -> None:
    with pytest.raises(RecordFault):
        PayloadFetcher(fetcher).raw(row(presigned(store.serve("/p", PAYLOAD), **wrong)))
    assert len(store.asked) == 2


def test_a_page_in_the_place_of_a_payload_is_an_error_of_its_item(store: Store, fetcher: ObjectFetcher) -> None:
    url = store.serve("/p", body(b"<html>please log in</html>", Content_Type="text/html"))
    with pytest.raises(RecordFault, match="no JSON"):
        PayloadFetcher(fetcher).raw(row(presigned(url)))
    assert len(store.asked) == 5


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_dead_url_is_replaced_three_times_and_never_repeated(
    store: Store, fetcher: ObjectFetcher, status: int
) -> None:
    urls = [store.serve(f"/{number}", body(b"", status)) for number in range(4)]
    issued = iter(urls[1:])
    payloads = PayloadFetcher(fetcher, lambda _row: row(presigned(next(issued) + "?X-Sig=secret")))
    with pytest.raises(RecordFault) as caught:
        payloads.raw(row(presigned(urls[0])))
    assert [path.partition("?")[0] for path, _ in store.asked] == ["/0", "/1", "/2", "/3"]
    assert "secret" not in str(caught.value)


def test_a_new_url_gives_the_payload(store: Store, fetcher: ObjectFetcher) -> None:
    dead, fresh = store.serve("/dead", body(b"", 403)), store.serve("/fresh", PAYLOAD)
    assert PayloadFetcher(fetcher, lambda _row: row(presigned(fresh))).raw(row(presigned(dead))) == PAYLOAD
    assert PayloadFetcher(fetcher, lambda _row: row(PAYLOAD)).raw(row(presigned(dead))) == PAYLOAD


@pytest.mark.parametrize("again", [lambda url: None, lambda url: row(presigned(url))])
def test_a_dead_url_without_a_new_one_fails_at_once(store: Store, fetcher: ObjectFetcher, again: Any) -> None:
    url = store.serve("/p", body(b"", 403))
    with pytest.raises(RecordFault, match="403"):
        PayloadFetcher(fetcher, lambda _row: again(url)).raw(row(presigned(url)))
    assert len(store.asked) == 1


def test_a_backend_that_fails_to_give_a_new_url_costs_the_item(store: Store, fetcher: ObjectFetcher) -> None:
    def again(_row: Any) -> WireRow:
        raise OSError("away")

    with pytest.raises(RecordFault, match="No new URL"):
        PayloadFetcher(fetcher, again).raw(row(presigned(store.serve("/p", body(b"", 403)))))


@pytest.mark.parametrize(
    "outage",
    [
        ClientConnectionError("away"),
        ClientTimeoutError("slow"),
        RateLimitError("busy"),
        error_of(500),
        error_of(503),
        AuthenticationError("who?"),
        AuthorizationError("no"),
        CertificateRefused(None, "whose?"),
    ],
)
def test_a_backend_that_gives_nobody_a_new_url_costs_the_run_and_not_the_item(
    store: Store, fetcher: ObjectFetcher, outage: ClientError
) -> None:
    def again(_row: Any) -> WireRow:
        raise outage

    with pytest.raises(ClientError) as caught:
        PayloadFetcher(fetcher, again).raw(row(presigned(store.serve("/p", body(b"", 403)))))
    assert caught.value is outage


@pytest.mark.parametrize("refusal", [NotFoundError("gone"), ValidationError(422, "what?"), HostileAnswer("strange")])
def test_a_backend_that_has_no_new_url_for_this_row_alone_costs_the_item(
    store: Store, fetcher: ObjectFetcher, refusal: ClientError
) -> None:
    def again(_row: Any) -> WireRow:
        raise refusal

    with pytest.raises(RecordFault, match="No new URL"):
        PayloadFetcher(fetcher, again).raw(row(presigned(store.serve("/p", body(b"", 403)))))


@pytest.mark.parametrize(
    ("query", "now", "is_tried"),
    [
        ("X-Amz-Date=20260101T000000Z&X-Amz-Expires=900", 1_767_225_600 + 700, True),
        ("X-Amz-Date=20260101T000000Z&X-Amz-Expires=900", 1_767_225_600 + 730, False),
        ("X-Goog-Date=20260101T000000Z&X-Goog-Expires=900", 1_767_225_600 + 730, False),
        ("Expires=1000900", 1_000_700, True),
        ("Expires=1000900", 1_000_730, False),
        ("expires=1000900&sig=x", 1_000_901, False),
        ("Expires=1000", 1_000_730, False),
        ("X-Amz-Date=soon&X-Amz-Expires=900", 1_000_100, True),
        ("X-Amz-Expires=-1", 1_000_100, True),
        ("", 9_999_999_999, True),
    ],
)
def test_a_url_near_the_end_of_its_life_is_replaced_before_it_is_tried(
    store: Store, fetcher: ObjectFetcher, query: str, now: float, is_tried: bool
) -> None:
    old, fresh = store.serve("/old", PAYLOAD), store.serve("/fresh", PAYLOAD)
    payloads = PayloadFetcher(fetcher, lambda _row: row(presigned(fresh)), now=lambda: now)
    assert payloads.raw(row(presigned(f"{old}?{query}")), received=1_000_000.0) == PAYLOAD
    assert [path.partition("?")[0] for path, _ in store.asked] == ["/old" if is_tried else "/fresh"]


def test_a_url_that_only_seems_worn_is_tried_where_there_is_no_other(store: Store, fetcher: ObjectFetcher) -> None:
    url = store.serve("/old", PAYLOAD)
    worn = row(presigned(f"{url}?Expires=1000"))
    assert PayloadFetcher(fetcher).raw(worn) == PAYLOAD
    assert PayloadFetcher(fetcher, lambda given: given).raw(worn) == PAYLOAD
