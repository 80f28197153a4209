"""The lock file pins names, versions and hashes, and no place to get them from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ENTRY = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^ ;]+)(?: ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(checkout: Path) -> dict[str, int]:
    """Hashes counted for each locked name; every line is an entry or a hash."""
    counts: dict[str, int] = {}
    name = ""
    for line in (checkout / "requirements.lock").read_text(encoding="utf-8").splitlines():
        entry = ENTRY.match(line)
        if entry:
            name = entry["name"]
            counts.setdefault(name, 0)
        else:
            assert HASH.match(line), line
            counts[name] += 1
    return counts


def test_every_locked_release_has_hashes(checkout: Path) -> None:
    assert [name for name, hashes in locked(checkout).items() if hashes == 0] == []


def test_everything_that_the_project_asks_for_is_locked(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"]]
    for extra in ("dev", "geometry", "images", "testing", "zstd"):
        wanted += extras[extra]
    names = {canonical(re.split(r"[\[<>=! ]", requirement)[0]) for requirement in wanted} - {"exportkit"}
    assert names <= set(locked(checkout))


def test_no_address_stands_in_the_lock_file(checkout: Path) -> None:
    assert "://" not in (checkout / "requirements.lock").read_text(encoding="utf-8")


def test_the_consumers_come_in_exact_versions(checkout: Path) -> None:
    lists = {
        path.stem: path.read_text(encoding="utf-8") for path in checkout.glob("tests/consumers/environments/*.txt")
    }
    assert set(lists) >= {"torch", "datumaro", "globox", "labelformat"}
    for text in lists.values():
        wanted = [line for line in text.splitlines() if line and not line.startswith("#")]
        assert wanted
        assert [line for line in wanted if "==" not in line.split(";")[0]] == []
