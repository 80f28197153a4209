"""Rules for one annotation file: 39 to 41, 43 and 44 of ``check`` (formats, section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from exportkit.writing import Finding
from exportkit_voc.xml_file import Corners, VocFile, Words

__all__ = ["judge_file"]

_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
#: Without an exponent the shortest text of a tiny number is long.
_DECIMAL = re.compile(r"-?\d{1,9}(?:\.\d{1,400})?", re.ASCII)
_MODE = re.compile(r"\bcoords=(zero|float)\b")
#: Tolerance for unrounded edges, in pixels.
_EPS = 0.001
_FLAGS = frozenset({"0", "1"})
_CONSUMERS = {
    "C_VOC_BOX": "detectron2, supervision",
    "C_VOC_FLAG": "detectron2",
    "C_VOC_FILENAME": "globox, labelformat",
    "C_VOC_SIZE": "globox, labelformat",
}


def judge_file(path: str, file: VocFile) -> list[Finding]:
    """Findings for one file; an empty list is by far the common case."""
    findings = list(_head_findings(path, file))
    mode = _MODE.search(file.source or "")
    width, height = _size(file.width), _size(file.height)
    if mode is not None:
        for number, (words, corners) in enumerate(zip(file.words, file.corners, strict=True)):
            findings.extend(_flag_findings(path, number, words))
            findings.extend(_box_findings(path, number, _box_fault(corners, mode.group(1), width, height)))
    elif not (all(map(_are_good, set(file.words))) and _are_inside(file.corners, width, height)):
        for number, (words, corners) in enumerate(zip(file.words, file.corners, strict=True)):
            findings.extend(_flag_findings(path, number, words))
            findings.extend(_box_findings(path, number, _box_fault(corners, "one", width, height)))
    for place, texts in file.rotated.items():
        if not _is_rotated_box(texts):
            why = "The rotated box has not five plain numbers, or covers nothing."
            findings.append(_error("C_VOC_BOX", why, path, f"object[{place + 1}]/robndbox"))
    return findings


def _is_rotated_box(texts: tuple[str | None, ...]) -> bool:
    numbers = [float(text) for text in texts if text is not None and _DECIMAL.fullmatch(text)]
    return len(numbers) == len(texts) and numbers[2] > 0 and numbers[3] > 0


def _are_inside(boxes: Iterable[Corners], width: int, height: int) -> bool:
    """Whether all are plainly right, 1-based and inclusive; what is not may still be right in another spelling."""
    try:
        for x0, y0, x1, y1 in boxes:
            if not (1 <= x0 <= x1 <= width and 1 <= y0 <= y1 <= height):  # type: ignore[operator]
                return False
    except TypeError:
        return False
    return True


@lru_cache(maxsize=1 << 12)
def _are_good(words: Words) -> bool:
    name, pose, truncated, difficult = words
    return bool(name and pose and truncated in _FLAGS and difficult in _FLAGS)


def _head_findings(path: str, file: VocFile) -> Iterator[Finding]:
    if not (_size(file.width) and _size(file.height) and _size(file.depth)):
        yield _error("C_VOC_SIZE", "Width, height and depth are not all whole numbers above 0.", path, "size")
    stem = path.rpartition("/")[2].removesuffix(".xml")
    filename = file.filename or ""
    if filename == f"{stem}.jpg":
        return
    if filename.rpartition(".")[0] != stem:
        message = f"'filename' is {ascii(filename)[:120]}, which is no picture of this id."
        yield _error("C_VOC_FILENAME", message, path, "filename")
    else:
        message = "Loaders append '.jpg' to the id and do not find this picture; images=transcode makes JPEGs."
        yield Finding("C_VOC_JPG", "warn", message, path, json_path="filename", consumer="torchvision, detectron2")


def _flag_findings(path: str, number: int, words: Words) -> Iterator[Finding]:
    name, pose, truncated, difficult = words
    where = f"object[{number + 1}]"
    if not name:
        yield _error("C_VOC_FLAG", "The object has no name.", path, f"{where}/name")
    if not pose:
        yield _error("C_VOC_FLAG", "The object has no pose.", path, f"{where}/pose")
    for element, text in (("truncated", truncated), ("difficult", difficult)):
        if text not in _FLAGS:
            yield _error("C_VOC_FLAG", f"'{element}' is missing or neither 0 nor 1.", path, f"{where}/{element}")


def _box_findings(path: str, number: int, why: str | None) -> Iterator[Finding]:
    if why is not None:
        yield _error("C_VOC_BOX", why, path, f"object[{number + 1}]/bndbox")


def _box_fault(corners: Corners, mode: str, width: int, height: int) -> str | None:
    texts = [None if edge is None else str(edge) for edge in corners]
    form = _DECIMAL if mode == "float" else _WHOLE
    if not all(text is not None and form.fullmatch(text) for text in texts):
        return "The box has not four whole numbers." if form is _WHOLE else "The box has not four plain numbers."
    x0, y0, x1, y1 = (float(text) for text in texts if text is not None)
    least, slack = (1, 0.0) if mode == "one" else (0, _EPS if mode == "float" else 0.0)
    if x0 > x1 or y0 > y1 or (mode != "one" and (x0 == x1 or y0 == y1)):
        return "The box has its edges in the wrong order, or covers nothing."
    if min(x0, y0) < least - slack or x1 > width + slack or y1 > height + slack:
        return f"The box is not within the picture in the mode coords={mode}."
    return None


@lru_cache(maxsize=1 << 12)
def _size(text: str | None) -> int:
    return int(text) if text is not None and _WHOLE.fullmatch(text) else 0


def _error(code: str, message: str, path: str, where: str) -> Finding:
    return Finding(code, "error", message, path, json_path=where, consumer=_CONSUMERS[code])
