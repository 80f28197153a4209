"""Run by the Python that has synapse-sdk: ``run_synapse_sdk.py DATA OUT WORK``. It has no table of boxes.

It converts item by item what its own schema, DM v2, holds, and leaves files to its caller. So each box of the bundle
is put into that schema, its converter and serializer do their part, and the plainest loop writes what they give.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def named(module: str, name: str) -> Any:
    """Imported by name: the environment in which types are checked has no synapse-sdk."""
    return getattr(importlib.import_module(f"synapse_sdk.utils.converters.{module}"), name)


CONTRACT: Any = named("dm.types", "build_export_contract")("exclude")
Item = tuple[dict[str, Any], list[dict[str, Any]]]


def items(data: Path) -> Iterator[Item]:
    """Each line with its boxes as DM v2 has them."""
    with open(data / "bundle" / "tasks.jsonl", encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            yield (
                line,
                [
                    {"id": str(thing["id"]), "classification": thing["category"], "attrs": [], "data": thing["bbox"]}
                    for thing in line["data"]["annotations"]
                ],
            )


def class_numbers(data: Path, first: int) -> dict[str, int]:
    names = {box["classification"] for _, boxes in items(data) for box in boxes}
    return {name: number for number, name in enumerate(sorted(names), first)}


def yolo(data: Path, out: Path) -> None:
    numbers = class_numbers(data, 0)
    converter = named("yolo", "FromDMToYOLOConverter")(is_single_conversion=True, export_contract=CONTRACT)
    (out / "labels").mkdir()
    for line, boxes in items(data):
        unit = line["data_unit"]
        size = (unit["width"], unit["height"])
        payload = {"images": [{"bounding_box": boxes}]}
        found = converter.convert_single_file(payload, None, item_id=str(line["id"]), dimensions=size)
        rows = converter.serialize_task("detect", found, numbers)
        (out / "labels" / f"{Path(unit['name']).stem}.txt").write_text("".join(f"{row}\n" for row in rows))


def voc(data: Path, out: Path) -> None:
    numbers = class_numbers(data, 1)
    converter = named("pascal", "FromDMToPascalConverter")(is_single_conversion=True)
    for line, boxes in items(data):
        unit = line["data_unit"]
        meta = {"annotations": {"image_1": [{"tool": "bounding_box", "id": box["id"]} for box in boxes]}}
        found = converter.convert_single_file(
            v2_result={"annotation_data": {"images": [{"bounding_box": boxes}]}, "annotation_meta": meta},
            export_contract=CONTRACT,
            original_file=None,
            dimensions=(unit["width"], unit["height"]),
            file_name=unit["name"],
            class_to_index=numbers,
            item_id=str(line["id"]),
        )
        (out / found["xml_filename"]).write_text(found["xml_content"])


def coco(data: Path, out: Path) -> None:
    converter = named("coco", "FromDMToCOCOConverter")(CONTRACT)
    pictures: list[dict[str, Any]] = []
    objects: list[dict[str, Any]] = []
    numbers: dict[str, int] = {}
    for line, boxes in items(data):
        unit = line["data_unit"]
        found = converter.convert_item(
            {"images": [{"bounding_box": boxes}]},
            annotation_meta={},
            item_id=str(line["id"]),
            file_name=f"images/{unit['name']}",
            width=unit["width"],
            height=unit["height"],
        ).datasets["instances"]
        pictures.append({**{key: unit[key] for key in ("id", "width", "height")}, "file_name": unit["name"]})
        names = {category.id: category.name for category in found.categories}
        for thing in found.annotations:
            number = numbers.setdefault(names[thing.category_id], len(numbers) + 1)
            ids = {"id": len(objects) + 1, "image_id": unit["id"], "category_id": number}
            objects.append({**thing.model_dump(), **ids})
    categories = [{"id": number, "name": name} for name, number in numbers.items()]
    with open(out / "instances.json", "w", encoding="utf-8") as file:
        json.dump({"images": pictures, "annotations": objects, "categories": categories}, file)


def main() -> None:
    work = {"yolo": yolo, "voc": voc, "coco": coco}[sys.argv[3]]
    work(Path(sys.argv[1]), Path(sys.argv[2]))


main()
