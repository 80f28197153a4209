"""One medium of an item with its annotations as a record."""

from __future__ import annotations

from collections.abc import Iterable

from exportkit.normalize.item import NO_MEDIA, FilePlace, Item, Notice, file_reference, record_name, size_notice
from exportkit.records import Annotation, Record, Rejected
from exportkit.records.numbers import quoted

__all__ = ["medium_record"]


def medium_record(
    item: Item,
    annotations: Iterable[Annotation],
    rejected: Iterable[Rejected],
    place: FilePlace | None,
    *,
    media_id: str | None = None,
    medium: str = "image",
    extra: object = None,
) -> Record:
    """The record of the medium whose original is at ``place``; ``extra`` is what the payload declares of its size.

    Width and height are the declared ones, 0 where they are unknown or invalid; the survey decides with the
    file's header. Raises RecordFault for an unsafe file reference.
    """
    annotations, rejected = tuple(annotations), tuple(rejected)
    unreviewed = () if annotations or rejected else _unreviewed(item)
    entry = place.entry if place is not None else {}
    file = None
    if place is not None:
        file = file_reference(
            entry.get("bundle_path"), entry.get("url"), entry.get("size"), entry.get("sha256"), place.path
        )
    declared = item.declared(extra, f"{item.data_path}.extra", place)
    usable = declared is not None and declared.valid
    in_bundle = file is not None and file.bundle_path is not None
    return Record(
        item_id=item.item_id,
        annotations=annotations,
        media_id=media_id,
        medium=medium,
        name=record_name(
            entry.get("file_name_original"),
            item.unit.get("name"),
            file.bundle_path if file is not None else None,
            item.item_id,
        ),
        width=declared.width if declared is not None and usable else 0,
        height=declared.height if declared is not None and usable else 0,
        file=file,
        split=item.split,
        group=item.group,
        status=item.status,
        rejected=rejected,
        notices=size_notice(declared) + (() if in_bundle else (NO_MEDIA,)) + unreviewed,
    )


def _unreviewed(item: Item) -> tuple[Notice, ...]:
    """``N_UNREVIEWED`` for a record without annotations that nobody has completed (formats, section 6)."""
    if item.status is None or item.status == "completed":
        return ()
    return (("N_UNREVIEWED", f"No annotation, and the item is {quoted(item.status)}, not completed."),)
