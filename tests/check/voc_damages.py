"""Damages to Pascal VOC datasets: rules 38 to 47."""

from __future__ import annotations

from tests.check.damage import Case, copied, cut, front, gone, moved, text

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
