"""Safe output names, and their collisions (formats, section 4).

A name is made in two steps. :func:`safe_name` looks at one source name alone, so any worker can repeat it.
:class:`NamePlan` looks at all of them once, before encoding, and says which records need another name.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import pairwise
from zlib import adler32, crc32

import msgspec

from exportkit.errors import RecordFault
from exportkit.pictures import EXTENSIONS
from exportkit.writing.contract import NamingRule

__all__ = [
    "KeyIndex",
    "NameCandidate",
    "NamePlan",
    "SafeName",
    "class_word",
    "key_hash",
    "name_key",
    "plain_key",
    "plan_names",
    "safe_name",
    "split_stem",
]

_LONGEST_NAME = 200
_LONGEST_COMPONENT = 255
_LONGEST_PATH = 4096
_RESERVED_WORDS = r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])"
#: Names that need no closer look: plain ASCII, a short extension, no reserved word.
_CLEAN = re.compile(
    rf"(?:(?!{_RESERVED_WORDS}[./])[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?/)*+"
    rf"(?!{_RESERVED_WORDS}\.)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?\.[A-Za-z0-9]{{1,5}}\Z",
    re.IGNORECASE | re.ASCII,
)
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_REPLACED = re.compile(r'[:<>"|?*]')
_RESERVED = re.compile(rf"{_RESERVED_WORDS}(?=\.|$)", re.IGNORECASE)
_DRIVE = re.compile(r"[A-Za-z]:(?:/|$|[^/]*$)")
_PLAIN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_MADE_LETTERS = 12
#: What a picture most likely is whose file is not there.
_COMMON_FORMAT = "jpg"


class SafeName(msgspec.Struct, frozen=True, gc=False):
    """A planned name and whether it differs from what the source gave (leaving folders out does not count)."""

    name: str
    changed: bool


def split_stem(name: str) -> tuple[str, str]:
    """Path without the last extension, and the extension with its dot (empty if there is none)."""
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if dot > name.rfind("/") + 1 else (name, "")


def name_key(stem: str) -> str:
    """What two names must not share: NFC, then casefold, of the path without its extension."""
    return stem.lower() if stem.isascii() else unicodedata.normalize("NFC", stem).casefold()


def class_word(name: str, index: int) -> str:
    """A class name as a part of a file's name; ``class_<index>`` for what the naming rules refuse."""
    # The suffix keeps a dot within the name from being taken for an extension.
    return _class_name(name, index, "_.txt")


def class_folder(name: str, index: int) -> str:
    """A class name as a folder's name; ``class_<index>`` for what the naming rules refuse."""
    return _class_name(name, index, "/_.txt")


def _class_name(name: str, index: int, rest: str) -> str:
    if "/" in name:
        return f"class_{index}"
    try:
        return safe_name(name + rest, NamingRule()).name.removesuffix(rest)
    except RecordFault:
        return f"class_{index}"


def key_hash(key: str) -> int:
    """64 bits of a name key, equal in every process; two sums, of which one alone would be equal too often."""
    data = key.encode()
    return crc32(data) << 32 | adler32(data)


def plain_key(name: str, rule: NamingRule) -> int | None:
    """The key hash of a name that is used as it is, whatever its content; None where :func:`safe_name` decides."""
    if len(name) > _LONGEST_NAME or _CLEAN.match(name) is None:
        return None
    if name[name.rfind(".") + 1 :].lower() in rule.refused_extensions:
        return None
    if rule.layout == "flat":
        name = name[name.rfind("/") + 1 :]
    elif rule.refused_folders and not rule.refused_folders.isdisjoint(name.split("/")[:-1]):
        return None
    return key_hash(name[: name.rfind(".")].lower())


def _refuse(name: str, why: str) -> RecordFault:
    shown = name.encode("unicode_escape").decode("ascii")[:120]
    return RecordFault(
        "E_NAME_UNSAFE", f"The source name '{shown}' {why}, so no safe output name can be made; rename it.", "$"
    )


