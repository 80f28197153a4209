"""Lines are counted as they are split, wherever a text is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exportkit.native import core

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core is not built")


@given(st.text("a \n\t\r\v\f\x1c\0", max_size=60).map(str.encode), st.integers(0, 60))
def test_lines_are_counted_across_a_cut(text: bytes, cut: int) -> None:
    assert core is not None
    lines = text.split(b"\n")
    first = bytearray(text[:cut]) + b"left over"

    ends, records, blank = core.count_lines(first, len(text[:cut]), True)
    more_ends, more_records, blank = core.count_lines(text[cut:], len(text[cut:]), blank)

    assert ends + more_ends == len(lines) - 1
    assert records + more_records == sum(bool(line.strip()) for line in lines[:-1])
    assert blank == (not lines[-1].strip())


def test_no_more_than_there_is_is_counted() -> None:
    assert core is not None
    for size in (-1, 2):
        with pytest.raises(ValueError, match="no text"):
            core.count_lines(b"a", size, True)
