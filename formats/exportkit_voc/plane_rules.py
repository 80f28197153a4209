"""Rules for segmentation planes: 45 of ``check`` (formats, section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from exportkit.writing import Finding
from exportkit_voc.plane_file import MOST_PIXELS, PlaneFile, PlaneUnreadable, read_plane, value_pairs
from exportkit_voc.xml_file import VocFile

__all__ = ["PlaneVerdict", "judge_classes", "judge_planes"]

_BACKGROUND, _VOID = 0, 255


class PlaneVerdict(msgspec.Struct):
    """What the planes of one picture tell."""

    findings: list[Finding]
    #: Name of an object's class in the annotation file (empty without one) and its value in the class plane.
    classes: set[tuple[str, int]]


def judge_planes(planes: Mapping[str, bytes], file: VocFile | None) -> PlaneVerdict:
    """Judge the planes of one picture, by path, the class plane first, against its annotation file if it has one."""
    verdict = PlaneVerdict([], set())
    read: dict[str, PlaneFile] = {}
    for path, data in planes.items():
        try:
            plane = read[path] = read_plane(data)
        except PlaneUnreadable as reason:
            verdict.findings.append(_error(f"The plane cannot be read: {reason}.", path))
            continue
        verdict.findings.extend(_header_findings(path, plane, file))
    if len(read) < len(planes) or any(finding.severity == "error" for finding in verdict.findings):
        return verdict
    files = [*read.values()]
    one, other = files[0], files[-1]
    if (one.width, one.height) != (other.width, other.height):
        verdict.findings.append(_error("The two planes of the picture differ in size.", next(iter(read))))
    elif one.is_judgeable and other.is_judgeable:
        try:
            _judge_values(value_pairs(one, other), [*read], file, verdict)
        except PlaneUnreadable as reason:
            verdict.findings.append(_error(f"A plane cannot be read: {reason}.", next(iter(read))))
    return verdict


def _header_findings(path: str, plane: PlaneFile, file: VocFile | None) -> Iterator[Finding]:
    if not plane.has_palette:
        yield _error("The plane has no palette (mode P), so its pixels are colours or grey, not classes.", path)
    size = (str(plane.width), str(plane.height))
    if file is not None and size != (file.width, file.height):
        yield _error(f"The plane is {size[0]} × {size[1]}, not the size of the picture.", path)
    if plane.width * plane.height > MOST_PIXELS:
        yield _warning(
            f"The plane has over {MOST_PIXELS} pixels; Pillow refuses it, and its values are not judged.", path
        )
    elif plane.has_palette and not plane.is_judgeable:
        yield _warning("The plane is interlaced or has very wide rows, so its values are not judged.", path)
    if file is not None and file.segmented != "1":
        yield _warning("There are planes, and 'segmented' in the annotation file is not 1.", path)


def _judge_values(
    pairs: set[tuple[int, int]], paths: Sequence[str], file: VocFile | None, verdict: PlaneVerdict
) -> None:
    """Judge the pairs of class and object value of all pixels; a lone class plane is its own partner."""
    add = verdict.findings.append
    inner = {pair for pair in pairs if not {_BACKGROUND, _VOID}.intersection(pair)}
    if len(paths) < 2:
        verdict.classes.update(("", value) for value, _ in inner)
        return
    classes, objects = paths
    if any(value != beside for value, beside in pairs - inner):
        add(_error("The two planes of the picture do not cover the same pixels.", objects))
    count = 254 if file is None else len(file.words)
    strangers = sorted({number for _, number in inner if number > count})
    if strangers:
        add(_error(f"The value {strangers[0]} is no object: the annotation file has {count}.", objects))
    if len({number for _, number in inner}) < len(inner):
        add(_error("An object lies in several classes.", classes))
    for value, number in inner:
        name = file.words[number - 1][0] if file is not None and number <= count else None
        verdict.classes.add((name or "", value))


def judge_classes(names: Sequence[str], seen: Mapping[tuple[str, int], str], label_map: str) -> Iterator[Finding]:
    """Judge class values by the label map; ``seen`` has the path of one plane for each pair of name and value."""
    for (name, value), path in sorted(seen.items()):
        if value >= len(names):
            yield _error(f"The value {value} is no class of {label_map}.", path)
        elif name in names and names[value] != name:
            shown = (ascii(name)[:120], ascii(names[value])[:120])
            yield _error(f"An object of the class {shown[0]} has the value {value}, which is {shown[1]}.", path)


def _error(message: str, path: str) -> Finding:
    return Finding("C_VOC_PLANE", "error", message, path, consumer="torchvision VOCSegmentation")


def _warning(message: str, path: str) -> Finding:
    return Finding("C_VOC_PLANE", "warn", message, path, consumer="torchvision VOCSegmentation")
