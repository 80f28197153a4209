"""Plugins see one form of an item, and what they leave in place keeps its proofs."""

from __future__ import annotations

from typing import Any

import pytest

from exportkit.wire import canonical_item, restored_item

STAGED = {"bundle_path": "files/5/a.jpg", "size": 9, "sha256": "ab", "file_name_original": "a.jpg"}
ELSEWHERE = {"url": "http://host/a?signature=1", "size": 9, "file_name_original": "a.jpg"}


@pytest.mark.parametrize(
    ("entry", "seen"),
    [
        (STAGED, {"bundle_path": "files/5/a.jpg", "file_name_original": "a.jpg"}),
        (ELSEWHERE, {"file_name_original": "a.jpg"}),
    ],
)
def test_how_a_file_is_fetched_is_not_shown_and_not_lost(entry: dict[str, Any], seen: dict[str, Any]) -> None:
    row = {"id": 5, "data": {}, "files_manifest": {"image_1": entry}}

    item = canonical_item(row)

    assert item["files_manifest"] == {"image_1": seen}
    assert restored_item(item, row)["files_manifest"] == {"image_1": entry}


def test_a_file_that_a_plugin_puts_in_its_place_gets_no_proofs_of_another() -> None:
    row = {"id": 5, "data": {}, "files_manifest": {"image_1": STAGED}}
    other = {"bundle_path": "files/5/b.jpg"}

    assert restored_item({"id": 5, "files_manifest": {"image_1": other}}, row)["files_manifest"] == {"image_1": other}
