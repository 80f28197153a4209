"""Damages to tables: rules 48 to 54."""

from __future__ import annotations

from pathlib import Path

from tests.check.damage import Case, data, front, text


def renamed_column(root: Path) -> None:
    """Call a column of the Parquet table by another name."""
    from pyarrow import parquet

    place = root / "annotations.parquet"
    table = parquet.read_table(place)
    parquet.write_table(
        table.rename_columns(["x1" if n == "x" else n for n in table.column_names]), root / "annotations.parquet"
    )


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

BOXES, VIA = "train-annotations-bbox.csv", "via_region_data_train.csv"
DIALECT_CASES = [
    Case("C_CSV_HEADER", "error", "openimages", text(BOXES, "XMax,YMin", "YMin,XMax"), BOXES, 1),
    Case("C_CSV_BOX", "error", "openimages", text(BOXES, "0.020833,0.270833", "20.833,0.270833"), BOXES, 2),
    Case("C_CSV_BOX", "error", "openimages", text(BOXES, "0.020833,0.270833", "0.270833,0.020833"), BOXES, 2),
    Case("C_CSV_NEGATIVE", "error", "openimages", text("train-images.csv", "a\n", ""), BOXES),
    Case("C_CSV_QUOTE", "error", "via", text(VIA, '""x"":1,', '""x"":,'), VIA, 2),
    Case("C_CSV_HEADER", "error", "via", text(VIA, "file_size,file_attributes", "file_attributes,file_size"), VIA, 1),
    Case("C_CSV_BOX", "error", "automl", text(LONG, "0.020833,0.05", "2,0.05"), LONG, 1),
    Case("C_CSV_QUOTE", "error", "automl", text(LONG, "TRAIN,images/b.jpg,,,,,,,,,", "TRAIN,images/b.jpg,,"), LONG, 3),
    Case("C_PARQUET", "error", "parquet", data("annotations.parquet", b"PAR1 and not more"), "annotations.parquet"),
    Case("C_PARQUET", "error", "parquet", renamed_column, "annotations.parquet"),
]
