"""What no committed file may hold, whoever wrote it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

#: Files whose content is data on purpose (odd line ends, byte-order marks) and not text of ours.
DATA = ("fixtures/",)
BINARY = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".jp2", ".gz", ".zst", ".npy"}
#: Only these may stand at the top of the checkout, beside dot-files.
TOP = {
    "LICENSE",
    "Makefile",
    "README.md",
    "docs",
    "fixtures",
    "formats",
    "pyproject.toml",
    "requirements.lock",
    "src",
    "tests",
}

#: Written in halves, so that this file does not find itself.
MACHINE_PATH = re.compile("|".join(["/ro" + "ot/", "/wo" + "rk/", "/ho" + r"me/\w", r"/Use" + r"rs/\w"]))
INDEX_HOST = re.compile(
    "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "index" + "-url", "registry" + r"\.npmjs"])
)
ASSISTANT = re.compile(
    r"\b(?:"
    + "|".join(["chat" + "gpt", "gpt" + r"-\d", "clau" + "de", "anthro" + "pic", "copi" + "lot", "gemi" + "ni"])
    + r")\b",
    re.IGNORECASE,
)


def committed(checkout: Path) -> list[str]:
    """Paths of all files that git follows or would follow; the test is about a checkout, not about a wheel."""
    command = ["git", "-C", str(checkout), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [name for name in names if (checkout / name).is_file()]


def texts(checkout: Path) -> Iterator[tuple[str, str]]:
    for name in committed(checkout):
        path = checkout / name
        if path.suffix.lower() in BINARY or path.is_symlink():
            continue
        yield name, path.read_bytes().decode("utf-8", errors="replace")


@pytest.mark.parametrize(
    ("what", "pattern"),
    [("a path of one machine", MACHINE_PATH), ("the host of a package index", INDEX_HOST), ("an AI tool", ASSISTANT)],
)
def test_no_file_names(checkout: Path, what: str, pattern: re.Pattern[str]) -> None:
    found = [f"{name}: {match.group()}" for name, text in texts(checkout) if (match := pattern.search(text))]
    assert found == [], f"names {what}"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("see /ro" + "ot/x", MACHINE_PATH),
        ("--index" + "-url x", INDEX_HOST),
        ("made with Copi" + "lot", ASSISTANT),
    ],
)
def test_the_patterns_find_what_they_are_for(text: str, pattern: re.Pattern[str]) -> None:
    assert pattern.search(text)


def test_text_has_plain_line_ends_no_tabs_and_a_final_newline(checkout: Path) -> None:
    untidy: list[str] = []
    for name, text in texts(checkout):
        if name.startswith(DATA) or name == "LICENSE" or not text:
            continue
        lines = text.split("\n")
        if "\r" in text or text.startswith("\ufeff") or lines[-1] != "" or any(line != line.rstrip() for line in lines):
            untidy.append(name)
        if "\t" in text and name != "Makefile":
            untidy.append(f"{name} (tab)")
    assert untidy == []


def test_only_the_agreed_names_stand_at_the_top(checkout: Path) -> None:
    top = {name.split("/")[0] for name in committed(checkout)}
    assert {name for name in top if not name.startswith(".")} <= TOP


def test_the_licence_is_the_whole_apache_licence(checkout: Path) -> None:
    text = (checkout / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
