"""The page of kinds says what the writers do."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_the_page_of_kinds_is_what_the_writers_do(checkout: Path) -> None:
    spec = importlib.util.spec_from_file_location("kind_page", checkout / "tests/docs/kind_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    written = (checkout / "docs/reference/kinds.md").read_text(encoding="utf-8")

    assert written == module.page(), "run python tests/docs/kind_page.py"
