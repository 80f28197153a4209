"""Converted items as the lines of a bundle of the run's own, so that the tail cannot tell where they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from exportkit.actions.failures import code_of
from exportkit.actions.row_line import row_line
from exportkit.bundles import BundleWriter
from exportkit.clients import LineFault
from exportkit.errors import ConversionFailed, ExportkitError, RecordFault, words_of
from exportkit.records import quoted
from exportkit.wire import choose_entry
from exportkit.writing.ledger import Entry

__all__ = ["SpooledItems", "spool_items"]

#: Members of a row that a transform of the payload leaves as they are.
_KEPT = ("pgh_id", "data_unit", "status_label", "split", "group")

Convert = Callable[[Any], Any]
#: Larger ids are none (formats, section 2.2).
_MAX_ID = 2**63 - 1


class SpooledItems(NamedTuple):
    """What was spooled: a bundle, and the list of items that were lost on the way."""

    bundle: Path
    lost: Path
    records: int
    failed: int


def spool_items(
    items: Iterable[Any],
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
    ConversionFailed. An ExportkitError ends the run, whether the plugin raised it or the disk is full.
    """
    lost = folder / "lost.jsonl"
    encode = msgspec.json.Encoder().encode
    records = failed = 0
    with (
        lost.open("wb") as losses,
        BundleWriter(folder / "items", target, prefix="items", lasting=False) as bundle,
    ):
        for number, item in enumerate(items, 1):
            origin = _origin_of(item)
            try:
                line = row_line(_row(origin, item, _converted(item, convert)))
            except (Exception, SystemExit) as error:
                if isinstance(error, ExportkitError) and error is not origin.fault:
                    raise
                entry = _loss(origin, error, plugin)
                if stops:
                    raise ConversionFailed(f"Stopped at the item {entry.id!r}: {entry.message}") from error
                losses.write(encode(entry) + b"\n")
                failed += 1
            else:
                # Outside of the border of the item, which is not to blame for a full disk.
                bundle.write_line(line)
                records += 1
            done(number)
        # Known only when everything was read.
        for fault in faults():
            failed += 1
            losses.write(
                encode(Entry(fault.id, fault.file, fault.line, "normalize", fault.code, fault.message)) + b"\n"
            )
    return SpooledItems(folder / "items", lost, records, failed)


class _Origin(NamedTuple):
    """What an item says of itself before a plugin has it, who may empty it."""

    id: Any
    files: Any
    row: Mapping[str, Any]
    #: What is wrong with the row, where it can be no record.
    fault: Exception | None


def _origin_of(item: Any) -> _Origin:
    """Items of handlers that plugins bring along are plain mappings, which know of no row."""
    fault: Exception | None = getattr(item, "fault", None)
    row = getattr(item, "row", None)
    if not isinstance(item, Mapping):
        return _Origin(None, None, {}, fault)
    files = item.get("files")
    return _Origin(
        item.get("id"),
        dict(files) if isinstance(files, Mapping) else files,
        row if isinstance(row, Mapping) else {},
        fault,
    )


def _converted(item: Any, convert: Convert) -> Any:
    fault: Exception | None = getattr(item, "fault", None)
    if fault is not None:
        raise fault
    return convert(item)


def _row(origin: _Origin, item: Any, result: Any) -> dict[str, Any]:
    """The line of a result: what it does not say is as the item's row has it."""
    if result is None:
        raise ValueError("data is Null")
    if not isinstance(result, Mapping):
        raise TypeError(f"convert_data returned {type(result).__name__}, which can be no record; return a mapping")
    source = origin.row
    identity = result.get("id")
    row: dict[str, Any] = {"id": origin.id if identity is None else identity}
    row |= {key: source[key] for key in _KEPT if key in source}
    if "data" in result:
        row |= {key: result[key] for key in _KEPT if key in result}
        return row | {"data": result["data"], "files_manifest": _files(origin, result)}
    return row | {"data": dict(result), "files_manifest": _files(origin, item if isinstance(item, Mapping) else {})}


def _files(origin: _Origin, given: Mapping[str, Any]) -> Any:
    """All files of the row; or the one that a transform put in the place of the chosen one."""
    files = given.get("files", origin.files)
    if files == origin.files and origin.row:
        return origin.row.get("files_manifest") or choose_entry(origin.row)[2] or None
    if files is None and origin.files is None:
        return None
    if not isinstance(files, Mapping):
        raise TypeError(f"files is {type(files).__name__}, not a mapping with file_name_original")
    return {"image_1": {**files, "is_primary": True}} if files else None


def _loss(origin: _Origin, error: BaseException, plugin: str) -> Entry:
    identity = _identity(origin.id)
    if error is origin.fault and isinstance(error, RecordFault):
        message = _storable(error.message)
        return Entry(identity, "", 0, "fetch_results", error.code, message, json_path=error.json_path)
    message = f"{type(error).__name__}: {quoted(words_of(error))}"
    return Entry(identity, "", 0, "convert_data", code_of(error), message, plugin=plugin)


def _identity(value: Any) -> int | str | None:
    """An id that any list can hold: one that is none comes as a text."""
    if value is None or (type(value) is int and abs(value) <= _MAX_ID):
        return value
    return _storable(value) if isinstance(value, str) else quoted(value)


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
