"""The page of public samples: what ``exportkit check`` finds in each. Run it to write the page anew.

The samples lie outside of the repository: in the folder that ``EXPORTKIT_SHARED_DATA`` names, else in
``../shared/data`` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

from exportkit.conversion import check_dataset
from exportkit.errors import UsageError
from exportkit.plugins import PluginManager
from exportkit.writing import Finding

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs/reference/samples.md"
#: Every folder and annotation file of the samples that somebody might name, with what reads it.
SAMPLES = {
    "coco_sahi": "pycocotools, torchvision",
    "coco_sahi/terrain3_coco.json": "pycocotools, torchvision",
    "datumaro/coco_dataset/coco_instances": "pycocotools, torchvision",
    "datumaro/coco_dataset/coco_person_keypoints": "pycocotools",
    "datumaro/kitti_dataset/kitti_detection": "",
    "datumaro/voc_dataset/voc_dataset1": "torchvision, detectron2",
    "exports_panlabel": "",
    "exports_panlabel/sample_valid.coco.json": "pycocotools, torchvision",
    "exports_panlabel/sample_valid.cvat.xml": "",
    "exports_panlabel/sample_valid.label_studio.json": "",
    "exports_panlabel/sample_valid.labelme.json": "",
    "exports_panlabel/sample_valid.openimages.csv": "readers of Open Images",
    "exports_panlabel/sample_valid.via.json": "",
    "images_exif": "",
    "images_pillow": "",
    "voc_bccd": "supervision",
    "yolo_cvat_datumaro/yolov8_detection": "Ultralytics",
    "yolo_cvat_datumaro/yolov8_oriented_boxes": "Ultralytics",
    "yolo_cvat_datumaro/yolov8_pose": "Ultralytics",
    "yolo_cvat_datumaro/yolov8_segmentation": "Ultralytics",
}
HEAD = """\
# What check finds in public samples

Datasets of other projects, as they lie there: BCCD_Dataset `d272fb1`, datumaro `575c03f` and `8970bb7`, panlabel
`af6bbaa`, sahi `9a4e569`, exif-orientation-examples `2192941`, Pillow `4e5f09f`. A test compares this page with what
`exportkit check` says; for each error, `make test-consumers` reproduces the refusal of the consumer itself."""
TABLE = """
## Findings

| Sample | Code | Severity | Where | Finding | Consumer |
|---|---|---|---|---|---|"""
CLEAN = """
## Samples without a finding

Their consumers take them whole and without a warning.

| Sample | Format | Consumer |
|---|---|---|"""
REFUSED = """
## No dataset of a format that is known

| Path | What is said (exit code 2) |
|---|---|"""


def data_folder() -> Path:
    """Where the samples lie, if they do."""
    stated = os.environ.get("EXPORTKIT_SHARED_DATA")
    return Path(stated) if stated else CHECKOUT.parent / "shared/data"


def page(data: Path) -> str:
    """The whole page."""
    plugins = PluginManager.load()
    table, clean, refused = [HEAD, TABLE], [CLEAN], [REFUSED]
    for sample, consumer in SAMPLES.items():
        try:
            (result,) = check_dataset(data / sample, plugins)
        except UsageError as error:
            refused.append(f"| `{sample}` | {_plain(str(error), data)} |")
            continue
        if not result.findings:
            clean.append(f"| `{sample}` | {result.format} | {consumer} |")
        table.extend(_row(sample, finding) for finding in result.findings)
    return "\n".join([*table, *clean, *refused]) + "\n"


def _row(sample: str, finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    where = " ".join(filter(None, (place, finding.json_path)))
    cells = (f"`{sample}`", f"`{finding.code}`", finding.severity, f"`{where}`" if where else "dataset")
    return f"| {' | '.join(cells)} | {_cell(finding.message)} | {finding.consumer or ''} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str, data: Path) -> str:
    return _cell(text.replace(f"{data.resolve()}/", "").replace(f"{data}/", ""))


if __name__ == "__main__":
    PAGE.write_text(page(data_folder()), encoding="utf-8")
