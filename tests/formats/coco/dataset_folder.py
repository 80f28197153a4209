"""Directories of COCO files that a test makes by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from exportkit.writing import Finding
from exportkit_coco.checker import CocoChecker

__all__ = ["Edit", "Folder", "codes", "findings", "write"]

Edit = Callable[[dict[str, Any]], object]


class Folder:
    """A dataset directory."""

    def __init__(self, root: Path, manifest: dict[str, Any] | None = None) -> None:
        self.root = root
        self.manifest = manifest

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    def is_dir(self, path: str) -> bool:
        return (self.root / path).is_dir()

    def listing(self, folder: str = "") -> Iterator[str]:
        found = (p for p in (self.root / folder).rglob("*") if p.is_file())
        return iter(sorted(p.relative_to(self.root).as_posix() for p in found))

    def folders(self, folder: str = "") -> Iterator[str]:
        return iter(sorted(p.name for p in (self.root / folder).iterdir() if p.is_dir()))

    def read(self, path: str, limit: int = 64 << 20) -> bytes:
        data = (self.root / path).read_bytes()
        if len(data) > limit:
            raise OSError(f"{path} is larger than {limit} bytes")
        return data

    def open_picture(self, path: str) -> int:
        return os.open(self.root / path, os.O_RDONLY)

    def is_known_jpeg(self, path: str) -> bool:
        return False

    def ends(self, path: str, first: int, last: int) -> tuple[bytes, bytes]:
        data = (self.root / path).read_bytes()
        return data[:first], data[max(0, len(data) - last) :]

    def stream(self, path: str, size: int = 1 << 20) -> Iterator[bytes]:
        data = (self.root / path).read_bytes()
        return (data[at : at + size] for at in range(0, len(data), size))


def write(root: Path, path: str, document: dict[str, Any] | bytes) -> None:
    """Put a file into the directory."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())


def findings(root: Path, manifest: dict[str, Any] | None = None) -> list[Finding]:
    """Check a directory as the command does, piece by piece."""
    checker = CocoChecker(Folder(root, manifest))
    reports = [checker.check_pieces([piece]) for piece in checker.pieces()]
    return [*(finding for report in reports for finding in report.findings), *checker.conclude(reports)]


def codes(found: list[Finding]) -> set[tuple[str, str]]:
    """What was found, without where."""
    return {(finding.code, finding.severity) for finding in found}
