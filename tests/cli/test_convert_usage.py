"""What a user does wrong is one plain sentence and exit 2; nothing is made (product description)."""

from __future__ import annotations

import json

import pytest
from tests.conversion.workbench import Workbench, box, item

WRONG = [
    (("--to", "coc"), "coco"),
    (("--to", "yolov8"), "yolo"),
    (("--to", "nothing-like-it"), "installed: coco"),
    (("--to", ""), "format"),
    (("--to", "coco@nobody"), "nobody"),
    (("--to", "yolo:tsk=detect"), "task"),
    (("--to", "yolo:task=fly"), "task"),
    (("--to", "yolo:task"), "key=value"),
    (("--to", "yolo:task=detect,task=segment"), "twice"),
    (("--to", "coco", "--to", "coco"), "as="),
    (("--to", "coco", "--to", "yolo:as=COCO"), "as="),
    (("--to", "coco:as=../x"), "folder"),
    (("--to", "coco:as=a/b"), "folder"),
    (("--to", "coco:as=exportkit-x"), "folder"),
    (("--to", "coco:as="), "folder"),
    (("--input", "nonsense=1"), "nonsense"),
    (("--input", "geometry_space=sideways"), "geometry_space"),
    (("--media", "move"), "--media"),
    (("--invalid", "mend"), "--invalid"),
    (("--on-loss", "x"), "--on-loss"),
    (("--on-error", "x"), "--on-error"),
    (("--loss-list", "x"), "--loss-list"),
    (("--workers", "-1"), "--workers"),
    (("--max-pixels", "0"), "--max-pixels"),
    (("--target", "nobody"), "--target"),
    (("--target", "assignment"), "assignment"),
    (("--keep-old",), "--overwrite"),
    (("--no-such-option",), "--no-such-option"),
    (("--overwritte",), "--overwrite"),
    (("extra",), "extra"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_wrong_option_is_one_sentence(bench: Workbench, words: tuple[str, ...], said: str) -> None:
    bundle = bench.pictures(1)
    run = bench.convert(bundle, *words)
    assert run.code == 2, run
    assert list(run.data) == ["schema", "exit_error"]
    assert run.data["schema"] == "exportkit/1"
    assert run.data["exit_error"]["code"] == 2
    assert "resume_command" in run.data["exit_error"]
    assert said in run.data["exit_error"]["message"]
    assert run.err == ""

    formats = () if "--to" in words else ("--to", "coco")
    plain = bench.run("convert", bundle, *formats, "-o", bench.out, *words)
    assert (plain.code, plain.out, len(plain.err.splitlines())) == (2, "", 1)
    assert plain.err.startswith("exportkit: ")
    assert list(bench.out.parent.iterdir()) == []


def test_missing_arguments_are_named(bench: Workbench) -> None:
    assert "bundle" in bench.run("convert").err.lower()
    assert "--to" in bench.run("convert", bench.folder, "-o", bench.out).err
    assert "--output" in bench.run("convert", bench.folder, "--to", "coco").err


def test_a_bundle_that_is_not_there_is_a_usage_error(bench: Workbench) -> None:
    assert bench.convert(bench.folder / "nothing").code == 2


def test_a_lone_file_of_lines_is_a_bundle(bench: Workbench) -> None:
    lone = bench.folder / "lines.jsonl"
    lone.write_text(json.dumps(item(1, box())))

    assert bench.convert(lone).code == 0
    assert bench.manifest()["records"]["written"] == 1


@pytest.mark.parametrize("command", ["check", "verify"])
def test_commands_on_what_is_no_dataset_of_ours_say_so(bench: Workbench, command: str) -> None:
    assert bench.run(command, bench.folder).code == 2
    assert bench.run(command, bench.folder / "nothing").code == 2


def test_an_owner_may_be_named(bench: Workbench) -> None:
    assert bench.convert(bench.pictures(1), "--to", "coco@exportkit").code == 0


@pytest.mark.parametrize("name", ["coco", "yolo", "voc", "csv"])
def test_every_format_is_recognised_by_its_layout(bench: Workbench, name: str) -> None:
    bench.convert(bench.pictures(1, 2), "--to", name)

    found = bench.run("check", bench.out, "--json")
    assert found.code == 0
    assert [dataset["format"] for dataset in found.data["datasets"]] == [name]
    (bench.out / "exportkit-manifest.json").unlink()
    stranger = bench.run("check", bench.out, "--json")
    assert [dataset["format"] for dataset in stranger.data["datasets"]] == [name]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--accept", "L_NOPE", "--on-loss", "fail"), "there is no code 'L_NOPE'"),
        (("--accept", "L_RASTERISD", "--on-loss", "fail"), "did you mean L_RASTERISED"),
        (("--accept", "L_RASTERISED"), "--accept goes with --on-loss fail"),
    ],
)
def test_codes_to_accept_are_known_and_of_use(bench: Workbench, words: tuple[str, ...], sentence: str) -> None:
    run = bench.run("convert", bench.bundle([item(1, box())]), "--to", "coco", "-o", bench.out, *words)

    assert run.code == 2
    assert sentence in run.err


def test_blanks_around_accepted_codes_do_not_matter(bench: Workbench) -> None:
    given = {"category": "cat", "segmentation": [[1, 1, 9, 1, 9, 9]], "attributes": {"a": 1}}
    words = ("--to", "yolo:task=detect", "--on-loss", "fail", "--accept", "L_REGION_DROPPED, L_ATTRIBUTES_DROPPED")

    assert bench.convert(bench.bundle([item(1, given)]), *words).code == 0
