"""The layout of classification: a folder per split and class (formats, section 5.2)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from exportkit.errors import RecordFault
from exportkit.records import Annotation, Record
from exportkit.writing import Encoded, Outcome, Placement, Plan, failed, lossy, skipped
from exportkit.writing.names import class_folder
from exportkit_yolo.options import YoloOptions
from exportkit_yolo.splits import split_folders
from exportkit_yolo.unkept import OutcomeTable

__all__ = ["ClassFolders"]


class ClassFolders:
    """``<split>/<class folder>/<name>``; one tag per picture says which folder."""

    def __init__(self, options: YoloOptions, plan: Plan) -> None:
        self._first = options.multi == "first"
        self._plan = plan
        self._splits = split_folders(plan)
        self._words = _distinct([class_folder(name, index) for index, name in enumerate(plan.classes)])
        self._outcomes = OutcomeTable(keeps_attributes=False)

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """Classes whose folder has another name: (class, folder)."""
        pairs = zip(self._plan.classes, self._words, strict=True)
        return tuple((name, word) for name, word in pairs if name != word)

    def order(self) -> dict[str, int]:
        """Class index by folder, in the order in which loaders number folders: by code point."""
        return dict(sorted((word, index) for index, word in enumerate(self._words)))

    def place(self, record: Record, placement: Placement) -> str:
        """Path of the picture. Raises RecordFault ``E_TAG_MISSING`` or ``E_TAG_MANY``."""
        tags = self._tags(record)
        if not tags:
            raise RecordFault(
                "E_TAG_MISSING", "The picture has no tag of a known class; give it exactly one.", "$.data"
            )
        if len(tags) > 1 and not self._first:
            shown = ", ".join(ascii(self._plan.classes[index]) for index in sorted(tags))[:120]
            raise RecordFault(
                "E_TAG_MANY", f"The picture has several tags ({shown}); give it one, or choose multi=first.", "$.data"
            )
        return f"{self._splits[placement.split]}/{self._words[min(tags)]}/{placement.name}"

    def encode(self, record: Record, placement: Placement) -> Encoded:
        """Outcomes alone: the place of the picture is the label, so without a picture there is none."""
        if not placement.has_media:
            return Encoded([_without_picture(annotation) for annotation in record.annotations], objects=0)
        tags = self._tags(record)
        taken: int | None = min(tags) if tags else None
        outcomes: list[Outcome] = []
        for annotation in record.annotations:
            index = self._index(annotation)
            if annotation.kind != "tag":
                outcomes.append(_no_tag(annotation))
            elif index is None:
                outcomes.append(failed("E_CLASS_UNKNOWN", "The class is not in the class map; add it to the list."))
            elif index == taken:
                outcomes.append(self._outcomes.of(annotation, ()))
                taken = -1
            elif taken == -1 and index == min(tags):
                outcomes.append(skipped("S_DUPLICATE_ROW"))
            else:
                outcomes.append(lossy("L_FLAGS_DROPPED"))
        return Encoded(outcomes, objects=1 if tags and self._plan.media_mode != "none" else 0)

    def folders(self) -> Iterable[str]:
        """Every class has its folder in every split, since loaders number the folders that they find."""
        splits = [self._splits[split.name] for split in self._plan.splits if split.records] or ["train"]
        for split in splits:
            yield split
            for word in self._words:
                yield f"{split}/{word}"

    def _tags(self, record: Record) -> set[int]:
        found = (self._index(annotation) for annotation in record.annotations if annotation.kind == "tag")
        return {index for index in found if index is not None}

    def _index(self, annotation: Annotation) -> int | None:
        return None if annotation.label is None else self._plan.class_index.get(annotation.label)


def _no_tag(annotation: Annotation) -> Outcome:
    return skipped("S_POINT_UNGROUPED" if annotation.kind == "point" else "S_KIND_UNSUPPORTED")


def _without_picture(annotation: Annotation) -> Outcome:
    if annotation.kind != "tag":
        return _no_tag(annotation)
    return skipped("S_MEDIA_UNSUPPORTED", "There is no picture that could stand in the folder of its class.")


def _distinct(words: list[str]) -> list[str]:
    """Words of which no two are equal where the case of letters does not count."""
    taken: set[str] = set()
    found = []
    for index, word in enumerate(words):
        key = unicodedata.normalize("NFC", word).casefold()
        if key in taken:
            word = f"class_{index}"  # noqa: PLW2901 - the name in its place
            key = word
        taken.add(key)
        found.append(word)
    return found
