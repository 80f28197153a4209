from __future__ import annotations

from typing import Any

import pytest

from exportkit.wire.wrapper import MEDIA_KEYS, is_wrapper, unwrap


@pytest.mark.parametrize(
    "wrapper",
    [
        {"mode": "presigned", "presigned_url": "https://x/1", "size": 3},
        {"mode": "presigned", "presigned_url": ""},
        {"mode": "presigned", "truncated": False},
        {"mode": "inline", "truncated": True, "presigned_url": "https://x/1"},
        {"mode": "inline", "truncated": True, "data": {"annotations": []}},
        {"mode": "inline", "truncated": False},
    ],
)
def test_a_wrapper_that_needs_a_connection_or_holds_nothing_gives_a_reason(wrapper: dict[str, Any]) -> None:
    payload, reason = unwrap(wrapper)
    assert payload is None
    assert reason is not None
    assert reason.endswith(".")


@pytest.mark.parametrize("key", ["data", "payload", "content"])
def test_an_inline_wrapper_is_taken_off(key: str) -> None:
    assert unwrap({"mode": "inline", "truncated": False, key: {"annotations": []}}) == ({"annotations": []}, None)


def test_the_first_present_key_holds_the_payload() -> None:
    wrapper = {"mode": "inline", "truncated": False, "content": 3, "payload": 2, "data": None}
    assert unwrap(wrapper) == (None, None)


def test_an_inline_wrapper_with_a_url_is_not_truncated_unless_it_says_so() -> None:
    assert unwrap({"mode": "inline", "presigned_url": "https://x", "data": {"a": 1}}) == ({"a": 1}, None)


@pytest.mark.parametrize(
    "payload",
    [
        {"mode": "inline", "annotations": []},
        {"mode": "inline", "truncated": False, "annotations": []},
        {"mode": "inline"},
        {"mode": "inline", "truncated": "no"},
        {"mode": ["inline"], "truncated": True},
        {"mode": "other", "presigned_url": "https://x"},
        *({"mode": "presigned", "presigned_url": "https://x", key: []} for key in sorted(MEDIA_KEYS)),
        [],
        None,
        "inline",
    ],
)
def test_a_payload_that_only_looks_like_a_wrapper_stays_as_it_is(payload: object) -> None:
    assert not is_wrapper(payload)
    assert unwrap(payload) == (payload, None)
