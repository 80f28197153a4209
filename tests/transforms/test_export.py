"""Exporters composed in Python write what the command line writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conversion.workbench import Workbench, box, item

from exportkit import Encoded, Export, OutputFile, Record, UsageError, Writer, written
from exportkit.testing import tree_digest
from exportkit.transforms import keep_classes
from exportkit_coco import Coco
from exportkit_csv import Csv
from exportkit_voc import Voc
from exportkit_yolo import Yolo


def bundle_of(bench: Workbench) -> Path:
    return bench.bundle([item(n, box("cat", x=n % 9), box("dog")) for n in range(1, 50)])


def test_an_export_is_the_command_line_in_python(bench: Workbench, tmp_path: Path) -> None:
    bundle = bundle_of(bench)
    words = ["--to", "coco:ids=sequential", "--to", "yolo:task=segment", "--to", "voc", "--to", "csv:dialect=tfod"]
    (tmp_path / "r.yaml").write_text("transforms: [{keep_classes: [cat]}]")
    ran = bench.run(
        "convert", bundle, *words, "-o", bench.out, "--media", "none", "--split", "train=0.8,val=0.2",
        "--recipe", tmp_path / "r.yaml",
    )  # fmt: skip
    assert ran.code == 0, ran

    result = (
        Export(bundle)
        .filter(keep_classes("cat"))
        .split("train=0.8,val=0.2")
        .to(Coco(ids="sequential"), Yolo(task="segment"), Voc(), "csv:dialect=tfod")
        .write(tmp_path / "again", media="none")
    )

    assert result.exit_code == 0
    assert tree_digest(tmp_path / "again") == tree_digest(bench.out)


def test_functions_of_ones_own_filter_and_change_records(bench: Workbench, tmp_path: Path) -> None:
    def shouting(record: Record) -> Record:
        loud = tuple(msgspec.structs.replace(a, label=(a.label or "").upper()) for a in record.annotations)
        return msgspec.structs.replace(record, annotations=loud)

    export = Export(bundle_of(bench)).filter(lambda record: record.item_id != 7).map(shouting).to(Csv())
    result = export.write(tmp_path / "out", media="none")

    (output,) = result.outputs
    assert output.classes == ("CAT", "DOG")
    assert output.counts.records["filtered"] == 1
    assert "7.png" not in (tmp_path / "out/annotations.csv").read_text().split("\n,")


def test_a_writer_class_that_is_no_plugin_is_an_output(bench: Workbench, tmp_path: Path) -> None:
    class Names(Writer):
        name = "names"
        kinds = {"box": "written"}  # noqa: RUF012 - as an author writes it

        def encode(self, record: Record, placement: Any) -> Encoded:
            return Encoded([written()] * len(record.annotations), ((f"names/{placement.stem}.txt", b"x"),))

        def files(self) -> list[OutputFile]:
            return []

    Export(bundle_of(bench)).to(Names).write(tmp_path / "out", media="none", workers=1)

    assert len(list((tmp_path / "out/names").iterdir())) == 49


def test_an_export_is_never_changed(bench: Workbench) -> None:
    first = Export(bundle_of(bench))
    first.to("coco").filter(keep_classes("cat"))

    assert first.outputs == ()
    assert first.transforms == ()


@pytest.mark.parametrize("wrong", [lambda: Yolo(task="nonsense"), lambda: Coco(no_such_option=1)])
def test_wrong_options_are_refused_when_they_are_given(wrong: Any) -> None:
    with pytest.raises(UsageError, match="option"):
        wrong()


def test_what_write_does_not_know_is_refused(bench: Workbench, tmp_path: Path) -> None:
    export = Export(bundle_of(bench))

    with pytest.raises(UsageError, match="name at least one format"):
        export.write(tmp_path / "out")
    with pytest.raises(UsageError, match="no option 'bundle'"):
        export.to("coco").write(tmp_path / "out", bundle="x")
    with pytest.raises(UsageError, match="group_bye"):
        export.read(group_bye="site")
