"""What ``check`` calls an error in public samples, their consumers refuse or misread; what passes, they take."""

from __future__ import annotations

import csv
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

numpy: Any = pytest.importorskip("numpy")
torch: Any = pytest.importorskip("torch")
coco: Any = pytest.importorskip("pycocotools.coco")
pyplot: Any = pytest.importorskip("matplotlib.pyplot")
supervision: Any = pytest.importorskip("supervision")
torchvision: Any = pytest.importorskip("torchvision.datasets")
verification: Any = pytest.importorskip("ultralytics.data.utils")

pytestmark = [pytest.mark.consumers, pytest.mark.shared_data, pytest.mark.filterwarnings("ignore")]

PAGE = Path(__file__).parents[2] / "docs/reference/samples.md"
ROW = re.compile(r"\| `([^`]+)` \| `(C_\w+)` \| error \| (?:`([^`]*)`|dataset) \| (.*) \| .* \|")


class Error(NamedTuple):
    """An error on the page."""

    sample: str
    code: str
    where: str
    message: str


#: Reproduces a refusal in a copy of the sample that may be changed.
Refusal = Callable[[Error, Path, pytest.MonkeyPatch], None]


def errors() -> list[Error]:
    rows = map(ROW.fullmatch, PAGE.read_text(encoding="utf-8").splitlines())
    return [Error(*(group or "" for group in row.groups())) for row in rows if row]


def copied(shared_data: Path, sample: str, folder: Path) -> Path:
    """A copy of a sample; of one file with all that lies beside it."""
    source = shared_data / sample
    target = folder / "sample"
    shutil.copytree(source if source.is_dir() else source.parent, target)
    return target if source.is_dir() else target / source.name


