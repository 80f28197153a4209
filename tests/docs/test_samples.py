"""Samples of the documentation do what the text around them says.

A comment above a block tells what it is: ``run`` (or ``run: 3`` with the exit code it ends in), ``file: PATH``,
or ``golden: FORMAT PATH``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

BLOCK = re.compile(r"^<!-- (\w+)(?:: ([^>]+?))? -->\n```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


class Sample(NamedTuple):
    """A marked block of code."""

    role: str
    argument: str
    language: str
    text: str


def samples(page: Path) -> list[Sample]:
    return [Sample(*match.groups(default="")) for match in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def environment(**more: str) -> dict[str, str]:
    """The environment of a reader who has activated the environment of these tests."""
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", **more}


def run(command: list[str], folder: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=folder, env=env or environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def play(sample: Sample, folder: Path) -> None:
    """Run one block as a reader would, and compare its exit code."""
    program = [sys.executable, "-c"] if sample.language == "python" else ["bash", "-euc"]
    done = run([*program, sample.text], folder)
    assert done.returncode == int(sample.argument or 0), f"{sample.text}\n{done.stdout}\n{done.stderr}"


def test_every_mark_belongs_to_a_block(checkout: Path) -> None:
    for page in [checkout / "README.md", *checkout.glob("docs/**/*.md")]:
        marks = re.findall(r"^<!-- (?:run|file|golden)\b", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert len(samples(page)) == len(marks), page


# -- README ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two pictures of the README as a bundle, with its class list."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("readme")
    bundle = folder / "bundle"
    for number, size in ((10, (100, 80)), (11, (60, 40))):
        path = bundle / "files" / str(number) / "x.jpg"
        path.parent.mkdir(parents=True)
        Image.new("RGB", size, (number * 10, 120, 60)).save(path)
    (lines,) = [sample.text for sample in samples(checkout / "README.md") if sample.argument == "bundle"]
    (bundle / "assignments.jsonl").write_text(lines, encoding="utf-8")
    (folder / "classes.txt").write_text("cat\ndog\n", encoding="utf-8")
    return folder


README_OUTPUTS = [
    ("coco", "annotations/instances_train.json"),
    ("yolo", "labels/train/x.txt"),
    ("yolo", "data.yaml"),
    ("voc", "VOCdevkit/VOC2012/ImageSets/Main/trainval.txt"),
    ("csv:dialect=retinanet", "annotations_train.csv"),
    ("csv:dialect=tfod", "train_labels.csv"),
    ("csv:dialect=openimages", "train-annotations-bbox.csv"),
    ("csv:dialect=automl", "annotations.csv"),
    ("csv", "annotations.csv"),
]


def test_every_output_in_the_readme_is_tested(checkout: Path) -> None:
    goldens = [sample.argument for sample in samples(checkout / "README.md") if sample.role == "golden"]
    shown = [argument for argument in goldens if argument != "bundle"]
    assert shown == [f"{form} {path}" for form, path in README_OUTPUTS]


@pytest.mark.parametrize(("form", "path"), README_OUTPUTS)
def test_the_readme_shows_what_is_written(checkout: Path, golden: Path, tmp_path: Path, form: str, path: str) -> None:
    (shown,) = [s for s in samples(checkout / "README.md") if s.argument == f"{form} {path}"]
    out = tmp_path / "out"
    done = run(["exportkit", "convert", "bundle", "--classes", "classes.txt", "--to", form, "-o", str(out)], golden)
    assert done.returncode == 3, done.stderr
    written = (out / path).read_text(encoding="utf-8")
    if shown.language == "json":
        assert written == json.dumps(json.loads(shown.text), separators=(",", ":")) + "\n"
    else:
        assert written == shown.text
    (error,) = (json.loads(line) for line in (out / "exportkit-errors.jsonl").read_text(encoding="utf-8").splitlines())
    assert (error["line"], error["code"]) == (2, "E_BOX_ZERO_AREA")
    assert error["json_path"] == "$.data.annotations[0].bbox"


def test_the_python_of_the_readme_runs(checkout: Path, golden: Path, tmp_path: Path) -> None:
    shutil.copytree(golden / "bundle", tmp_path / "bundle")
    (sample,) = [sample for sample in samples(checkout / "README.md") if sample.role == "run"]

    play(sample, tmp_path)

    assert (tmp_path / "both/coco/annotations/instances_train.json").is_file()
    assert (tmp_path / "both/yolo/data.yaml").is_file()


# -- tutorial ----------------------------------------------------------------------------------------------


def test_the_tutorial_can_be_followed_word_for_word(checkout: Path, tmp_path: Path) -> None:
    for sample in samples(checkout / "docs/tutorials/first-dataset.md"):
        play(sample, tmp_path)
    assert (tmp_path / "out/yolo/data.yaml").is_file()
    assert (tmp_path / "out/coco/exportkit-errors.jsonl").read_bytes() == b""


@pytest.mark.pip
def test_the_tutorial_of_plugins_can_be_followed_word_for_word(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{own_environment(tmp_path / 'env')}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    folder = tmp_path / "empty"
    folder.mkdir()
    for sample in samples(checkout / "docs/tutorials/first-plugin.md"):
        program = [sys.executable, "-c"] if sample.language == "python" else ["bash", "-euc"]
        done = run([*program, sample.text], folder, {**os.environ, "NO_COLOR": "1"})
        assert done.returncode == 0, f"{sample.text}\n{done.stdout}\n{done.stderr}"
    assert json.loads((folder / "exports/cars/first/labels/1.json").read_text(encoding="utf-8"))["id"] == 1
    assert (folder / "exports/cars/train/yolo/data.yaml").is_file()
    assert (folder / "out/boxes.txt").read_text(encoding="utf-8").startswith("street.jpg 0 8 8 32 24\n")
    assert "boxlist" not in done.stdout


def own_environment(folder: Path) -> Path:
    """A throw-away environment that sees what the tests run with; its folder of programs."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    shared = sysconfig.get_path("purelib")
    (site / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n", encoding="utf-8")
    programs = {
        "pip": f"{sys.executable} -m pip --python {python} --disable-pip-version-check",
        "exportkit": f"{python} -m exportkit",
        "pytest": f"{python} -m pytest -p no:cacheprovider -c {os.devnull} --rootdir .",
    }
    for name, command in programs.items():
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    return folder / "bin"


# -- a table in Python -------------------------------------------------------------------------------------


def test_the_frame_of_the_csv_page_can_be_made(checkout: Path) -> None:
    (sample,) = samples(checkout / "docs/reference/formats/csv.md")
    play(sample._replace(text=sample.text + 'assert len(cars)\nassert account["annotations"]["seen"]\n'), checkout)


# -- a format of one's own ---------------------------------------------------------------------------------


@pytest.mark.pip
def test_the_format_of_the_how_to_installs_converts_and_passes_its_suite(
    checkout: Path, golden: Path, tmp_path: Path
) -> None:
    for sample in samples(checkout / "docs/how-to/write-a-format.md"):
        path = tmp_path / sample.argument
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sample.text, encoding="utf-8")
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    installed = run([*pip, "--target", str(site), "./boxlist"], tmp_path)
    assert installed.returncode == 0, installed.stderr
    env = environment(PYTHONPATH=str(site))

    out = tmp_path / "out"
    done = run(["exportkit", "convert", "bundle", "--to", "boxlist", "-o", str(out)], golden, env)
    assert done.returncode == 3, done.stderr
    tested = run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "boxlist/test_boxlist.py"],
        tmp_path,
        env,
    )
    assert tested.returncode == 0, tested.stdout
