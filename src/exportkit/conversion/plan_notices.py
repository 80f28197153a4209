"""What the plan itself notes, before a record is encoded: of the bundle, the classes and the splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exportkit.bundles import Bundle
from exportkit.conversion.splits import SplitRequest
from exportkit.conversion.survey import Survey
from exportkit.transforms import Transform, unmet_classes
from exportkit.writing.class_map import ClassMap

__all__ = ["absent_classes", "bundle_notices", "class_notices", "split_notices"]

_SHOWN = 10


def bundle_notices(bundle: Bundle) -> Iterator[tuple[str, str]]:
    """What the reader of the bundle noted."""
    for notice in bundle.notices:
        yield notice.code, notice.message


def class_notices(classes: ClassMap) -> Iterator[tuple[str, str]]:
    """A list that the data alone gave, and names that are easily taken for each other."""
    if not classes.fixed and any(entry.source == "observed" for entry in classes.entries):
        yield (
            "N_CLASS_OBSERVED",
            "The class list is what was observed, in code-point order; --lock keeps it stable.",
        )
    for group in classes.twins:
        yield "N_CLASS_TWINS", f"These class names differ only by case, blanks or normalisation: {_shown(group)}."


def absent_classes(classes: ClassMap, transforms: tuple[Transform, ...], survey: Survey) -> Iterator[tuple[str, str]]:
    """Classes that the fixed list or a transform names and that no record has: likely misspelt."""
    if not sum(survey.splits.values()):
        return
    if classes.fixed:
        index = classes.index()
        seen = {index.get(label) for label in survey.labels}
        absent = [entry.name for entry in classes.entries if entry.index not in seen]
        if absent:
            yield "N_CLASS_ABSENT", f"No record has these classes of the list: {_shown(absent)}."
    for who, unmet in unmet_classes(transforms, {label for label in survey.met if label is not None}):
        yield "N_CLASS_ABSENT", f"No record has a class that {who} names: {_shown(unmet)}."


def split_notices(request: SplitRequest | None, survey: Survey) -> Iterator[tuple[str, str]]:
    """Splits that were asked for and stay empty."""
    for name, share in request.shares if request is not None else ():
        if not survey.splits[name] and (share or request.by == "field"):  # type: ignore[union-attr]
            yield "N_SPLIT_EMPTY", f"No record falls into the split {name!r}."


def _shown(names: Iterable[str]) -> str:
    words = [name.encode("unicode_escape").decode()[:120] for name in names]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