@pytest.mark.parametrize("error", errors(), ids=lambda error: f"{error.sample} {error.code} {error.where}")
def test_each_error_is_a_refusal_of_the_consumer(
    error: Error, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert error.code in REFUSALS, "write down how its consumer refuses it"
    REFUSALS[error.code](error, copied(shared_data, error.sample, tmp_path), monkeypatch)


# -- Ultralytics -------------------------------------------------------------------------------------------


def check_yaml(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = verification.check_det_dataset(str(path), autodownload=False)
    return data


def refuses_the_yaml(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yaml = sample / "data.yaml"
    if error.message.startswith("'val' is missing"):
        with pytest.raises(SyntaxError, match="'val:' key missing"):
            check_yaml(yaml)
        return
    assert error.message.startswith("'path' is relative")
    yaml.write_text(yaml.read_text().replace("train: images/train", "train: images/train\nval: images/train"))
    monkeypatch.chdir(sample)
    assert Path(check_yaml(yaml)["val"]) == (sample / "images/train").resolve()
    monkeypatch.chdir(sample.parent)
    with pytest.raises(FileNotFoundError, match="images not found"):
        check_yaml(yaml)


# -- Pascal VOC --------------------------------------------------------------------------------------------


def as_devkit(sample: Path) -> Path:
    """The root that torchvision is given: the sample becomes the year 2007 in it."""
    root = sample.parent / "root"
    shutil.copytree(sample, root / "VOCdevkit/VOC2007")
    return root


def parse_objects(path: Path) -> list[dict[str, Any]]:
    """Reads an annotation file as the evaluation of detectron2 does: each element is asked for its text."""
    objects = []
    for element in ET.parse(path).findall("object"):
        texts: Any = {name: element.find(name) for name in ("name", "pose", "truncated", "difficult")}
        words = {name: found.text for name, found in texts.items()}
        objects.append({**words, "truncated": int(words["truncated"]), "difficult": int(words["difficult"])})
    return objects


def refuses_an_object_without_flags(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, where = error.where.split(" ")
    place, _, missing = where.partition("/")
    number = int(place.removeprefix("object[").removesuffix("]"))
    tree = ET.parse(sample / file)
    broken = tree.findall("object")[number - 1]
    for name, text in (("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
        if name != missing and broken.find(name) is None:
            ET.SubElement(broken, name).text = text
    tree.write(sample / file)
    with pytest.raises(AttributeError):
        parse_objects(sample / file)
    ET.SubElement(broken, missing).text = "0"
    tree.write(sample / file)
    assert len(parse_objects(sample / file)) == 2


def refuses_a_plane_of_colours(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _, name = error.where.partition("/")
    (sample / "ImageSets/Segmentation").mkdir()
    (sample / "ImageSets/Segmentation/train.txt").write_text(name.removesuffix(".png") + "\n")
    monkeypatch.setattr(torchvision.VOCSegmentation, "_TARGET_DIR", folder)
    _, plane = torchvision.VOCSegmentation(str(as_devkit(sample)), year="2007", image_set="train")[0]
    target = torch.as_tensor(numpy.array(plane), dtype=torch.int64)
    assert plane.mode == "RGB"
    height, width = target.shape[:2]
    scores = torch.zeros(1, 21, height, width)
    with pytest.raises(RuntimeError):
        torch.nn.functional.cross_entropy(scores, target[None])
    torch.nn.functional.cross_entropy(scores, target[None, ..., 0] % 21)  # one class a pixel is what it takes


def refuses_the_lists(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(as_devkit(sample))
    if error.where == "ImageSets/Segmentation":
        with pytest.raises(FileNotFoundError, match=r"ImageSets/Segmentation/train\.txt"):
            torchvision.VOCSegmentation(root, year="2007", image_set="train")
        return
    word = Path(error.where.rpartition(":")[0]).stem
    found = torchvision.VOCDetection(root, year="2007", image_set=word)
    line = int(error.where.rpartition(":")[2])
    with pytest.raises(FileNotFoundError, match=r"\.xml"):
        found[line - 1]


def misreads_the_list_of_a_class(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads lists as the devkit does, ``%s %d``: a picture is a positive of a class that it has no object of."""
    path, _, line = error.where.rpartition(":")
    name, flag = (sample / path).read_text().splitlines()[int(line) - 1].split()
    label = Path(path).stem.rpartition("_")[0]
    objects = [element.findtext("name") for element in ET.parse(sample / f"Annotations/{name}.xml").findall("object")]
    assert int(flag) == 1
    assert label not in objects


# -- COCO --------------------------------------------------------------------------------------------------


def has_no_picture(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = error.message.removeprefix("the picture ").removesuffix(" is not there")
    if not error.where.endswith(".json"):  # readers of tables go from a row to its picture
        assert not list(sample.glob(f"**/{Path(name).name}*"))
        return
    found = torchvision.CocoDetection(str(sample), str(sample / error.where))
    place = next(n for n, i in enumerate(found.ids) if name.endswith(found.coco.imgs[i]["file_name"]))
    with pytest.raises(FileNotFoundError, match=re.escape(Path(name).name)):
        found[place]


def refuses_an_annotation_without_key(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = re.search(r"@\.id==(\d+)", error.where)
    assert number is not None
    truth = coco.COCO(str(sample if sample.is_file() else sample / error.where.split(" ")[0]))
    missing = error.message.removesuffix(" is missing")
    with pytest.raises(KeyError, match=missing):
        truth.annToMask(truth.anns[int(number[1])])


def edges_drawn(truth: Any) -> set[tuple[float, ...]]:
    """The edges between key points that pycocotools draws."""
    pyplot.switch_backend("agg")
    pyplot.figure()
    truth.showAnns(list(truth.anns.values()))
    lines = [line for line in pyplot.gca().lines if line.get_linestyle() != "None"]
    drawn = {tuple(map(float, (*line.get_xdata(), *line.get_ydata()))) for line in lines}
    pyplot.close()
    return drawn


def misreads_points(error: Error, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points have no names and edges count from 0: pycocotools draws others than those that are meant."""
    truth = coco.COCO(str(sample / error.where.split(" ")[0]))
    misread = edges_drawn(truth)
    for category in truth.cats.values():
        assert category["keypoints"] == []
        category["skeleton"] = [[one + 1, other + 1] for one, other in category["skeleton"]]
    assert edges_drawn(truth) != misread


REFUSALS: dict[str, Refusal] = {
    "C_YOLO_YAML": refuses_the_yaml,
    "C_VOC_FLAG": refuses_an_object_without_flags,
    "C_VOC_PLANE": refuses_a_plane_of_colours,
    "C_VOC_SET": refuses_the_lists,
    "C_VOC_CLASS_SET": misreads_the_list_of_a_class,
    "C_IMAGE_MISSING": has_no_picture,
    "C_COCO_KEYS": refuses_an_annotation_without_key,
    "C_COCO_KPT": misreads_points,
}


# -- samples that their consumers take -----------------------------------------------------------------------


def clean() -> set[str]:
    """Samples without a finding, as the page lists them."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("## Samples without a finding")
    rows = rest.partition("\n## ")[0].splitlines()
    return {row.split("`")[1] for row in rows if row.startswith("| `")}


@pytest.mark.filterwarnings("error")
def test_blood_cells_are_taken_by_supervision_and_have_no_finding(shared_data: Path) -> None:
    folder = shared_data / "voc_bccd"
    found = supervision.DetectionDataset.from_pascal_voc(str(folder / "JPEGImages"), str(folder / "Annotations"))
    boxes = sum(len(annotations) for _, _, annotations in found)
    wanted = sum(len(ET.parse(path).findall("object")) for path in (folder / "Annotations").iterdir())

    assert (len(found), boxes) == (10, wanted)
    assert "voc_bccd" in clean()


def test_an_outline_just_over_the_edge_is_taken_by_ultralytics_and_no_error(shared_data: Path) -> None:
    sample = shared_data / "yolo_cvat_datumaro/yolov8_oriented_boxes"
    files = str(sample / "images/train/1.jpg"), str(sample / "labels/train/1.txt")
    _, labels, _, segments, *_, corrupt, message = verification.verify_image_label((*files, "", False, 10, 0, 0, False))

    assert (len(labels), corrupt, message) == (2, 0, "")
    assert min(segment.min() for segment in segments) < 0
    assert "C_YOLO_RANGE" not in {error.code for error in errors()}


@pytest.mark.parametrize("task", ["detection", "segmentation", "pose"])
def test_labels_without_a_finding_are_taken_by_ultralytics(shared_data: Path, task: str) -> None:
    sample = shared_data / f"yolo_cvat_datumaro/yolov8_{task}"
    files = str(sample / "images/train/1.jpg"), str(sample / "labels/train/1.txt")
    points = (3, 3) if task == "pose" else (0, 0)
    *_, corrupt, message = verification.verify_image_label((*files, "", task == "pose", 10, *points, False))

    assert (corrupt, message) == (0, "")


def test_a_short_table_of_open_images_is_taken_by_its_columns(shared_data: Path) -> None:
    """Readers ask for columns by name, and flags are optional."""
    with (shared_data / "exports_panlabel/sample_valid.openimages.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        x0, x1, y0, y1 = (float(row[name]) for name in ("XMin", "XMax", "YMin", "YMax"))
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
        assert row["ImageID"]
        assert row["LabelName"]

    assert len(rows) == 3
    assert "exports_panlabel/sample_valid.openimages.csv" in clean()


def test_boxes_and_masks_of_coco_without_an_error_are_taken_by_pycocotools(shared_data: Path) -> None:
    folder = shared_data / "datumaro/coco_dataset/coco_instances/annotations"
    for path in sorted(folder.iterdir()):
        truth = coco.COCO(str(path))
        for annotation in truth.anns.values():
            assert not annotation["segmentation"] or truth.annToMask(annotation).any()
    assert not [error for error in errors() if error.sample.endswith("coco_instances")]
