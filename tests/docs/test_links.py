"""Every link of the documentation leads somewhere, and every page can be reached."""

from __future__ import annotations

import re
from pathlib import Path

LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def pages(checkout: Path) -> list[Path]:
    return [checkout / "README.md", *sorted(checkout.glob("docs/**/*.md"))]


def targets(page: Path) -> set[Path]:
    """Files that a page links to."""
    links = LINK.findall(page.read_text(encoding="utf-8"))
    return {(page.parent / link.split("#")[0]).resolve() for link in links if "://" not in link and link[0] != "#"}


def test_every_link_leads_to_a_file(checkout: Path) -> None:
    broken = [
        f"{page.relative_to(checkout)} -> {target}"
        for page in pages(checkout)
        for target in targets(page)
        if not target.exists()
    ]
    assert broken == []


def test_every_page_can_be_reached_from_the_first(checkout: Path) -> None:
    reached: set[Path] = set()
    ahead = {(checkout / "docs/index.md").resolve()}
    while ahead:
        page = ahead.pop()
        reached.add(page)
        if page.suffix == ".md":
            ahead |= targets(page) - reached
    assert {page.resolve() for page in pages(checkout)} - reached <= {(checkout / "README.md").resolve()}
