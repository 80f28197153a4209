"""The page of public samples says what check says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.mark.shared_data
def test_the_page_of_samples_is_what_check_says(checkout: Path, shared_data: Path) -> None:
    spec = importlib.util.spec_from_file_location("sample_page", checkout / "tests/docs/sample_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    written = (checkout / "docs/reference/samples.md").read_text(encoding="utf-8")

    assert written == module.page(shared_data), "run python tests/docs/sample_page.py"
