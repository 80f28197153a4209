"""The seed's simple schema: ``data.annotations`` is a list (wire, section 23)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from exportkit.errors import AnnotationFault, AnnotationSkip
from exportkit.normalize.contract import Normalizer
from exportkit.normalize.item import Item
from exportkit.normalize.medium_record import medium_record
from exportkit.normalize.options import InputOptions
from exportkit.normalize.references import without_dangling
from exportkit.normalize.rejection import rejected
from exportkit.normalize.seed_annotation import read_annotation
from exportkit.records import Annotation, Record, Rejected

__all__ = ["SeedNormalizer"]


class SeedNormalizer(Normalizer):
    """One record per item; every entry of ``annotations`` is one annotation."""

    name: ClassVar[str] = "seed"

    @classmethod
    def recognises(cls, data: Mapping[str, Any]) -> bool:
        return isinstance(data.get("annotations"), list)

    def normalise(self, item: Item, options: InputOptions) -> list[Record]:
        annotations: list[Annotation] = []
        failed: list[Rejected] = []
        path = f"{item.data_path}.annotations"
        for index, source in enumerate(item.data["annotations"]):
            try:
                annotations.append(read_annotation(index, source, options))
            except (AnnotationFault, AnnotationSkip) as reason:
                failed.append(rejected(index, source, reason, f"{path}[{index}]"))
        known = {entry.get("id") for entry in item.data["annotations"] if isinstance(entry, dict) and _hashable(entry)}
        kept, dangling = without_dangling(annotations, known)
        return [medium_record(item, kept, sorted([*failed, *dangling], key=lambda entry: entry.index), item.chosen)]


def _hashable(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("id"), (int, str))
