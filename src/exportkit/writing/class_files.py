"""Class lists and class locks on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from exportkit.errors import OutputLocked, UsageError
from exportkit.storage.yaml_file import parse_yaml

__all__ = ["LOCK_SCHEMA", "ClassLock", "read_class_list", "read_class_lock", "render_class_lock"]

LOCK_SCHEMA = "exportkit-classes/1"
_LIMIT = 1 << 20


class ClassLock(msgspec.Struct, frozen=True):
    """A lock file as it was read: its names, and a digest that tells later whether somebody changed it."""

    path: Path
    names: tuple[str, ...]
    skeletons: Any = None
    digest: str | None = None

    def ensure_unchanged(self) -> None:
        """Refuse to replace a lock that somebody changed since it was read (exit 10)."""
        if _digest(self.path) != self.digest:
            raise OutputLocked(
                f"The lock file {self.path} was changed by somebody else during this run; run again to use the new one."
            )


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        raise UsageError(f"The {what} {path} cannot be read: {error.strerror}.") from None
    if len(data) > _LIMIT:
        raise UsageError(f"The {what} {path} is larger than 1 MiB; give a list of class names.")
    return data


def _text(data: bytes, path: Path, what: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"The {what} {path} is not UTF-8 at byte {error.start}; save it as UTF-8.") from None


def _checked_names(value: Any, path: Path, what: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UsageError(f"The {what} {path} holds no list of names; write one name per entry.")
    seen: set[str] = set()
    for position, name in enumerate(value, 1):
        if not isinstance(name, str) or not name.strip():
            raise UsageError(f"Entry {position} of the {what} {path} is no class name; quote it as text.")
        if name in seen:
            raise UsageError(f"The {what} {path} names the class {name!r} twice; keep one of them.")
        seen.add(name)
    return tuple(value)


def read_class_list(path: Path) -> tuple[str, ...]:
    """Names of a ``--classes`` file in order.

    ``.txt``: one a line, taken exactly; ``.yaml`` and ``.json``: a list, or ``{classes: […]}``.
    """
    what = "class list"
    text = _text(_read(path, what), path, what)
    suffix = path.suffix.lower()
    if suffix == ".json":
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"The {what} {path} is not valid JSON: {error}.") from None
    elif suffix in {".yaml", ".yml"}:
        value = parse_yaml(text, path, f"The {what}").value
    else:
        lines = text.split("\n")
        if lines and not lines[-1]:
            lines.pop()
        value = [line.removesuffix("\r") for line in lines]
        for number, line in enumerate(value, 1):
            if not line.strip():
                raise UsageError(f"Line {number} of the {what} {path} is blank; remove it or write a class name.")
    if isinstance(value, dict):
        value = value.get("classes")
    names = _checked_names(value, path, what)
    if not names:
        raise UsageError(f"The {what} {path} is empty; write one class name per line.")
    return names


def read_class_lock(path: Path) -> ClassLock:
    """The lock at ``path``; an absent file is an empty lock that the run will create."""
    what = "lock file"
    if not path.exists():
        if path.is_symlink():
            raise UsageError(f"The {what} {path} is a link to nothing; remove it or name another file.")
        return ClassLock(path, ())
    data = _read(path, what)
    value = parse_yaml(_text(data, path, what), path, f"The {what}").value
    if not isinstance(value, dict) or value.get("schema") != LOCK_SCHEMA:
        raise UsageError(f"The {what} {path} does not say 'schema: {LOCK_SCHEMA}'; name a lock file made by exportkit.")
    names = _checked_names(value.get("classes"), path, what)
    return ClassLock(path, names, value.get("skeletons"), hashlib.sha256(data).hexdigest())


def render_class_lock(names: tuple[str, ...], skeletons: Any = None) -> bytes:
    """The lock file's bytes: YAML 1.2, every name double-quoted and in ASCII."""
    lines = [f"schema: {LOCK_SCHEMA}", "classes:" if names else "classes: []"]
    lines.extend(f"- {quoted_yaml(name)}" for name in names)
    if skeletons is not None:
        lines.append("skeletons: " + json.dumps(skeletons, ensure_ascii=True, sort_keys=True))
    return ("\n".join(lines) + "\n").encode("ascii")


def quoted_yaml(text: str) -> str:
    """A YAML double-quoted scalar in printable ASCII; astral characters are one escape, never surrogate pairs."""
    out = []
    for char in text:
        code = ord(char)
        if char in '"\\':
            out.append("\\" + char)
        elif 0x20 <= code < 0x7F:
            out.append(char)
        elif code < 0x100:
            out.append(f"\\x{code:02x}")
        elif code < 0x10000:
            out.append(f"\\u{code:04x}")
        else:
            out.append(f"\\U{code:08x}")
    return '"' + "".join(out) + '"'
