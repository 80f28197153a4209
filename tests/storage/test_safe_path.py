"""Paths from a bundle, judged as strings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.storage.safe_path import judge_input_path

SAFE = [
    "files/5/a.jpg",
    "task/part-00001.jsonl",
    "a",
    ".hidden",
    "...",
    "a..b/c...d",
    "trailing. /dot.",
    "with space, comma;semicolon'quote\"",
    "~/home",
    "$HOME/x",
    "CON.jpg",
    "100%.jpg",
    "50%20off.jpg",
    "%41.jpg",
    "사진/😀.jpg",
    "\uff0e\uff0e\uff0fetc",  # full-width dots and slash: ordinary characters
    "\u202egpj.exe",
    "\u2024\u2024/x",
    "x" * 255,
    "가" * 85,
    "/".join(["abcdefg"] * 512),
]
UNSAFE = {
    "": "empty",
    "/etc/passwd": "absolute",
    "//host/share": "absolute",
    "..": "segment '..'",
    "../a": "segment '..'",
    "a/../b": "segment '..'",
    "a/..": "segment '..'",
    ".": "segment '.'",
    "./a": "segment '.'",
    "a/./b": "segment '.'",
    "a//b": "empty segment",
    "a/": "empty segment",
    "a\\b": "backslash",
    "..\\..\\x": "backslash",
    "\\\\host\\share": "backslash",
    "C:/x": "colon",
    "c:x": "colon",
    "file:///etc/passwd": "colon",
    "a.jpg:stream": "colon",
    "a\0b": "control",
    "a\nb": "control",
    "a\x7fb": "control",
    "a\x85b": "control",
    "%2e%2e/x": "percent",
    "%2E./x": "percent",
    "a%2fb": "percent",
    "a%2Fb": "percent",
    "a%5cb": "percent",
    "%252e%252e%252fx": "percent",
    "%25252fx": "percent",
    "a\ud800": "surrogate",
    "\udc2e./x": "surrogate",
    "x" * 256: "255 bytes",
    "가" * 86: "255 bytes",
    "a/" * 2048 + "a": "4096 bytes",
}


@pytest.mark.parametrize("path", SAFE)
def test_an_ordinary_name_of_any_script_is_safe(path: str) -> None:
    assert judge_input_path(path) is None


@pytest.mark.parametrize(("path", "reason"), UNSAFE.items())
def test_a_path_that_could_leave_the_bundle_is_refused_with_its_reason(path: str, reason: str) -> None:
    assert reason in str(judge_input_path(path))


@pytest.mark.parametrize("path", [path for path in UNSAFE if path and len(path) < 200])
def test_what_is_unsafe_alone_is_unsafe_below_a_folder(path: str) -> None:
    assert judge_input_path(f"files/{path}") is not None


@settings(max_examples=100)
@given(st.text(alphabet="./\\%2eEfF5c: a\0\n~", max_size=12))
def test_a_path_found_safe_has_only_plain_segments(path: str) -> None:
    if judge_input_path(path) is None:
        assert not {"", ".", ".."} & set(path.split("/"))
        assert not set("\\:\0\n") & set(path)
        assert not any(escape in path.lower() for escape in ("%2e", "%2f", "%5c"))
