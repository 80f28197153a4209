"""Entries of a COCO file, read a batch at a time, and what is wrong with them as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import msgspec

from exportkit.writing import CheckReport, Finding
from exportkit_coco.document import DocumentFault, members
from exportkit_coco.panoptic_rules import PanopticEntry
from exportkit_coco.rules import CaptionEntry, ImageEntry, KeypointEntry, ObjectEntry, Report, Size

__all__ = ["Problem", "collector", "judged", "read", "reporter", "tell_all"]

_CONSUMERS = {
    "C_COCO_ID": "pycocotools",
    "C_COCO_REF": "pycocotools",
    "C_COCO_JSON": "pycocotools",
    "C_COCO_CATEGORY": "detectron2",
    "C_COCO_FILE": "torchvision",
    "C_COCO_KEYS": "pycocotools",
    "C_COCO_BBOX": "supervision",
    "C_COCO_AREA": "cocoeval",
    "C_COCO_CROWD": "cocoeval",
    "C_COCO_RING": "pycocotools",
    "C_COCO_RLE": "pycocotools",
    "C_COCO_MIXED": "cocoeval",
    "C_COCO_KPT": "cocoeval",
    "C_COCO_KPT17": "cocoeval",
    "C_COCO_PANOPTIC": "panopticapi",
}

#: What stands between two entries as most writers give them, and how much is decoded at a time.
_SEAM = b'},{"id":'
_BATCH = 1 << 18

#: Code, severity and message.
Problem = tuple[str, str, str]
Entry = TypeVar("Entry", ImageEntry, ObjectEntry, KeypointEntry, CaptionEntry, PanopticEntry)
Annotation = TypeVar("Annotation", ObjectEntry, KeypointEntry, CaptionEntry)


def collector(problems: list[Problem]) -> Report:
    """Keeps what is told, until it is known where."""

    def tell(code: str, severity: str, message: str) -> None:
        problems.append((code, severity, message))

    return tell


def tell_all(findings: list[Finding], path: str, where: str, problems: list[Problem]) -> None:
    """Turn what was collected about one entry into findings, and forget it."""
    for code, severity, message in problems:
        _add(findings, path, where, code, severity, message)
    problems.clear()


def _add(findings: list[Finding], path: str, where: str | None, code: str, severity: str, message: str) -> None:
    level = "error" if severity == "error" else "warn"
    findings.append(
        Finding(code, level, message, file=path, json_path=where, consumer=_CONSUMERS.get(code))  # type: ignore[arg-type]
    )


def reporter(findings: list[Finding], path: str) -> Report:
    """Turns what is told of a whole file into findings."""
    return partial(_add, findings, path, None)


def judged(
    data: bytes,
    entry: type[Annotation],
    explain: Callable[[bytes, Report], None],
    judge: Callable[[Annotation, Size | None, Report], None],
    path: str,
    report: CheckReport,
    sizes: dict[int, Size],
) -> Iterator[list[Annotation]]:
    """The annotations of a piece, a batch at a time, each of them judged."""
    problems: list[Problem] = []
    tell = collector(problems)
    size_of = sizes.get
    for entries in read(data, entry, explain, path, "annotations", report.findings):
        for one in entries:
            judge(one, size_of(one.image_id), tell)
            if problems:
                tell_all(report.findings, path, f"$.annotations[?(@.id=={one.id})]", problems)
        yield entries


def read(
    data: bytes,
    entry: type[Entry],
    explain: Callable[[bytes, Report], None],
    path: str,
    section: str,
    findings: list[Finding],
) -> Iterator[list[Entry]]:
    """The entries of a piece, a batch at a time; those that are not of the form are explained and left out."""
    report = reporter(findings, path)
    if not data.isascii():
        report("C_COCO_JSON", "error", f"{section} hold characters beyond ASCII; readers open the file with any locale")
    at = 0
    while at < len(data):
        # Where an attribute looks like the seam of two entries, the batch is cut within an entry and fails to decode.
        seam = data.find(_SEAM, at + _BATCH)
        end = seam + 1 if seam >= 0 else len(data)
        try:
            yield msgspec.json.decode(b"[%b]" % data[at:end], type=list[entry])  # type: ignore[valid-type]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            yield from _read_singly(data[at:], entry, explain, path, section, findings)
            return
        at = end + 1


def _read_singly(
    data: bytes,
    entry: type[Entry],
    explain: Callable[[bytes, Report], None],
    path: str,
    section: str,
    findings: list[Finding],
) -> Iterator[list[Entry]]:
    try:
        for member in members([b'{"":[%b]}' % data]):
            if not member.element:
                continue
            try:
                yield [msgspec.json.decode(member.data, type=entry)]
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                explain(member.data, partial(_add, findings, path, f"$.{section}{_shown(member.data)}"))
    except DocumentFault as fault:
        reporter(findings, path)("C_COCO_JSON", "error", f"{section}: {fault}")


def _shown(data: bytes) -> str:
    try:
        return f"[?(@.id=={msgspec.json.decode(data, type=_Named).id})]"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return f": {data[:60].decode('ascii', 'backslashreplace')}"


class _Named(msgspec.Struct):
    id: int
