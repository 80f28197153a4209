"""Datasets as archives: `--sink tar` and `--sink zip` (product, the command line)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.conversion.workbench import FIXTURES, FOUR, LISTS, Workbench, box, item, lines_of, png

from exportkit.testing import tree_digest

SINKS = pytest.mark.parametrize("sink", ["tar", "zip"])
OUTPUTS = [word for spec in FOUR for word in ("--to", spec)]
BUNDLES = ("dirty", "dm_v2_wrapped_ground_truth", "golden", "odd_pictures", "twins_shuffled", "ugly_names")


def names_in(archive: Path) -> list[str]:
    """Members in their order, by the readers of Python."""
    if archive.suffix == ".tar":
        with tarfile.open(archive) as tar:
            return [member.name + "/" * member.isdir() for member in tar]
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return opened.namelist()


def unpack(archive: Path, folder: Path) -> None:
    """What users do."""
    folder.mkdir()
    if archive.suffix == ".tar":
        subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    else:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)


@SINKS
def test_an_archive_holds_what_the_folder_would_and_the_account_stands_beside_it(bench: Workbench, sink: str) -> None:
    bundle = bench.pictures(1, 2, 3)
    bench.convert(bundle, "--to", "yolo:task=detect", out=bench.folder / "reference")

    run = bench.convert(bundle, "--to", "yolo:task=detect", "--sink", sink)

    assert run.code == 0, run
    beside = {"exportkit-manifest.json", *LISTS}
    assert {path.name for path in bench.out.iterdir()} == beside | {f"dataset.{sink}"}
    unpack(bench.out / f"dataset.{sink}", bench.folder / "unpacked")
    assert tree_digest(bench.folder / "unpacked") == tree_digest(bench.folder / "reference") == tree_digest(bench.out)
    for name in LISTS:
        assert (bench.out / name).read_bytes() == (bench.folder / "reference" / name).read_bytes()
    assert bench.manifest()["archive"] == f"dataset.{sink}"


@SINKS
@pytest.mark.parametrize("name", BUNDLES)
def test_every_format_gives_the_tree_of_its_folder(bench: Workbench, sink: str, name: str) -> None:
    bundle = FIXTURES / "bundles" / name
    words = ["--target", "task"] if (bundle / "task").is_dir() else []
    folder = bench.convert(bundle, *OUTPUTS, *words, out=bench.folder / "reference")
    assert folder.code in {0, 3}, folder

    run = bench.convert(bundle, *OUTPUTS, *words, "--sink", sink)

    assert run.code == folder.code, run
    assert tree_digest(bench.out) == tree_digest(bench.folder / "reference")
    assert bench.run("verify", bench.out).code == 0


@SINKS
def test_workers_and_runs_do_not_change_a_byte_of_an_archive(bench: Workbench, sink: str) -> None:
    lines = [item(n, box(attributes={"text": "x" * 2000})) for n in range(6000)]  # several shards
    bundle = bench.bundle(lines)
    words = ("--to", "yolo:task=detect", "--sink", sink)
    made = []
    for workers in ("1", "2"):
        run = bench.convert(bundle, *words, "--workers", workers, out=bench.folder / workers)
        assert run.code == 0, run
        made.append((bench.folder / workers / f"dataset.{sink}").read_bytes())

    assert made[0] == made[1]
    labels = [name for name in names_in(bench.folder / "1" / f"dataset.{sink}") if name.endswith(".txt")]
    assert labels == [f"labels/train/{n}.txt" for n in range(6000)], "members are in the order of the records"


@SINKS
def test_nothing_of_this_machine_stands_in_an_archive(bench: Workbench, sink: str) -> None:
    former = os.umask(0o077)
    try:
        bench.convert(bench.pictures(1), "--to", "voc", "--sink", sink)
    finally:
        os.umask(former)

    archive = bench.out / f"dataset.{sink}"
    if sink == "tar":
        with tarfile.open(archive) as tar:
            facts = {(m.mode, m.uid, m.gid, m.uname, m.gname, m.mtime) for m in tar if m.isfile()}
        assert facts == {(0o644, 0, 0, "", "", 0)}
    else:
        with zipfile.ZipFile(archive) as opened:
            infos = [entry for entry in opened.infolist() if not entry.is_dir()]
        assert {(e.date_time, e.external_attr >> 16, e.compress_type) for e in infos} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644, zipfile.ZIP_STORED)
        }


@SINKS
def test_names_of_any_script_and_length_come_back(bench: Workbench, sink: str) -> None:
    names = ["사진 😀.png", "é" * 90 + ".png", "a" * 150 + ".png", "b/" * 20 + "c.png"]
    lines = [item(n, box(), name=name, file=f"files/{n}.png") for n, name in enumerate(names)]
    bundle = bench.bundle(lines, {f"files/{n}.png": png() for n in range(len(names))})
    bench.convert(bundle, out=bench.folder / "reference")

    assert bench.convert(bundle, "--sink", sink).code == 0

    unpack(bench.out / f"dataset.{sink}", bench.folder / "unpacked")
    assert tree_digest(bench.folder / "unpacked") == tree_digest(bench.folder / "reference")


@SINKS
def test_a_record_that_fails_leaves_nothing_in_the_archive(bench: Workbench, sink: str) -> None:
    lines = [item(n, box(), file=f"files/{n}.png") for n in (1, 2, 3)]
    files = {"files/1.png": png(), "files/2.png": png()[:-4], "files/3.png": png()}

    run = bench.convert(bench.bundle(lines, files), "--to", "yolo:task=detect", "--sink", sink)

    assert run.code == 3, run
    members = names_in(bench.out / f"dataset.{sink}")
    assert [name for name in members if name.endswith(".png")] == ["images/train/1.png", "images/train/3.png"]
    assert bench.run("verify", bench.out).code == 0


@SINKS
def test_verify_tells_a_changed_byte_and_a_missing_end(bench: Workbench, sink: str) -> None:
    bench.convert(bench.pictures(1, 2), "--sink", sink)
    archive = bench.out / f"dataset.{sink}"
    whole = archive.read_bytes()
    at = whole.index(b"IDAT") + 6
    archive.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    changed = bench.run("verify", bench.out, "--json")
    archive.write_bytes(whole[: len(whole) // 2])
    cut = bench.run("verify", bench.out)

    assert changed.code == 4
    assert [entry["reason"] for entry in changed.data["differences"]] == ["has other bytes than were published"]
    assert cut.code == 4


@pytest.mark.parametrize("name", ["../out.txt", "/etc/out.txt", "images/train/1.png"])
def test_an_archive_that_leads_out_or_holds_a_name_twice_is_refused(bench: Workbench, name: str) -> None:
    bench.convert(bench.pictures(1), "--sink", "tar")
    with tarfile.open(bench.out / "dataset.tar", "a") as tar:
        tar.addfile(tarfile.TarInfo(name))

    run = bench.run("verify", bench.out)

    assert run.code == 4
    assert "dataset.tar" in run.err


@SINKS
def test_a_link_in_an_archive_is_refused(bench: Workbench, sink: str) -> None:
    bench.convert(bench.pictures(1), "--sink", "tar")
    link = tarfile.TarInfo("images/train/2.png")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(bench.out / "dataset.tar", "a") as tar:
        tar.addfile(link)

    assert bench.run("verify", bench.out).code == 4


@pytest.mark.parametrize("media", ["hardlink", "symlink"])
def test_links_and_archives_exclude_each_other(bench: Workbench, media: str) -> None:
    run = bench.convert(bench.pictures(1), "--sink", "tar", "--media", media)

    assert run.code == 2
    assert "--media copy or none" in run.data["exit_error"]["message"]


@SINKS
def test_check_says_how_an_archive_is_checked(bench: Workbench, sink: str) -> None:
    bench.convert(bench.pictures(1), "--sink", sink)

    run = bench.run("check", bench.out)

    assert run.code == 2
    unpacking = run.err.strip().rpartition(": ")[2]
    if shutil.which("unzip") is None and sink == "zip":
        return
    subprocess.run(["sh", "-c", unpacking], check=True)
    assert bench.run("check", bench.out).code == 0
    assert bench.run("verify", bench.out).code == 0


@SINKS
def test_what_a_consumer_would_refuse_is_not_published_as_an_archive_either(bench: Workbench, sink: str) -> None:
    run = bench.convert(bench.bundle([item(1)]), "--to", "yolo:task=classify", "--sink", sink)
    folder = bench.convert(bench.folder / "bundle", "--to", "yolo:task=classify", out=bench.folder / "reference")

    assert run.code == folder.code


@SINKS
def test_an_archive_takes_the_place_of_a_folder_and_the_other_way_round(bench: Workbench, sink: str) -> None:
    bundle = bench.pictures(1, 2)
    bench.convert(bundle)
    digest = tree_digest(bench.out)

    assert bench.convert(bundle, "--sink", sink, "--overwrite").code == 0
    assert (bench.out / f"dataset.{sink}").is_file()
    assert tree_digest(bench.out) == digest
    assert bench.convert(bundle, "--overwrite").code == 0
    assert not (bench.out / f"dataset.{sink}").exists()


@SINKS
def test_splits_and_several_outputs_stand_in_archives(bench: Workbench, sink: str) -> None:
    bundle = bench.pictures(*range(30))
    words = (*OUTPUTS, "--split", "train=0.5,val=0.5")
    bench.convert(bundle, *words, out=bench.folder / "reference")

    run = bench.convert(bundle, *words, "--sink", sink)

    assert run.code == 0, run
    assert tree_digest(bench.out) == tree_digest(bench.folder / "reference")
    assert sorted(path.parent.name for path in bench.out.rglob(f"dataset.{sink}")) == ["coco", "csv", "voc", "yolo"]
    listed = [entry["path"] for entry in lines_of(bench.out / "yolo" / "exportkit-files.jsonl")]
    members = names_in(bench.out / "yolo" / f"dataset.{sink}")
    assert sorted(name for name in members if not name.endswith("/")) == listed
    assert json.loads((bench.out / "exportkit-manifest.json").read_bytes())["datasets"]


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs unzip")
def test_unzip_finds_nothing_wrong(bench: Workbench) -> None:
    bench.convert(bench.pictures(1, 2), "--to", "voc", "--sink", "zip")

    subprocess.run(["unzip", "-tq", bench.out / "dataset.zip"], check=True)


def test_an_unknown_sink_is_refused_in_one_sentence(bench: Workbench) -> None:
    run = bench.convert(bench.pictures(1), "--sink", "rar")

    assert run.code == 2


@SINKS
def test_a_dry_run_makes_no_archive(bench: Workbench, sink: str) -> None:
    run = bench.convert(bench.pictures(1), "--sink", sink, "--dry-run")

    assert run.code == 0, run
    assert not bench.out.exists()