def _ensure_nameable(name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise _refuse(name, "holds half a character (a lone surrogate)") from None
    if not name:
        raise _refuse(name, "is empty")
    if size > _LONGEST_PATH:
        raise _refuse(name, "is longer than 4096 bytes")
    if _REFUSED.search(name):
        raise _refuse(name, "holds a backslash or a control character")
    if _DRIVE.match(name):
        raise _refuse(name, "looks like a drive")
    for component in name.split("/"):
        if component in {"", ".", ".."}:
            raise _refuse(name, "is absolute or has an empty, '.' or '..' part")
        if len(component.encode()) > _LONGEST_COMPONENT:
            raise _refuse(name, "has a part longer than 255 bytes")


def _safe_component(component: str, *, is_file: bool, rule: NamingRule) -> str:
    out = _REPLACED.sub("_", component)
    if out[0] == ".":
        out = "_" + out[1:]
    if out[-1] in ". ":
        out = out[:-1] + "_"
    stem, extension = split_stem(out) if is_file else (out, "")
    if stem and stem[0].isspace():
        stem = "_" + stem[1:]
    if stem and stem[-1].isspace():
        stem = stem[:-1] + "_"
    if is_file:
        for char in rule.refused_in_stem:
            stem = stem.replace(char, "_")
        if " " in rule.refused_in_stem:
            stem = "".join("_" if char.isspace() else char for char in stem)
    elif stem in rule.refused_folders:
        stem += "_"
    out = stem + extension
    return "_" + out if _RESERVED.match(out) else out


def _cut(component: str, source: str) -> str:
    stem, extension = split_stem(component)
    tail = "__" + hashlib.sha256(source.encode()).hexdigest()[:_MADE_LETTERS] + extension
    room = _LONGEST_NAME - len(tail.encode())
    return stem.encode()[:room].decode(errors="ignore") + tail


def safe_name(source: str, rule: NamingRule, content_format: str = "") -> SafeName:
    """The name that one record would have if it were alone.

    ``content_format`` is the usual extension of the picture's content, empty when unknown. Raises
    RecordFault ``E_NAME_UNSAFE``.
    """
    extension = source[source.rfind(".") + 1 :]
    if extension.lower() in rule.refused_extensions or (rule.needs_extension and not split_stem(source)[1]):
        agrees, content_format = False, content_format or _COMMON_FORMAT
    elif not content_format:
        agrees = True
    elif rule.extension:
        # Loaders that know one extension know it in one spelling.
        agrees = extension == rule.extension
    else:
        agrees = not rule.needs_extension or extension.lower() in EXTENSIONS.get(content_format, (content_format,))
    if agrees and len(source) <= _LONGEST_NAME and _CLEAN.match(source) is not None:
        if rule.layout == "flat":
            return SafeName(source[source.rfind("/") + 1 :], changed=False)
        if not rule.refused_folders or rule.refused_folders.isdisjoint(source.split("/")[:-1]):
            return SafeName(source, changed=False)
    _ensure_nameable(source)
    given = source.split("/") if rule.layout == "tree" else [source[source.rfind("/") + 1 :]]
    if rule.extension and not agrees:
        source = split_stem(source)[0] + "." + rule.extension
        agrees = True
    parts = source.split("/") if rule.layout == "tree" else [source[source.rfind("/") + 1 :]]
    made = [_safe_component(part, is_file=False, rule=rule) for part in parts[:-1]]
    last = _safe_component(parts[-1], is_file=True, rule=rule)
    if rule.needs_extension and not agrees:
        last += "." + content_format
    made.append(last)
    made = [_cut(part, source) if len(part.encode()) > _LONGEST_NAME else part for part in made]
    return SafeName("/".join(made), made != given)


class KeyIndex:
    """Name keys of all records as sorted 64-bit hashes: which occur twice, and whether one occurs at all.

    Eight bytes a record; sorting goes bucket by bucket, so that no second copy of everything exists.
    """

    def __init__(self, hashes: array[int]) -> None:
        bits = max(0, len(hashes).bit_length() - 11)
        buckets = [array("Q") for _ in range(1 << bits)]
        shift = 64 - bits
        for value in hashes:
            buckets[value >> shift if bits else 0].append(value)
        self._sorted = array("Q")
        self.repeated: set[int] = set()
        for position, bucket in enumerate(buckets):
            ordered = sorted(bucket)
            self._sorted.extend(ordered)
            self.repeated.update(a for a, b in pairwise(ordered) if a == b)
            buckets[position] = array("Q")

    def __contains__(self, value: int) -> bool:
        place = bisect_left(self._sorted, value)
        return place < len(self._sorted) and self._sorted[place] == value


class NameCandidate(msgspec.Struct, frozen=True, gc=False):
    """A record whose name may have to change: its place in output order, id, and the name it would have alone."""

    ordinal: int
    item_id: int | str
    media_id: str | None
    name: str
    #: True where the name already differs from the source's.
    changed: bool


class NamePlan(msgspec.Struct, frozen=True):
    """New names by ordinal; every other record keeps the name that it would have alone."""

    renamed: dict[int, str]


def plan_names(
    candidates: Iterable[NameCandidate],
    literal: Callable[[str], bool],
    reserved: frozenset[str] = frozenset(),
) -> NamePlan:
    """Resolve collisions among candidates, which come in output order.

    ``literal(key)`` tells whether some record keeps a name with this key unchanged. Within a group of equal
    keys the smallest id keeps its name; a name that is already a made one gives way to any literal one.
    """
    groups: dict[str, list[NameCandidate]] = {}
    for candidate in candidates:
        groups.setdefault(name_key(split_stem(candidate.name)[0]), []).append(candidate)
    taken: set[str] = {name_key(stem) for stem in reserved}
    renamed: dict[int, str] = {}
    losers: list[NameCandidate] = []
    for key, group in groups.items():
        keeper = next((c for c in group if not c.changed), None)
        if keeper is None and not literal(key):
            keeper = group[0]
        if key in taken:
            keeper = None
        if keeper is not None:
            taken.add(key)
        losers.extend(c for c in group if c is not keeper)
    for loser in sorted(losers, key=lambda c: c.ordinal):
        name = _made_name(loser, lambda key: key in taken or literal(key))
        taken.add(name_key(split_stem(name)[0]))
        renamed[loser.ordinal] = name
    return NamePlan(renamed)


def _made_name(candidate: NameCandidate, is_taken: Callable[[str], bool]) -> str:
    stem, extension = split_stem(candidate.name)
    text = str(candidate.item_id)
    if candidate.media_id is not None:
        text = f"{text}_{candidate.media_id}"
    if not _PLAIN_ID.match(text):
        text = hashlib.sha256(text.encode()).hexdigest()[:_MADE_LETTERS]
    folder, _, last = stem.rpartition("/")
    tail = f"__{text}"
    room = _LONGEST_NAME - len((tail + extension).encode()) - 8
    last = last.encode()[:room].decode(errors="ignore")
    base = f"{folder}/{last}{tail}" if folder else last + tail
    made, number = base, 2
    while is_taken(name_key(made)):
        made = f"{base}_{number}"
        number += 1
    return made + extension
