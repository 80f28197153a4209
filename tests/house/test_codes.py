"""The table of codes is well-formed, and every code that the program gives stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from exportkit.writing.codes import CODES, describe

#: A code as it is written in a string of the program.
MENTION = re.compile(r"""["']([ELSNC]_[A-Z][A-Z0-9_]*[A-Z0-9])["']""")


def test_every_meaning_is_one_short_sentence_of_its_own() -> None:
    meanings = [code.meaning for code in CODES.values()]
    assert len(set(meanings)) == len(meanings)
    assert [meaning for meaning in meanings if len(meaning) > 100 or meaning.endswith(".")] == []


def test_severity_belongs_to_the_findings_of_check_alone() -> None:
    assert {word for word, code in CODES.items() if code.severity} == {word for word in CODES if word.startswith("C_")}


@pytest.mark.parametrize(
    ("word", "effect", "scope"),
    [
        ("E_BOX_ZERO_AREA", "error", "annotation"),
        ("E_MANIFEST", "error", "bundle"),
        ("L_CLIPPED", "lossy", "annotation"),
        ("S_CROWD", "skipped", "annotation"),
        ("N_EMPTIED", "notice", "record"),
        ("N_TASK_CHOSEN", "notice", "run"),
        ("C_YOLO_ROW", "finding", "dataset"),
    ],
)
def test_a_code_tells_what_it_does_and_what_it_costs(word: str, effect: str, scope: str) -> None:
    assert (CODES[word].effect, CODES[word].scope) == (effect, scope)


def test_a_code_of_a_plugin_is_described_as_such() -> None:
    assert describe("E_MYFMT_TOO_LONG") == "defined by a plugin"
    assert describe("L_CLIPPED") == CODES["L_CLIPPED"].meaning


def mentioned(paths: Iterable[Path]) -> set[str]:
    return {word for path in paths for word in MENTION.findall(path.read_text(encoding="utf-8"))}


def test_every_code_of_the_core_is_in_the_table(checkout: Path) -> None:
    words = mentioned(checkout.glob("src/exportkit/**/*.py"))
    assert words <= set(CODES), words - set(CODES)


@pytest.mark.parametrize("name", ["coco", "csv", "voc", "yolo"])
def test_a_code_of_a_format_is_in_the_table_or_is_its_own_and_on_its_page(checkout: Path, name: str) -> None:
    words = mentioned(checkout.glob(f"formats/exportkit_{name}/*.py")) - set(CODES)
    page = (checkout / f"docs/reference/formats/{name}.md").read_text(encoding="utf-8")
    assert {word for word in words if f"_{name.upper()}_" not in word or f"`{word}`" not in page} == set()
