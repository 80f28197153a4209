"""Damages to YOLO datasets: rules 26 to 37."""

from __future__ import annotations

from tests.check.damage import Case, behind, both, copied, data, gone, text

YAML, LABEL, JPEG = "data.yaml", "labels/train/a.txt", "images/train/a.jpg"
ROW = "0 0.145833 0.162500 0.250000 0.225000"
#: A PNG of 9 × 10 pixels, as far as a header goes.
PNG_OF_9 = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\t\0\0\0\n\x08\0\0\0\0\x09\x08\x8f\xdd"
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
