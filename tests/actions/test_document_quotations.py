"""The examples under fixtures/actions are those of the document: indentation restored, nothing else changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.actions.plugin_folder import ACTIONS, FOLDERS

DOCUMENT = Path(__file__).parents[3] / "shared" / "spec" / "export-actions.txt"
MARK = re.compile(r"\s*# -- (frame|quoted)$")
#: Starts of lines that only code has.
CODE = re.compile(r"(def |class |from \w[\w.]* import|import \w|@|self\.|return\b|registry\.|context\.|raise )")

pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the document lies beside the checkout only")


def bare(text: str) -> str:
    """A line without its white space."""
    return "".join(text.split())


def document() -> list[tuple[int, str]]:
    """Numbered lines that hold anything, without white space."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    return [(number, bare(line)) for number, line in enumerate(lines, 1) if bare(line)]


def quotations(file: Path) -> list[list[str]]:
    """Blocks of quoted lines; a file without marks is quoted as a whole."""
    lines = file.read_text(encoding="utf-8").splitlines()
    blocks: list[list[str]] = [[]]
    quoted = not any(MARK.match(line) for line in lines)
    for line in lines:
        mark = MARK.match(line)
        if mark:
            quoted = mark[1] == "quoted"
            blocks.append([])
        elif quoted and bare(line):
            blocks[-1].append(bare(line))
    return [block for block in blocks if block]


def files() -> list[Path]:
    found = [ACTIONS / name / "plugin" / "export.py" for name in FOLDERS]
    return [*found, ACTIONS / "my_export" / "config.yaml", ACTIONS / "my_export" / "run.sh"]


def places(block: list[str], lines: list[tuple[int, str]]) -> list[range]:
    """Numbers of the lines where a block stands in the document."""
    texts = [text for _, text in lines]
    return [
        range(lines[start][0], lines[start + len(block) - 1][0] + 1)
        for start in range(len(texts) - len(block) + 1)
        if texts[start : start + len(block)] == block
    ]


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(ACTIONS)))
def test_quoted_lines_stand_in_the_document_one_after_the_other(file: Path) -> None:
    lines = document()
    strange = [block[0] for block in quotations(file) if not places(block, lines)]
    assert strange == []


def test_every_line_of_code_in_the_document_is_quoted() -> None:
    lines = document()
    quoted = {
        number for file in files() for block in quotations(file) for place in places(block, lines) for number in place
    }
    source = DOCUMENT.read_text(encoding="utf-8").splitlines()
    left = [f"{number}: {line}" for number, line in enumerate(source, 1) if CODE.match(line) and number not in quoted]
    assert left == []
