"""Converted items as the lines of a bundle of the run's own, so that the tail cannot tell where they came from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from exportkit.actions.export_item import ExportItem
from exportkit.bundles import BundleWriter
from exportkit.bundles.canonical_line import LINE_ENDS, ROW_KEYS
from exportkit.clients import LineFault
from exportkit.errors import ConversionFailed, RecordFault, words_of
from exportkit.native import core
from exportkit.records import quoted
from exportkit.wire import choose_entry
from exportkit.writing.ledger import Entry

__all__ = ["SpooledItems", "spool_items"]

#: Members of a row that a transform of the payload leaves as they are.
_KEPT = ("pgh_id", "data_unit", "status_label", "split", "group")

_QUICK = msgspec.json.Encoder()
#: Says NaN and Infinity, for which JSON has no word; all else is as the quick encoder says it.
_EXACT = json.JSONEncoder(separators=(",", ":"), default=msgspec.to_builtins)
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]", re.DOTALL)

Convert = Callable[[ExportItem], Any]


class SpooledItems(NamedTuple):
    """What was spooled: a bundle, and the list of items that were lost on the way."""

    bundle: Path
    lost: Path
    records: int
    failed: int


def spool_items(
    items: Iterable[ExportItem],
    folder: Path,
    target: str,
    convert: Convert,
    *,
    plugin: str,
    faults: Callable[[], Iterable[LineFault]] = tuple,
    stops: bool = False,
    done: Callable[[int], None] = lambda _count: None,
) -> SpooledItems:
    """Write what ``convert`` makes of each item into ``folder``, one line each.

    An item whose conversion raises, or gives nothing that can be a record, is lost alone: its entry names id, step,
    type and message. ``faults`` gives the lines that no item came of. With ``stops`` the first such item raises
    ConversionFailed.
    """
    lost = folder / "lost.jsonl"
    encode = msgspec.json.Encoder().encode
    records = failed = 0
    with lost.open("wb") as losses, BundleWriter(folder / "items", target, prefix="items", lasting=False) as bundle:
        for number, item in enumerate(items, 1):
            try:
                bundle.write_line(_line(_row(item, _converted(item, convert))))
            except Exception as error:
                entry = _loss(item, error, plugin)
                if stops:
                    raise ConversionFailed(f"Stopped at the item {entry.id!r}: {entry.message}") from error
                losses.write(encode(entry) + b"\n")
                failed += 1
            else:
                records += 1
            done(number)
        # Known only when everything was read.
        for fault in faults():
            failed += 1
            losses.write(
                encode(Entry(fault.id, fault.file, fault.line, "normalize", fault.code, fault.message)) + b"\n"
            )
    return SpooledItems(folder / "items", lost, records, failed)


def _line(row: Mapping[str, Any]) -> bytes:
    """The line of a row, its members in the order of every bundle; no files where there are none."""
    members = {key: row[key] for key in ROW_KEYS if key in row and (key != "files_manifest" or row[key])}
    line: bytes | None = core.json_line(members) if core is not None else None
    if line is not None:
        return line
    text = _encoded(members)
    return text.translate(LINE_ENDS) + b"\n" if b"\n" in text or b"\r" in text else text + b"\n"


def _encoded(value: Any) -> bytes:
    """JSON as the reader of a bundle takes it: a number that is not finite costs the annotation that holds it."""
    try:
        text = _QUICK.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _EXACT.encode(value).encode("ascii")
    # The quick encoder writes null for a number that is not finite.
    return _EXACT.encode(value).encode("ascii") if b"null" in text and _may_be_infinite(value) else text


def _may_be_infinite(value: Any) -> bool:
    """Whether a number may be not finite: MessagePack has it behind a mark, with all bits of its exponent set."""
    try:
        return _NOT_FINITE.search(msgspec.msgpack.encode(value)) is not None
    except (TypeError, ValueError, OverflowError, RecursionError):
        return True


def _converted(item: ExportItem, convert: Convert) -> Any:
    if item.fault is not None:
        raise item.fault
    return convert(item)


def _row(item: ExportItem, result: Any) -> dict[str, Any]:
    """The line of a result: what it does not say is as the item's row has it."""
    if result is None:
        raise ValueError("data is Null")
    if not isinstance(result, Mapping):
        raise TypeError(f"convert_data returned {type(result).__name__}, which can be no record; return a mapping")
    source: Mapping[str, Any] = item.row or {}
    row: dict[str, Any] = {"id": result.get("id", item["id"])}
    row |= {key: source[key] for key in _KEPT if key in source}
    if "data" not in result:
        return row | {"data": dict(result), "files_manifest": _files(item, item["files"], source)}
    row |= {key: result[key] for key in _KEPT if key in result}
    return row | {"data": result["data"], "files_manifest": _files(item, result.get("files", item["files"]), source)}


def _files(item: ExportItem, files: Any, source: Mapping[str, Any]) -> Any:
    """All files of the row; or the one that a transform put in the place of the chosen one."""
    if files == item["files"]:
        return source.get("files_manifest") or choose_entry(source)[2] or None
    if not isinstance(files, Mapping):
        raise TypeError(f"files is {type(files).__name__}, not a mapping with file_name_original")
    return {"image_1": {**files, "is_primary": True}}


def _loss(item: ExportItem, error: Exception, plugin: str) -> Entry:
    if isinstance(error, RecordFault):
        return Entry(item.get("id"), "", 0, "fetch_results", error.code, error.message, json_path=error.json_path)
    message = f"{type(error).__name__}: {quoted(words_of(error))}"
    return Entry(item.get("id"), "", 0, "convert_data", "E_WRITER", message, plugin=plugin)
