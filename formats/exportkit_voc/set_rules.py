"""Rules for the lists of ``ImageSets``: 42 and 46 of ``check`` (formats, section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate

from exportkit.writing import Finding

__all__ = ["Flags", "SetLists", "is_class_list", "judge_segmentation_sets", "judge_sets"]

#: Class name → id → whether one of its objects is not difficult.
Flags = Mapping[str, Mapping[str, bool]]
#: Word of a list file (its name without ``.txt``) → its bytes.
SetLists = Mapping[str, bytes]

#: A class name that is the name of a file as it is, on every system.
_PLAIN_NAME = re.compile(r"(?!(?:con|prn|aux|nul|com.|lpt.)(?:\.|\Z))\w(?:[\w.+-]{0,98}\w)?", re.IGNORECASE)
_TRAINVAL = "trainval"
_EASY, _DIFFICULT, _BLANK = b"10 "


def is_class_list(data: bytes) -> bool:
    """Whether a list has a second column: then it is one of a class and not one of ids."""
    end = data.find(b"\n")
    return len((data if end < 0 else data[:end]).split()) > 1


def judge_segmentation_sets(folder: str, lists: SetLists, ids: Sequence[str]) -> Iterator[Finding]:
    """Judge the lists of pictures with segmentation planes; ``ids`` are those of all planes in question."""
    known, what = set(ids), "segmentation plane"
    splits = {word: _ids_of(data) for word, data in lists.items() if data}
    for word, listed in splits.items():
        yield from _id_findings(f"{folder}/{word}.txt", listed, known, what)
    yield from _sum_findings(folder, splits, known, what)


def judge_sets(folder: str, lists: SetLists, ids: Sequence[str], flags: Flags) -> Iterator[Finding]:
    """Judge lists against the annotation files that they are about.

    ``lists`` are whole files, or their parts about ``ids``; ``ids`` are all annotation files in question.
    """
    splits = {word: _ids_of(data) for word, data in lists.items() if data and not is_class_list(data)}
    known, what = set(ids), "annotation file"
    for word, listed in splits.items():
        yield from _id_findings(f"{folder}/{word}.txt", listed, known, what)
    yield from _sum_findings(folder, splits, known, what)
    forms: dict[str, _ClassForm] = {}
    # A class whose name no file system takes has a list of another name.
    odd = [seen for name, seen in flags.items() if not _is_plain_name(name)]
    for word, data in lists.items():
        if data and word not in splits:
            split = max((name for name in splits if word.endswith(f"_{name}")), key=len, default=None)
            if split is None:
                message = "There is no id list for this list of a class."
                yield _error("C_VOC_CLASS_SET", message, f"{folder}/{word}.txt", None)
                continue
            form = forms[split] = forms.get(split) or _ClassForm(splits[split])
            own = flags.get(word.removesuffix(f"_{split}"))
            candidates = [own] if own is not None else [{}, *odd]
            if not any(data == form.expected(candidate) for candidate in candidates):
                yield from _line_findings(f"{folder}/{word}.txt", data, form.ids, candidates)


@lru_cache(maxsize=1 << 12)
def _is_plain_name(name: str) -> bool:
    return _PLAIN_NAME.fullmatch(name) is not None


def _ids_of(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").removesuffix("\n").split("\n") if data else []


def _id_findings(path: str, listed: list[str], known: set[str], what: str) -> Iterator[Finding]:
    text = "\n".join(listed)
    if "#" not in text and text.split() == listed and len(set(listed)) == len(listed) and known.issuperset(listed):
        return
    seen: set[str] = set()
    for line, name in enumerate(listed, 1):
        bare = name.strip()
        if not bare:
            continue
        if _is_odd(bare):
            yield _error("C_VOC_SET", "An id holds a blank or '#', so readers cut it.", path, line)
        elif bare in seen:
            yield _error("C_VOC_SET", f"The id {ascii(bare)[:120]} stands here twice.", path, line)
        elif bare not in known:
            yield _error("C_VOC_SET", f"The id {ascii(bare)[:120]} has no {what}.", path, line)
        seen.add(bare)


def _is_odd(name: str) -> bool:
    return "#" in name or len(name.split()) != 1


def _sum_findings(folder: str, splits: Mapping[str, list[str]], known: set[str], what: str) -> Iterator[Finding]:
    clean = {word: set(map(str.strip, listed)) for word, listed in splits.items()}
    parts = clean.get("train", set()) | clean.get("val", set())
    together = clean.get(_TRAINVAL)
    if together is not None and parts and together != parts:
        message = f"'{_TRAINVAL}' is not train and val together."
        yield _error("C_VOC_SET", message, f"{folder}/{_TRAINVAL}.txt", None)
    missing = known.difference(*clean.values())
    if missing:
        message = f"{len(missing)} {what}s stand in no list, {ascii(min(missing))[:120]} among them."
        yield _error("C_VOC_SET", message, folder, None)


class _ClassForm:
    """The lists per class of one split as the devkit writes them; nearly all their lines say −1."""

    def __init__(self, ids: list[str]) -> None:
        self.ids = ids
        lines = [b"%b -1\n" % name.encode() for name in ids]
        self._absent = b"".join(lines)
        #: Where the line of each id ends.
        self._ends = dict(zip(ids, accumulate(map(len, lines)), strict=True))

    def expected(self, flags: Mapping[str, bool]) -> bytes | bytearray:
        """The list of a class with these flags."""
        if not flags:
            return self._absent
        data = bytearray(self._absent)
        for name, easy in flags.items():
            end = self._ends.get(name)
            if end is not None:
                data[end - 2] = _EASY if easy else _DIFFICULT
                data[end - 3] = _BLANK
        return data


def _line_findings(
    path: str, data: bytes, listed: list[str], candidates: Sequence[Mapping[str, bool]]
) -> Iterator[Finding]:
    rows = [line.split() for line in data.decode("utf-8", "replace").splitlines()]
    rows = [row for row in rows if row]
    wanted = {name.strip() for name in listed}
    if {row[0] for row in rows} != wanted or len(rows) != len(wanted):
        yield _error("C_VOC_CLASS_SET", "The list does not name each id of its split once.", path, None)
        return
    for candidate in candidates:
        wrong = next((n for n, row in enumerate(rows, 1) if row[1:] != [_flag(candidate, row[0])]), None)
        if wrong is None:
            return
    if len(candidates) == 1 and wrong is not None:
        name = rows[wrong - 1][0]
        message = f"The annotation file of {ascii(name)[:120]} says {_flag(candidates[0], name)}."
        yield _error("C_VOC_CLASS_SET", message, path, wrong)
    else:
        yield _error("C_VOC_CLASS_SET", "The list agrees with no class of the annotation files.", path, None)


def _flag(flags: Mapping[str, bool], name: str) -> str:
    return str(int(flags[name])) if name in flags else "-1"


def _error(code: str, message: str, path: str, line: int | None) -> Finding:
    consumer = "devkit" if code == "C_VOC_CLASS_SET" else "torchvision, detectron2"
    return Finding(code, "error", message, path, line, consumer=consumer)
