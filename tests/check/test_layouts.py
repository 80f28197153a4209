"""Layouts that people have are recognised, whoever made them; what is none is said in one sentence."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exportkit.cli import main
from exportkit.conversion import check_dataset
from exportkit.errors import UsageError
from exportkit.plugins import PluginManager
from exportkit.writing import Finding

Copy = Callable[[str], Path]
Check = Callable[[Path], list[Finding]]


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    ("dataset", "form"),
    [
        ("coco", "coco"), ("detect", "yolo"), ("segment", "yolo"), ("pose", "yolo"), ("classify", "yolo"),
        ("darknet", "yolo"), ("voc", "voc"), ("long", "csv"), ("retinanet", "csv"), ("tfod", "csv"),
    ],
)  # fmt: skip
def test_what_exportkit_writes_is_recognised_without_its_manifest(strange: Copy, dataset: str, form: str) -> None:
    (result,) = check_dataset(strange(dataset), PluginManager.load())

    assert result.format == form


# -- YOLO ----------------------------------------------------------------------------------------------------


def test_a_yaml_of_another_name_is_found_by_what_it_holds(strange: Copy, check: Check) -> None:
    folder = strange("detect")
    (folder / "data.yaml").rename(folder / "coco128.yaml")
    (folder / "conda.yaml").write_text("name: x\ndependencies: []\n")

    assert check(folder) == []


def test_splits_with_folders_of_their_own_are_found_above_a_leading_parent(strange: Copy, check: Check) -> None:
    """As Roboflow exports them: the loader drops the ``../`` of a folder that does not exist."""
    folder = strange("detect")
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (folder / split).mkdir(exist_ok=True)
            (folder / kind / split).rename(folder / split / kind)
    for kind in ("images", "labels"):
        (folder / kind).rmdir()
    (folder / "data.yaml").write_text("train: ../train/images\nval: ../val/images\n\nnc: 2\nnames: ['cat', 'dog']\n")

    assert check(folder) == []


def test_lists_of_folders_and_absolute_paths_are_followed(strange: Copy, check: Check) -> None:
    folder = strange("detect")
    (folder / "data.yaml").write_text(
        f"path: {folder}\ntrain: [images/train]\nval:\n  - {folder}/images/val\nnames: {{0: cat, 1: dog}}\n"
    )

    assert check(folder) == []


def test_lists_of_pictures_may_hold_blanks_and_other_files(strange: Copy, check: Check) -> None:
    folder = strange("detect")
    (folder / "images/train/a.jpg").rename(folder / "images/train/a b.jpg")
    (folder / "labels/train/a.txt").rename(folder / "labels/train/a b.txt")
    (folder / "train.txt").write_text("./images/train/a b.jpg\r\n\n./images/train/b.jpg\n# by hand\n")
    text = (folder / "data.yaml").read_text()
    (folder / "data.yaml").write_text(text.replace("train: images/train", "train: train.txt"))

    assert check(folder) == []


def test_files_that_are_no_pictures_beside_pictures_are_no_findings(strange: Copy, check: Check) -> None:
    folder = strange("detect")
    for name in (".DS_Store", "Thumbs.db", "notes.md", "desktop.ini"):
        (folder / "images/train" / name).write_bytes(b"anything")
    (folder / "labels/train.cache").write_bytes(b"\0")
    (folder / "labels/train/classes.txt").write_text("cat\ndog\n")
    (folder / "README.txt").write_bytes(b"caf\xe9")

    assert check(folder) == []


def test_names_and_labels_that_the_loader_takes_pass(strange: Copy, check: Check) -> None:
    folder = strange("detect")
    (folder / "data.yaml").write_text("train: images/train\nval: images/val\nnc: '2'\nnames: [cat, dog]\n")

    assert check(folder) == []


def test_darknet_may_have_been_written_for_a_folder_called_data(strange: Copy, check: Check) -> None:
    """As CVAT exports it, without a list for validation."""
    folder = strange("darknet")
    (folder / "obj.data").write_text("classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n")
    lines = (folder / "train.txt").read_text().splitlines() + (folder / "valid.txt").read_text().splitlines()
    (folder / "train.txt").write_text("".join(f"data/{line}\n" for line in lines))

    assert told(check(folder)) == [("C_YOLO_SPLIT", "warn")]


def test_a_linked_label_file_is_a_finding_and_the_others_are_judged(strange: Copy, check: Check) -> None:
    folder = strange("detect")
    (folder / "labels/train/a.txt").rename(folder / "elsewhere")
    (folder / "labels/train/a.txt").symlink_to(folder / "elsewhere")
    (folder / "labels/val/c.txt").write_text("9 0.5 0.5 0.1 0.1\n")

    assert {("C_PATH", "error"), ("C_YOLO_ROW", "error")} <= set(told(check(folder)))


# -- Pascal VOC ------------------------------------------------------------------------------------------------


def flat(folder: Path) -> Path:
    root = folder / "VOCdevkit/VOC2012"
    for name in ("ImageSets", "SegmentationClass", "SegmentationObject", "labelmap.txt"):
        shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()
    for path in root.rglob("*.xml"):
        path.write_text(path.read_text().replace("<segmented>1<", "<segmented>0<"))
    return root


def test_a_flat_folder_of_annotations_and_pictures_needs_no_lists(strange: Copy, check: Check) -> None:
    """No loader that wants lists reads such a folder, and those that read it want none."""
    assert check(flat(strange("voc"))) == []


def test_lists_are_missed_in_a_devkit(strange: Copy, check: Check) -> None:
    folder = strange("voc")
    flat(folder)

    assert ("C_VOC_SET", "error") in told(check(folder))


# -- one file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "path"),
    [
        ("coco", "annotations/instances_train.json"),
        ("detect", "data.yaml"),
        ("darknet", "obj.data"),
        ("voc", "VOCdevkit/VOC2012/Annotations/a.xml"),
        ("long", "annotations.csv"),
        ("tfod", "train_labels.csv"),
        ("retinanet", "annotations_train.csv"),
    ],
)
def test_one_annotation_file_is_judged_by_itself(strange: Copy, check: Check, dataset: str, path: str) -> None:
    folder = strange(dataset)
    (folder / "stray.jpg").write_bytes(b"")

    assert check(folder / path) == []


def test_a_file_alone_is_judged_without_its_pictures(strange: Copy, check: Check, tmp_path: Path) -> None:
    source = strange("coco") / "annotations/instances_train.json"
    alone = tmp_path / "elsewhere" / "my labels.json"
    alone.parent.mkdir()
    document = json.loads(source.read_text())
    document["annotations"][0]["area"] = 1
    alone.write_text(json.dumps(document))

    (finding,) = check(alone)

    assert (finding.code, finding.severity, finding.file) == ("C_COCO_AREA", "warn", "my labels.json")
    assert finding.json_path == "$.annotations[?(@.id==1)]"


def test_a_link_to_a_file_is_followed_because_it_was_named(strange: Copy, check: Check, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(strange("coco") / "annotations/instances_train.json")

    assert check(tmp_path / "link.json") == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.json", b'[{"image": 1}]'), ("labels.json", b'{"shapes": [], "version": "5"}'), ("labels.json", b"{"),
        ("labels.xml", b"<annotations><image/></annotations>"), ("labels.xml", b"<annotation"), ("a.yaml", b"names: 1"),
        ("a.csv", b"a;b;c\n1;2;3\n"), ("a.jpg", b"\xff\xd8"), ("none", b""), ("a.parquet", b"PAR1"),
    ],
)  # fmt: skip
def test_a_file_of_no_known_format_is_said_to_be_one(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UsageError, match="No format recognises the file"):
        check_dataset(tmp_path / name, PluginManager.load())


# -- what cannot be told ---------------------------------------------------------------------------------------


def test_two_formats_in_one_folder_are_named(strange: Copy) -> None:
    folder = strange("detect")
    shutil.copytree(strange("coco") / "annotations", folder / "annotations")

    with pytest.raises(UsageError, match=r"fits several formats \(coco, yolo\); choose one with --format"):
        check_dataset(folder, PluginManager.load())
    (result,) = check_dataset(folder, PluginManager.load(), "yolo")
    assert result.format == "yolo"


def test_datasets_below_a_folder_are_named(strange: Copy, tmp_path: Path) -> None:
    strange("detect")
    strange("coco")

    with pytest.raises(UsageError, match=r"such as coco \(coco\), detect \(yolo\)"):
        check_dataset(tmp_path, PluginManager.load())


@pytest.mark.parametrize("content", [[], ["training/image_2/0.png", "training/label_2/0.txt"]], ids=["empty", "kitti"])
def test_what_is_no_dataset_is_one_plain_sentence(
    tmp_path: Path, content: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for path in content:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")

    with pytest.raises(SystemExit) as end:
        main(["check", str(tmp_path)])

    error = capsys.readouterr().err
    assert end.value.code == 2
    assert error.count("\n") == 1
    assert "No format recognises the layout" in error


def test_a_format_that_judges_no_files_wants_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")

    with pytest.raises(SystemExit) as end:
        main(["check", str(tmp_path / "a.json"), "--format", "nothing"])
    assert end.value.code == 2


# -- ugly directories --------------------------------------------------------------------------------------------


UGLY_MANIFESTS = [
    b"[]", b"{", b'{"writer": []}', b'{"writer": {"name": "yolo", "options": 5}}', b'{"codes": [], "media": {}}',
    b'{"datasets": 5}', b'{"datasets": [5, {"path": 5}]}', b'{"records": 5, "objects": "x"}', b"\xff\xfe", b"null",
    b'{"writer": {"name": ["a"], "owner": 5, "options": {"dialect": 5, "prefix": [], "raw": 1}}}',
]  # fmt: skip


@pytest.mark.parametrize("manifest", UGLY_MANIFESTS)
@pytest.mark.parametrize("dataset", ["coco", "detect", "classify", "darknet", "voc", "long", "tfod"])
def test_a_manifest_of_nonsense_is_no_accident(
    strange: Copy, dataset: str, manifest: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = strange(dataset)
    (folder / "exportkit-manifest.json").write_bytes(manifest)

    with pytest.raises(SystemExit) as end:
        main(["check", str(folder), "--json"])

    assert end.value.code in {0, 2, 4}, capsys.readouterr()


@pytest.mark.parametrize(
    ("dataset", "path"),
    [
        ("coco", "annotations/instances_train.json"), ("detect", "data.yaml"), ("detect", "labels/train/a.txt"),
        ("detect", "images/train/a.jpg"), ("darknet", "obj.data"), ("darknet", "obj.names"), ("darknet", "train.txt"),
        ("voc", "VOCdevkit/VOC2012/Annotations/a.xml"), ("voc", "VOCdevkit/VOC2012/ImageSets/Main/train.txt"),
        ("voc", "VOCdevkit/VOC2012/labelmap.txt"), ("voc", "VOCdevkit/VOC2012/SegmentationClass/a.png"),
        ("long", "annotations.csv"), ("retinanet", "classes.csv"), ("tfod", "train_images.csv"),
        ("classify", "train/cat/a.jpg"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "kind", ["folder", "fifo", "link to nothing", "link to itself", "link to a folder", "empty", "noise"]
)
def test_any_file_may_be_anything_else(
    strange: Copy, dataset: str, path: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = strange(dataset)
    place = folder / path
    place.unlink()
    if kind == "folder":
        place.mkdir()
    elif kind == "fifo":
        os.mkfifo(place)
    elif kind.startswith("link"):
        place.symlink_to({"link to nothing": "nothing", "link to itself": place.name, "link to a folder": "/"}[kind])
    else:
        place.write_bytes(b"" if kind == "empty" else bytes(range(256)) * 9)

    with pytest.raises(SystemExit) as end:
        main(["check", str(folder), "--json"])

    assert end.value.code in {0, 2, 4}, capsys.readouterr()


ODD_VALUES = [
    "5", "null", "[]", "{}", "{a: 1}", "'../../x'", "/", "'.'", "''", "[images/train, 5, null, '..']", "true",
    "2020-01-01", ".nan", '"\\ud800"', '"\\0"', "!!binary aGk=", "!!python/object:os.system x", "1e400", "'x.txt'",
    "9" * 30,
]  # fmt: skip


@pytest.mark.parametrize(
    "key", ["path", "train", "val", "test", "validation", "names", "nc", "kpt_shape", "flip_idx", "extra"]
)
def test_values_of_a_yaml_may_be_anything(strange: Copy, check: Check, key: str) -> None:
    folder = strange("detect")
    for value in ODD_VALUES:
        keys = {"train": "images/train", "val": "images/val", "names": "[cat, dog]", key: value}
        (folder / "data.yaml").write_text("".join(f"{name}: {text}\n" for name, text in keys.items()))

        check(folder)


@pytest.mark.parametrize(
    "name", ["\ud800.jpg", "../x.jpg", "/x.jpg", "http://x/y.jpg", "a\0.jpg", "", ".", "x" * 5000, "a/" * 300]
)
def test_a_file_name_in_coco_may_be_anything(strange: Copy, check: Check, name: str) -> None:
    folder = strange("coco")
    path = folder / "annotations/instances_train.json"
    document = json.loads(path.read_text())
    document["images"][0]["file_name"] = name
    path.write_text(json.dumps(document))

    assert "error" in {finding.severity for finding in check(folder)}


@pytest.mark.parametrize("dataset", ["coco", "detect", "classify", "voc", "long"])
def test_names_on_disk_may_be_no_text(strange: Copy, dataset: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = strange(dataset)
    pictures = {"coco": "images/train", "classify": "train/cat", "voc": "VOCdevkit/VOC2012/JPEGImages"}
    place = os.fsencode(folder / pictures.get(dataset, "images")) + b"/\xff\xfe.jpg"
    shutil.copyfile(next(folder.rglob("*.jpg")), place)

    for words in ([], ["--json"]):
        with pytest.raises(SystemExit) as end:
            main(["check", str(folder), *words])
        assert end.value.code in {0, 4}, capsys.readouterr()
