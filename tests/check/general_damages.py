"""Damages to datasets of any format: rules 1 to 10a."""

from __future__ import annotations

from tests.check.coco_damages import COCO, picture
from tests.check.csv_damages import LONG, RETINA
from tests.check.damage import Case, behind, both, copied, cut, data, emptied, front, gone, linked, text, turned
from tests.check.voc_damages import MAIN, VOC, XML
from tests.check.yolo_damages import JPEG, LABEL, YAML

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
