"""One picture (or other medium) with its annotations, normalised."""

from __future__ import annotations

from typing import Any

import msgspec

from exportkit.records.annotation import Annotation

__all__ = ["FileReference", "Record", "Rejected"]


class FileReference(msgspec.Struct, frozen=True, gc=False):
    """Where the original of a record lies.

    ``bundle_path`` is relative to the bundle root and has passed the path rules; ``url`` is never opened
    by an offline conversion.
    """

    bundle_path: str | None = None
    url: str | None = None
    size: int | None = None
    sha256: str | None = None


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """A source annotation that no writer can have: it failed (``E_``) or was skipped (``S_``) while normalising."""

    index: int
    code: str
    message: str
    json_path: str
    id: int | str | None = None
    label: str | None = None
    weight: int = 1


class Record(msgspec.Struct, frozen=True, gc=False):
    """One picture (or other medium) with its annotations. ``(item_id, media_id)`` is unique in a run.

    ``width`` and ``height`` are the display size in pixels (orientation applied), 0 when unknown.
    ``name`` is the relative POSIX name the source gave, judged by the naming rules later.
    """

    item_id: int | str
    annotations: tuple[Annotation, ...]
    media_id: str | None = None
    medium: str = "image"
    name: str = ""
    width: int = 0
    height: int = 0
    #: EXIF orientation of the file, 1 to 8; 1 when there is none.
    orientation: int = 1
    file: FileReference | None = None
    split: str | None = None
    group: str | None = None
    attributes: dict[str, Any] = {}
    rejected: tuple[Rejected, ...] = ()
    #: Record-scoped notices: (code, message).
    notices: tuple[tuple[str, str], ...] = ()
    #: Bundle file and 1-based line that the record came from.
    source_file: str = ""
    line: int = 0
    #: State of the work on the item (``completed`` …) as the line gives it, or None. Known to hooks and transforms.
    status: str | None = None
