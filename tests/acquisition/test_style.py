"""By which list a backend is asked: a table of facts and decisions."""

from __future__ import annotations

import pytest

from exportkit.acquisition.style import decide_style
from exportkit.errors import UsageError


@pytest.mark.parametrize(
    ("asked", "filters", "v2", "forced", "streams", "echoes", "word"),
    [
        ("auto", {"project": 1}, True, False, True, True, "stream"),
        ("auto", {"project": 1}, True, False, False, True, "bulk"),
        ("auto", {"project": 1}, True, False, False, False, "bulk"),
        ("auto", {"project": 1, "id__gte": 5}, True, False, False, False, "pages"),
        ("auto", {"project": 1, "id__gte": 5}, True, False, False, True, "bulk"),
        ("bulk", {"project": 1}, True, False, True, True, "bulk"),
        ("bulk", {"project": 1, "tags": 3}, True, False, True, False, "pages"),
        ("stream", {"project": 1}, True, False, True, True, "stream"),
        ("stream", {"project": 1}, True, True, True, True, "pages"),
        ("auto", {"project": 1}, False, False, False, False, "pages"),
        ("auto", {"project": 1}, True, True, True, True, "pages"),
    ],
)
def test_the_style_follows_from_the_facts(
    asked: str, filters: dict[str, object], v2: bool, forced: bool, streams: bool, echoes: bool, word: str
) -> None:
    style = decide_style(asked, target="task", filters=filters, v2=v2, forced_v1=forced, streams=streams, echoes=echoes)

    assert style.word == word
    assert style.reason


@pytest.mark.parametrize(("asked", "streams"), [("stream", False), ("pages", True), ("fast", True), ("", True)])
def test_a_style_that_is_none_or_is_not_offered_is_refused(asked: str, streams: bool) -> None:
    with pytest.raises(UsageError, match="export_acquisition is"):
        decide_style(
            asked, target="task", filters={"project": 1}, v2=True, forced_v1=False, streams=streams, echoes=True
        )
