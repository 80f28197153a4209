"""Ways to break a dataset, each with the finding that it must earn (formats, section 7)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["CASES", "Case"]

Damage = Callable[[Path], object]


class Case(NamedTuple):
    """A damage to a dataset and the finding for it."""

    code: str
    severity: str
    dataset: str
    damage: Damage
    file: str | None
    #: 1-based line, or part of the JSON path or element.
    place: int | str | None = None


# -- hands that break things ---------------------------------------------------------------------------------


def text(path: str, old: str, new: str) -> Damage:
    """Replace a text that is there, once."""

    def damage(root: Path) -> None:
        content = (root / path).read_bytes()
        assert old.encode() in content, content
        (root / path).write_bytes(content.replace(old.encode(), new.encode(), 1))

    return damage


def data(path: str, content: bytes) -> Damage:
    """Replace or add a file."""

    def damage(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)

    return damage


def front(path: str, content: bytes) -> Damage:
    """Put bytes before a file."""
    return lambda root: (root / path).write_bytes(content + (root / path).read_bytes())


def behind(path: str, content: bytes) -> Damage:
    """Put bytes behind a file."""
    return lambda root: (root / path).write_bytes((root / path).read_bytes() + content)


def gone(path: str) -> Damage:
    """Remove a file or folder."""

    def damage(root: Path) -> None:
        shutil.rmtree(root / path) if (root / path).is_dir() else (root / path).unlink()

    return damage


def moved(path: str, other: str) -> Damage:
    """Rename a file."""
    return lambda root: (root / path).rename(root / other)


def copied(path: str, other: str) -> Damage:
    """Copy a file."""

    def damage(root: Path) -> None:
        (root / other).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, root / other)

    return damage


def linked(path: str, target: str) -> Damage:
    """Make a file a link."""

    def damage(root: Path) -> None:
        (root / path).unlink()
        (root / path).symlink_to(target)

    return damage


def cut(path: str) -> Damage:
    """Take the second half of a file away."""

    def damage(root: Path) -> None:
        content = (root / path).read_bytes()
        (root / path).write_bytes(content[: len(content) // 2])

    return damage


def turned(path: str) -> Damage:
    """Give a JPEG an EXIF orientation of 3, which keeps its size."""

    def damage(root: Path) -> None:
        content = (root / path).read_bytes()
        tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0"
        segment = b"\xff\xe1" + (len(tiff) + 8).to_bytes(2, "big") + b"Exif\0\0" + tiff
        (root / path).write_bytes(content[:2] + segment + content[2:])

    return damage


def emptied(folder: str) -> Damage:
    """Take the content of every label file away."""

    def damage(root: Path) -> None:
        for path in (root / folder).rglob("*.txt"):
            path.write_bytes(b"")

    return damage


def both(*damages: Damage) -> Damage:
    """Several damages."""

    def damage(root: Path) -> None:
        for one in damages:
            one(root)

    return damage


# -- COCO ----------------------------------------------------------------------------------------------------

COCO = "annotations/instances_train.json"
FIRST, SECOND = "$.annotations[?(@.id==1)]", "$.annotations[?(@.id==2)]"
#: A PNG of 9 × 10 pixels, as far as a header goes.
PNG_OF_9 = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\t\0\0\0\n\x08\0\0\0\0\x09\x08\x8f\xdd"


def coco(edit: Callable[[dict[str, Any]], object]) -> Damage:
    """Edit the role file, which stays strict ASCII JSON."""

    def damage(root: Path) -> None:
        document = json.loads((root / COCO).read_text())
        edit(document)
        (root / COCO).write_text(json.dumps(document))

    return damage


def thing(number: int, **changed: Any) -> Damage:
    """Change an annotation; ``...`` takes a key away."""

    def edit(document: dict[str, Any]) -> None:
        entry = document["annotations"][number]
        entry.update(changed)
        document["annotations"][number] = {key: value for key, value in entry.items() if value is not ...}

    return coco(edit)


def picture(number: int, **changed: Any) -> Damage:
    return coco(lambda document: document["images"][number].update(changed))


RUNS = {"size": [40, 48], "counts": [10, 5, 1905]}
COCO_CASES = [
    Case("C_COCO_JSON", "error", "coco", text(COCO, '"annotations":[', '"annotations":[,'), COCO),
    Case("C_COCO_JSON", "error", "coco", coco(lambda d: d.pop("categories")), COCO),
    Case("C_COCO_JSON", "error", "coco", thing(0, area=float("nan")), COCO, "$.annotations"),
    Case("C_COCO_JSON", "error", "coco", thing(0, bbox=None), COCO, FIRST),
    Case("C_COCO_JSON", "error", "coco", text(COCO, '"cat"', '"caté"'), COCO),
    Case("C_COCO_ID", "error", "coco", thing(1, id=1), COCO),
    Case("C_COCO_ID", "error", "coco", thing(0, id=0), COCO, "$.annotations[?(@.id==0)]"),
    Case("C_COCO_ID", "error", "coco", thing(0, id="1"), COCO, "$.annotations"),
    Case("C_COCO_ID", "error", "coco", picture(1, id=1), COCO),
    Case("C_COCO_REF", "error", "coco", thing(0, image_id=77), COCO),
    Case("C_COCO_REF", "error", "coco", thing(0, category_id=77), COCO),
    Case("C_COCO_CATEGORY", "error", "coco", coco(lambda d: d["categories"][1].update(name="cat")), COCO),
    Case("C_COCO_CATEGORY", "warn", "coco", coco(lambda d: d["categories"].append({"id": 9, "name": "x"})), COCO),
    Case("C_COCO_FILE", "error", "coco", picture(1, file_name="a.jpg"), COCO),
    Case("C_COCO_FILE", "error", "coco", picture(0, file_name="../a.jpg"), COCO, "$.images[?(@.id==1)]"),
    Case("C_COCO_FILE", "error", "coco", picture(0, file_name="x\\a.jpg"), COCO, "$.images[?(@.id==1)]"),
    Case("C_COCO_KEYS", "error", "coco", thing(0, iscrowd=...), COCO, FIRST),
    Case("C_COCO_KEYS", "error", "coco", thing(1, segmentation=...), COCO, SECOND),
    Case("C_COCO_BBOX", "error", "coco", thing(0, bbox=[1, 2, 0, 9]), COCO, FIRST),
    Case("C_COCO_BBOX", "error", "coco", thing(0, bbox=[1, 2, 50, 9]), COCO, FIRST),
    Case("C_COCO_AREA", "error", "coco", thing(0, area=0), COCO, FIRST),
    Case("C_COCO_AREA", "warn", "coco", thing(0, area=110), COCO, FIRST),
    Case("C_COCO_CROWD", "error", "coco", thing(1, iscrowd=1), COCO, SECOND),
    Case("C_COCO_CROWD", "error", "coco", thing(1, iscrowd=2), COCO, SECOND),
    Case("C_COCO_RING", "error", "coco", thing(1, segmentation=[[1, 2, 3, 4]]), COCO, SECOND),
    Case("C_COCO_RING", "error", "coco", thing(1, segmentation=[[1, 2, 3, 4, 5, 60]]), COCO, SECOND),
    Case("C_COCO_RLE", "error", "coco", thing(1, segmentation=RUNS | {"size": [48, 40]}), COCO, SECOND),
    Case("C_COCO_RLE", "error", "coco", thing(1, segmentation=RUNS | {"counts": [10, 5]}), COCO, SECOND),
    Case("C_COCO_MIXED", "error", "coco", thing(0, segmentation=[]), COCO),
]

# -- YOLO ----------------------------------------------------------------------------------------------------

YAML, LABEL, JPEG = "data.yaml", "labels/train/a.txt", "images/train/a.jpg"
ROW = "0 0.145833 0.162500 0.250000 0.225000"
YOLO_CASES = [
    Case("C_YOLO_YAML", "error", "detect", text(YAML, "nc: 2", "nc: 3"), YAML, 3),
    Case("C_YOLO_YAML", "error", "detect", text(YAML, "train: images/train\n", ""), YAML),
    Case("C_YOLO_YAML", "error", "detect", text(YAML, '  0: "cat"\n', ""), YAML, 4),
    Case("C_YOLO_YAML", "error", "detect", text(YAML, "train:", "path: ../x\ntrain:"), YAML, 1),
    Case("C_YOLO_YAML", "error", "pose", text(YAML, "[3, 3]", "[3, 4]"), YAML, 6),
    Case("C_YOLO_YAML", "warn", "detect", text(YAML, "val:", "validation:"), YAML, 2),
    Case("C_YOLO_N0", "warn", "detect", text(YAML, '"cat"', '"n02084071"'), YAML, 4),
    Case("C_YOLO_SPLIT", "error", "detect", text(YAML, "val: images/val", "val: images/other"), YAML, 2),
    Case("C_YOLO_SPLIT", "error", "detect", text(YAML, "val: images/val", "val: lists/val.txt"), YAML, 2),
    Case("C_YOLO_SPLIT", "warn", "detect", text(YAML, "val: images/val", "val: images/train"), YAML, 2),
    Case("C_YOLO_SPLIT", "error", "detect", gone("images/val/c.jpg"), YAML, 2),
    Case(
        "C_YOLO_SPLIT",
        "error",
        "detect",
        both(text(YAML, "val: images/val", "val: val.txt"), data("val.txt", b"images/val/c.jpg\n")),
        "val.txt",
        1,
    ),
    Case("C_YOLO_SPLIT", "error", "darknet", text("obj.data", "train.txt", "other.txt"), "obj.data"),
    Case("C_YOLO_PAIR", "error", "detect", gone(LABEL), JPEG),
    Case("C_YOLO_PAIR", "error", "detect", copied(JPEG, "images/train/a.png"), "images/train/a.png"),
    Case(
        "C_YOLO_PAIR",
        "error",
        "detect",
        both(copied(JPEG, "images/train/images/z.jpg"), data("images/train/labels/z.txt", b"")),
        "images/train/images/z.jpg",
    ),
    Case("C_YOLO_PAIR", "error", "darknet", gone("obj_train_data/b.txt"), "train.txt"),
    Case("C_YOLO_NAME", "error", "detect", copied(JPEG, "images/train/a.xyz"), "images/train/a.xyz"),
    Case("C_YOLO_NAME", "error", "detect", copied(JPEG, "images/train/.a.jpg"), "images/train/.a.jpg"),
    Case("C_YOLO_FORMAT", "error", "detect", data(JPEG, b"GIF89a\x30\0\x28\0\0\0\0;"), JPEG),
    Case("C_YOLO_FORMAT", "error", "detect", data(JPEG, PNG_OF_9), JPEG),
    Case("C_YOLO_FORMAT", "warn", "detect", behind(JPEG, b"\0"), JPEG),
    Case("C_YOLO_ROW", "error", "detect", text(LABEL, ROW, "7" + ROW[1:]), LABEL, 1),
    Case("C_YOLO_ROW", "error", "detect", text(LABEL, ROW, ROW + " 1"), LABEL, 1),
    Case("C_YOLO_ROW", "error", "detect", text(LABEL, ROW, ROW + " 1 1 0 0.5 1"), LABEL, 1),
    Case("C_YOLO_ROW", "error", "segment", text("labels/val/c.txt", "0 ", "0.5 "), "labels/val/c.txt", 1),
    Case("C_YOLO_ROW", "error", "darknet", text("obj_train_data/a.txt", ROW, "7" + ROW[1:]), "obj_train_data/a.txt", 1),
    Case("C_YOLO_RANGE", "error", "detect", text(LABEL, ROW, "0 1.2 0.1 0.1 0.1"), LABEL, 1),
    Case("C_YOLO_RANGE", "error", "detect", text(LABEL, ROW, "0 0.1 0.1 0.3 0.1"), LABEL, 1),
    Case("C_YOLO_RANGE", "error", "segment", text(LABEL, "\n", "\n0 0 0 0.5 0 0.5 1.011\n"), LABEL, 2),
    Case("C_YOLO_RANGE", "warn", "segment", text(LABEL, "\n", "\n0 0 0 0.5 0 0.5 1.009\n"), LABEL, 2),
    Case("C_YOLO_DUPLICATE", "error", "detect", text(LABEL, ROW, f"{ROW}\n{ROW}"), LABEL, 2),
    Case("C_YOLO_POSE", "error", "pose", text(LABEL, " 2 ", " 3 "), LABEL, 1),
    Case("C_YOLO_POSE", "error", "pose", text(LABEL, " 0 0 0", " 0.1 0.1 0"), LABEL, 1),
    Case("C_YOLO_POSE", "error", "pose", text(YAML, "flip_idx: [2, 1, 0]", "flip_idx: [2, 1]"), YAML, 7),
    Case("C_YOLO_POSE", "error", "pose", text(YAML, "flip_idx: [2, 1, 0]", "flip_idx: [2, 1, 1]"), YAML, 7),
    Case("C_YOLO_POSE", "warn", "pose", text(YAML, "flip_idx: [2, 1, 0]\n", ""), YAML, 6),
    Case("C_YOLO_MASKS", "error", "detect", lambda root: (root / "masks").mkdir(), "masks"),
    Case("C_YOLO_CLASSIFY", "error", "classify", gone("val"), "train"),
    Case("C_YOLO_CLASSIFY", "error", "classify", gone("val/dog"), "val/dog"),
]

# -- Pascal VOC ----------------------------------------------------------------------------------------------

VOC = "VOCdevkit/VOC2012"
XML, MAIN, PLANE = f"{VOC}/Annotations/a.xml", f"{VOC}/ImageSets/Main", f"{VOC}/SegmentationClass/a.png"
OBJECTS = f"{VOC}/SegmentationObject/a.png"
VOC_CASES = [
    Case("C_VOC_XML", "error", "voc", text(XML, "</annotation>", ""), XML),
    Case("C_VOC_XML", "error", "voc", front(XML, b"<!DOCTYPE annotation>\n"), XML),
    Case("C_VOC_SIZE", "error", "voc", text(XML, "<depth>3</depth>", "<depth>0</depth>"), XML, "size"),
    Case("C_VOC_BOX", "error", "voc", text(XML, "<xmin>2<", "<xmin>0<"), XML, "object[1]/bndbox"),
    Case("C_VOC_BOX", "error", "voc", text(XML, "<xmin>2<", "<xmin>40<"), XML, "object[1]/bndbox"),
    Case("C_VOC_FLAG", "error", "voc", text(XML, "<truncated>0</truncated>", ""), XML, "object[1]/truncated"),
    Case("C_VOC_FLAG", "error", "voc", text(XML, "<pose>Unspecified</pose>", ""), XML, "object[1]/pose"),
    Case("C_VOC_SET", "error", "voc", text(f"{MAIN}/train.txt", "a\n", "a\nzz\n"), f"{MAIN}/train.txt", 2),
    Case("C_VOC_SET", "error", "voc", text(f"{MAIN}/train.txt", "a\n", "a\na\n"), f"{MAIN}/train.txt", 2),
    Case("C_VOC_SET", "error", "voc", text(f"{MAIN}/train.txt", "a\n", "a#\n"), f"{MAIN}/train.txt", 1),
    Case("C_VOC_SET", "error", "voc", gone(MAIN), MAIN),
    Case("C_VOC_JPG", "warn", "voc", text(XML, "a.jpg", "a.png"), XML, "filename"),
    Case("C_VOC_FILENAME", "error", "voc", text(XML, "a.jpg", "b.jpg"), XML, "filename"),
    Case("C_VOC_PLANE", "error", "voc", copied(f"{VOC}/SegmentationClass/c.png", PLANE), OBJECTS),
    Case("C_VOC_PLANE", "error", "voc", gone(OBJECTS), PLANE),
    Case("C_VOC_PLANE", "error", "voc", cut(PLANE), PLANE),
    Case("C_VOC_CLASS_SET", "error", "voc", text(f"{MAIN}/dog_train.txt", "b -1", "b  1"), f"{MAIN}/dog_train.txt", 2),
    Case(
        "C_VOC_YEAR",
        "warn",
        "voc",
        moved(f"{MAIN}/val.txt", f"{MAIN}/holdout.txt"),
        f"{MAIN}/holdout.txt",
    ),
]

# -- tables --------------------------------------------------------------------------------------------------

LONG, RETINA, TFOD = "annotations.csv", "annotations_train.csv", "train_labels.csv"
CSV_CASES = [
    Case("C_CSV_HEADER", "error", "long", text(LONG, "split,image_id", "image_id,split"), LONG, 1),
    Case("C_CSV_HEADER", "error", "long", front(LONG, b"\xef\xbb\xbf"), LONG, 1),
    Case("C_CSV_HEADER", "error", "tfod", text(TFOD, "xmax,ymax", "ymax,xmax"), TFOD, 1),
    Case("C_CSV_QUOTE", "error", "long", text(LONG, "box,cat,0", "box,cat,0,0"), LONG, 2),
    Case("C_CSV_QUOTE", "error", "retinanet", text(RETINA, ",cat", ',"cat'), RETINA, 1),
    Case("C_CSV_FORMULA", "error", "long", text(LONG, "box,cat,0", "box,=1+1,0"), LONG, 2),
    Case("C_CSV_MISSING", "warn", "retinanet", text(RETINA, ",cat", ",NA"), RETINA, 1),
    Case("C_CSV_BOX", "error", "retinanet", text(RETINA, "1,2,13,11", "13,2,1,11"), RETINA, 1),
    Case("C_CSV_BOX", "error", "retinanet", text(RETINA, "1,2,13,11", "1.5,2,13,11"), RETINA, 1),
    Case("C_CSV_BOX", "error", "tfod", text(TFOD, "1,2,13,11", "1,2,90,11"), TFOD, 2),
    Case("C_CSV_NEGATIVE", "error", "retinanet", text(RETINA, "images/b.jpg,,,,,\n", ""), "images/b.jpg"),
    Case("C_CSV_NEGATIVE", "error", "tfod", text("train_images.csv", "a.jpg,48,40\n", ""), TFOD),
]

# -- all formats ---------------------------------------------------------------------------------------------

GENERAL_CASES = [
    Case("C_TEXT", "error", "detect", front(LABEL, b"\xef\xbb\xbf"), LABEL, 1),
    Case("C_TEXT", "error", "detect", text(YAML, '"cat"', '"ca\0t"'), YAML, 5),
    Case("C_TEXT", "error", "detect", front(YAML, b"# caf\xe9\n"), YAML, 1),
    Case("C_TEXT", "error", "darknet", front("obj.names", b"\xe9\n"), "obj.names", 1),
    Case("C_TEXT", "error", "voc", front(f"{MAIN}/train.txt", b"\xef\xbb\xbf"), f"{MAIN}/train.txt", 1),
    Case("C_TEXT", "error", "voc", text(XML, "Unspecified", "\0"), XML, 17),
    Case("C_TEXT", "error", "voc", lambda root: (root / f"{VOC}/labelmap.txt").write_bytes(b"a\0\n"),
         f"{VOC}/labelmap.txt", 1),
    Case("C_TEXT", "error", "long", behind(LONG, b"\xe9\n"), LONG),
    Case("C_PATH", "error", "detect", text(YAML, "images/val", "../../val"), YAML, 2),
    Case("C_PATH", "error", "detect", text(YAML, "images/val", "/elsewhere/val"), YAML, 2),
    Case("C_PATH", "error", "detect", text(YAML, "train:", "path: /elsewhere\ntrain:"), YAML, 1),
    Case(
        "C_PATH", "error", "detect",
        both(text(YAML, "images/val", "val.txt"), data("val.txt", b"./images/val/c.jpg\n/x/y.jpg\n")), "val.txt", 2,
    ),
    Case("C_PATH", "error", "detect", linked(LABEL, "nowhere"), LABEL),
    Case("C_PATH", "error", "retinanet", text(RETINA, "images/b.jpg", "/images/b.jpg"), RETINA),
    Case("C_PATH", "error", "coco", linked("images/train/a.jpg", "nowhere.jpg"), COCO),
    Case("C_IMAGE_MISSING", "error", "coco", gone("images/train/a.jpg"), COCO),
    Case("C_IMAGE_MISSING", "error", "voc", gone(f"{VOC}/JPEGImages/a.jpg"), XML),
    Case("C_IMAGE_MISSING", "error", "long", gone("images/a.jpg"), LONG),
    Case("C_IMAGE_MISSING", "error", "darknet", gone("obj_train_data/a.jpg"), "train.txt"),
    Case("C_IMAGE_SIZE", "error", "coco", picture(0, width=50), COCO),
    Case("C_IMAGE_SIZE", "error", "voc", text(XML, "<width>48<", "<width>50<"), XML),
    Case("C_IMAGE_SIZE", "error", "tfod", text("train_images.csv", "a.jpg,48", "a.jpg,50"), "train_images.csv"),
    Case("C_IMAGE_DAMAGED", "error", "detect", cut(JPEG), JPEG),
    Case("C_IMAGE_DAMAGED", "error", "coco", data("images/train/a.jpg", b"nothing"), "images/train/a.jpg"),
    Case("C_EXIF_ROTATED", "warn", "detect", turned(JPEG), JPEG),
    Case("C_STRAY", "warn", "coco", copied("images/train/a.jpg", "images/other.jpg"), "images/other.jpg"),
    Case("C_STRAY", "warn", "detect", data("labels/train/z.txt", b""), "labels/train/z.txt"),
    Case("C_CASE_TWIN", "warn", "detect", copied(LABEL, "labels/train/A.txt"), "labels/train/a.txt"),
    Case("C_SPLIT_LEAK", "warn", "detect", copied(JPEG, "images/val/c.jpg"), "images/val/c.jpg"),
    Case("C_EMPTY", "warn", "detect", emptied("labels"), None),
    Case("C_EMPTY", "warn", "detect", emptied("labels/val"), YAML, 2),
]  # fmt: skip

#: Every damage to a dataset that need not be ours.
CASES = [*GENERAL_CASES, *COCO_CASES, *YOLO_CASES, *VOC_CASES, *CSV_CASES]
