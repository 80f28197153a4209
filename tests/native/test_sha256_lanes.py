"""Texts that are hashed side by side have the digests of hashlib."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.native import core

pytestmark = pytest.mark.skipif(
    core is None or core.sha256_digests([]) is None, reason="there is no compiled core, or the processor has no lanes"
)

LANES = 16


def digests(texts: list[bytes]) -> list[str]:
    assert core is not None
    found = core.sha256_digests(texts)
    assert isinstance(found, list)
    return found


def expected(texts: list[bytes]) -> list[str]:
    return [hashlib.sha256(text).hexdigest() for text in texts]


@pytest.mark.parametrize("count", [1, LANES // 2, LANES, 3 * LANES + 1])
def test_lengths_around_the_ends_of_blocks_make_no_difference(count: int) -> None:
    draw = random.Random(count)

    for length in range(200):
        texts = [draw.randbytes(length) for _ in range(count)]
        assert digests(texts) == expected(texts)


@pytest.mark.parametrize("count", range(3 * LANES))
def test_any_number_of_texts_of_unequal_lengths_is_hashed(count: int) -> None:
    draw = random.Random(count)
    texts = [draw.randbytes(draw.choice([0, 55, 56, 63, 64, 65, 119, 120, 1000, 70_000])) for _ in range(count)]

    assert digests(texts) == expected(texts)


@given(st.lists(st.binary(max_size=300), max_size=40))
def test_whatever_the_texts_are_each_has_its_own_digest(texts: list[bytes]) -> None:
    assert digests(texts) == expected(texts)


def test_what_is_no_bytes_is_refused() -> None:
    assert core is not None
    with pytest.raises(TypeError, match="bytes"):
        core.sha256_digests([b"", "text"])
