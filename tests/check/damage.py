"""Hands that break things: damages to a dataset, and the finding that each must earn (formats, section 7)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Damage = Callable[[Path], object]


class Case(NamedTuple):
    """A damage to a dataset and the finding for it."""

    code: str
    severity: str
    dataset: str
    damage: Damage
    file: str | None
    #: 1-based line, or part of the JSON path or element.
    place: int | str | None = None


def text(path: str, old: str, new: str) -> Damage:
    """Replace a text that is there, once."""

    def damage(root: Path) -> None:
        content = (root / path).read_bytes()
        assert old.encode() in content, content
        (root / path).write_bytes(content.replace(old.encode(), new.encode(), 1))

    return damage


def data(path: str, content: bytes) -> Damage:
    """Replace or add a file."""

    def damage(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)

    return damage


def front(path: str, content: bytes) -> Damage:
    """Put bytes before a file."""
    return lambda root: (root / path).write_bytes(content + (root / path).read_bytes())


def behind(path: str, content: bytes) -> Damage:
    """Put bytes behind a file."""
    return lambda root: (root / path).write_bytes((root / path).read_bytes() + content)


def gone(path: str) -> Damage:
    """Remove a file or folder."""

    def damage(root: Path) -> None:
        shutil.rmtree(root / path) if (root / path).is_dir() else (root / path).unlink()

    return damage


def moved(path: str, other: str) -> Damage:
    """Rename a file."""
    return lambda root: (root / path).rename(root / other)


def copied(path: str, other: str) -> Damage:
    """Copy a file."""

    def damage(root: Path) -> None:
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, root / other)

    return damage


def linked(path: str, target: str) -> Damage:
    """Make a file a link."""

    def damage(root: Path) -> None:
        (root / path).unlink()
        (root / path).symlink_to(target)

    return damage


def cut(path: str) -> Damage:
    """Take the second half of a file away."""

    def damage(root: Path) -> None:
        content = (root / path).read_bytes()
        (root / path).write_bytes(content[: len(content) // 2])

    return damage


def turned(path: str) -> Damage:
    """Give a JPEG an EXIF orientation of 3, which keeps its size."""

    def damage(root: Path) -> None:
        content = (root / path).read_bytes()
        tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0"
        segment = b"\xff\xe1" + (len(tiff) + 8).to_bytes(2, "big") + b"Exif\0\0" + tiff
        (root / path).write_bytes(content[:2] + segment + content[2:])

    return damage


def emptied(folder: str) -> Damage:
    """Take the content of every label file away."""

    def damage(root: Path) -> None:
        for path in (root / folder).rglob("*.txt"):
            path.write_bytes(b"")

    return damage


def both(*damages: Damage) -> Damage:
    """Several damages."""

    def damage(root: Path) -> None:
        for one in damages:
            one(root)

    return damage
