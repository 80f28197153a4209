"""Runs of lines and records in the compiled core come to what is found line by line, and record by record."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversion.workbench import Workbench, box, item

from exportkit import WRITTEN, Encoded, Fragments, OutputFile, Placement, Record, Writer, WriterOptions
from exportkit.conversion import ConversionRequest, convert, shard_survey
from exportkit.conversion.lists import LOSSES, MANIFEST
from exportkit.conversion.reading import RecordReader
from exportkit.conversion.record_batch import RecordBatch
from exportkit.conversion.request import OutputRequest
from exportkit.conversion.rows import ErrorRow, Row, read_rows
from exportkit.conversion.shard_output import ShardOutput
from exportkit.conversion.shard_survey import ShardSurvey, SurveyJob
from exportkit.native import core
from exportkit.normalize import InputOptions
from exportkit.normalize.seed_native import seed_reader
from exportkit.plugins import PluginManager
from exportkit.records import Mask
from exportkit.testing import tree_digest
from exportkit.writing import EncodedRun, NamingRule, RecordRun, lossy, skipped
from exportkit.writing.names import plain_key

pytestmark = pytest.mark.skipif(core is None, reason="the compiled core is not built or switched off")

SEEDS = 30
RULES = (
    NamingRule("flat", needs_extension=True),
    NamingRule(refused_folders=frozenset({"images", "labels"}), refused_extensions=frozenset({"txt"})),
)


def masked(draw: random.Random) -> dict[str, Any]:
    """A mask on the grid of 100 × 90 pixels, beside a box that may hold it, and an area that may be right."""
    spans = sorted(draw.sample(range(9000), 2 * draw.randrange(1, 4)))
    if draw.random() < 0.5:
        spans = [start * 90 + high for start in sorted(draw.sample(range(100), 3)) for high in (10, 30)]
    mask = Mask(100, 90, tuple(spans), by_column=True)
    x0, y0, x1, y1 = mask.bounds()
    off = draw.choice([0, 0, 0.0005, 0.5, 1.3])
    counts = draw.choice(
        [mask.to_coco_counts(), [*mask.to_coco_counts(), 0], mask.to_coco_compressed(), [90, -1], "0`"]
    )
    return {
        "segmentation": {"size": [90, 100], "counts": counts},
        "bbox": [x0 + off if x0 + off < x1 else x0, y0, max(x1 - x0 - off, 1), max(y1 - y0 - off, 1)],
        "area": mask.pixel_count() * draw.choice([1, 1, 1.008, 2]),
        "iscrowd": draw.randrange(2),
    }


POINTS = [1, 2, 2, 11.5, 0.25, 1, 0, 0, 0]
BROKEN_POINTS: list[Any] = [
    [],
    [1, 2],
    [*POINTS[:8], 3],
    [*POINTS, 4],
    [*POINTS[:6], "]", 1, 2],
    [[1, 2, 2]],
    [200, 2, 2],
]


def drawn(number: int, draw: random.Random) -> dict[str, Any]:
    """A usual item with a few things that are not."""

    def side(least: int = 1) -> float:
        return draw.choice([least + draw.randrange(30), round(least + draw.random() * 30, draw.randrange(4))])

    def annotation(index: int) -> dict[str, Any]:
        x, y, width, height = side(0), side(0), side(), side()
        made: dict[str, Any] = {"id": index, "category": draw.choice(["cat", "dog", "käse", "a & b"])}
        made["bbox"] = [x, y, width, height]
        if draw.random() < 0.5:
            corners = [(x + width * i / 4, y) for i in range(5)] + [
                (x + width * i / 4, y + height) for i in range(4, -1, -1)
            ]
            if draw.random() < 0.3:
                corners[4:4] = [corners[4]] * draw.randrange(1, 3)
            if draw.random() < 0.3:
                corners[6:6] = [corners[at] for at in draw.choices(range(5), k=draw.randrange(1, 4))]
            if draw.random() < 0.3:
                corners.append(corners[0])
            made["segmentation"] = [[round(value, 2) for corner in corners for value in corner]]
            if draw.random() < 0.3:
                made["segmentation"].append([round(value / 2 + 3, 2) for value in made["segmentation"][0]])
            made["area"] = round(width * height * draw.choice([1, 1, 1.5]), 2)
        elif draw.random() < 0.3:
            made |= masked(draw)
        if draw.random() < 0.2:
            made["iscrowd"] = 1
        if draw.random() < 0.3:
            made["attributes"] = {"colour": draw.choice(["red", "<blue>"]), "old": draw.random() < 0.5}
        if draw.random() < 0.05:
            made[draw.choice(["difficult", "truncated"])] = True
        if draw.random() < 0.05:
            made["bbox"] = draw.choice([[x, y, 0, 3], [90, 90, 50, 50], None])
        aside = random.Random(100 * number + index)
        if "segmentation" in made and aside.random() < 0.3:
            made["bbox"] = None
        elif "segmentation" not in made and aside.random() < 0.2:
            made["keypoints"] = aside.choice([POINTS, POINTS, POINTS, *BROKEN_POINTS])
        elif aside.random() < 0.1:
            made["rotation"] = aside.choice([0.3, -2, 1.5707963267948966, 0, 7])
        return made

    name = draw.choice([f"{number}.jpg", f"a/{number}.JPG", f"{number}", f"images/{number}.png", f"con.{number}.txt"])
    annotations = [annotation(index) for index in range(draw.randrange(5))]
    line: dict[str, Any] = {
        "id": draw.choice([number, number, number, str(number)]),
        "data": draw.choice([seed_data, seed_data, v1_data, v2_data])(annotations, draw),
        "data_unit": {"id": number, "name": name, "width": 100, "height": 90},
        "files_manifest": {"image_1": {"file_name_original": name, "bundle_path": f"files/{number}.jpg"}},
    }
    if draw.random() < 0.2:
        line["split"] = draw.choice(["train", "val", "valid", "äußeres"])
    if draw.random() < 0.05:
        del line[draw.choice(["data_unit", "files_manifest", "data"])]
    return line


def seed_data(annotations: list[dict[str, Any]], _draw: random.Random) -> dict[str, Any]:
    return {"annotations": annotations}


def tools_of(annotations: list[dict[str, Any]], draw: random.Random) -> list[tuple[str, dict[str, Any], Any]]:
    """Tool, annotation and numbers of what DM has, too: the box or the first ring of each annotation."""
    found = []
    for annotation in annotations:
        rings = annotation.get("segmentation")
        tool = "polygon" if isinstance(rings, list) and draw.random() < 0.9 else "bounding_box"
        if draw.random() < 0.03:
            tool = draw.choice(["polygon", "bounding_box", "classification", "classification", "lasso"])
        found.append(
            (tool, annotation, rings[0] if tool == "polygon" and isinstance(rings, list) else annotation["bbox"])
        )
    return found


def v1_data(annotations: list[dict[str, Any]], draw: random.Random) -> dict[str, Any]:
    records, geometry = [], []
    for tool, annotation, numbers in tools_of(annotations, draw):
        identity = draw.choice([f"a{annotation['id']}"] * 20 + ["a0", annotation["id"]])
        classification = {"class": annotation["category"], **annotation.get("attributes", {})}
        records.append({"id": identity, "tool": tool, "isLocked": False, "classification": classification})
        coordinate = numbers
        if tool == "polygon" and numbers:
            coordinate = [{"x": x, "y": y, "id": "p"} for x, y in zip(numbers[0::2], numbers[1::2], strict=True)]
        elif numbers:
            coordinate = dict(zip(("x", "y", "width", "height"), numbers, strict=False))
            coordinate |= draw.choice([{}] * 9 + [{"rotation": 0.3}])
        geometry.append({"id": identity, "coordinate": coordinate})
    if draw.random() < 0.05:
        geometry.reverse()
    media = draw.choice(["image_1"] * 9 + ["image_2"])
    more: dict[str, Any] = draw.choice([{}, {"extra": {media: {"width": 100, "height": 90}}}, {"relations": {}}])
    return {"annotations": {media: records}, "annotationsData": {media: geometry}, **more}


def v2_data(annotations: list[dict[str, Any]], draw: random.Random) -> dict[str, Any]:
    image: dict[str, Any] = {}
    for tool, annotation, numbers in tools_of(annotations, draw):
        entry: dict[str, Any] = {"classification": annotation["category"]}
        if draw.random() < 0.9:
            entry["id"] = annotation["id"]
        entry["attrs"] = [{"name": name, "value": value} for name, value in annotation.get("attributes", {}).items()]
        entry["attrs"] += draw.choice([[]] * 9 + [[{"name": "rotation", "value": 0.3}]])
        entry["data"] = numbers
        if tool == "polygon" and numbers:
            entry["data"] = [[*pair] for pair in zip(numbers[0::2], numbers[1::2], strict=True)]
        if draw.random() < 0.03:
            entry[draw.choice(["group_id", "new", "encoding"])] = 1
        image.setdefault(tool, []).append(entry)
    data = {"images": [image] * draw.choice([1] * 19 + [2]), "videos": []}
    return draw.choice([data, data, {"annotation_data": data, "annotation_meta": {"annotations": {"image_3": []}}}])


def lines(seed: int) -> list[bytes]:
    """Lines in some order, among them blank ones, repeated ones, and ones that are hurt."""
    draw = random.Random(seed)
    numbers = list(range(1, 40))
    if draw.random() < 0.5:
        draw.shuffle(numbers)
    made: list[bytes] = []
    for number in numbers:
        text = bytearray(json.dumps(drawn(number, draw), ensure_ascii=draw.random() < 0.5).encode())
        if draw.random() < 0.1:
            at = draw.randrange(len(text))
            text[at : at + draw.randrange(3)] = bytes(draw.choices(b'"\\{}[],:0-e.\xff\0x\n\r', k=draw.randrange(4)))
        made += (bytes(text) + draw.choice([b"", b"", b"\r"])).split(b"\n")
        if draw.random() < 0.1:
            made.append(draw.choice([b"", b" \t", made[-1]]))
    return made


@pytest.fixture
def singly(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have every line and record looked at by itself from now on."""

    def switch() -> None:
        monkeypatch.setattr(RecordReader, "surveyor", lambda *_, **__: None)
        monkeypatch.setattr(RecordReader, "run", lambda *_: None)

    return switch


def surveyed(monkeypatch: pytest.MonkeyPatch, convert: Callable[[], object]) -> list[dict[str, Any]]:
    """What the survey of each shard of a conversion found, with its rows and errors."""
    found: list[dict[str, Any]] = []
    real = shard_survey.survey_shard

    def noted(job: SurveyJob) -> ShardSurvey:
        result = real(job)
        plain = {name: getattr(result, name) for name in result.__struct_fields__}
        plain["rows"] = [*read_rows(result.rows, Row)]
        plain["errors"] = [*read_rows(result.errors, ErrorRow)] if result.errors.exists() else []
        plain["name_keys"] = [sorted(memoryview(keys).cast("Q")) for keys in result.name_keys]
        found.append(plain)
        return result

    with monkeypatch.context() as patch:
        patch.setattr("exportkit.conversion.survey.survey_shard", noted)
        convert()
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_survey_in_runs_finds_what_a_survey_line_by_line_finds(
    seed: int, bench: Workbench, monkeypatch: pytest.MonkeyPatch, singly: Callable[[], None]
) -> None:
    bundle = bench.bundle(lines(seed))

    def convert() -> None:
        bench.convert(bundle, "--to", "yolo:task=detect", "--to", "csv:dialect=tfod", "--dry-run")

    in_runs = surveyed(monkeypatch, convert)
    singly()
    one_by_one = surveyed(monkeypatch, convert)

    assert in_runs == one_by_one
    assert in_runs[0]["rows_count"] > 0


MORE = ((), ("--loss-iou", "all"), ("--loss-list", "all"), ("--invalid", "drop"), ("--validate", "full"))
SPECS = (
    "yolo:task=detect",
    "yolo:task=segment",
    "yolo:task=obb",
    "yolo:task=pose",
    "voc",
    "csv:dialect=tfod",
    "coco",
    "coco:ids=sequential,boxes=rectangle,layout=roboflow",
    "coco:boxes=separate",
    "coco:rle=uncompressed",
    "coco:masks=polygon",
)
#: Within a box of 10 × 10 pixels at 8, 1, with enough points to be no matter of a look at each side.
RING = [9, 2, 10, 2, 11, 2, 12, 2, 12, 9, 11, 9, 10, 9, 9, 9, 9, 6]
NAMED = [f"{spec}{',' if ':' in spec else ':'}as=d{place}" for place, spec in enumerate(SPECS)]


def assert_equal_after(switch: Callable[[], None], bundle: Path, bench: Workbench, *more: str) -> None:
    """A conversion gives the same trees, lists and manifests before and after a switch is turned."""
    other = bench.folder / "other" / "out"
    other.parent.mkdir()
    words = ["--media", "none", *more, *(f"--to={named}" for named in NAMED)]

    before = bench.convert(bundle, *words)
    switch()
    after = bench.convert(bundle, *words, out=other)

    assert before.code == after.code != 2
    # What is left of a few of these bundles nobody would take.
    if before.code in {0, 3}:
        assert tree_digest(bench.out) == tree_digest(other)
        told = [*bench.out.rglob(LOSSES), *bench.out.rglob(MANIFEST)]
        assert len(told) >= len(SPECS)
        for path in told:
            assert path.read_bytes() == (other / path.relative_to(bench.out)).read_bytes()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_records_encoded_in_runs_become_what_they_become_one_by_one(
    seed: int, bench: Workbench, singly: Callable[[], None]
) -> None:
    bundle = bench.bundle(lines(1000 + seed))
    assert_equal_after(singly, bundle, bench, *MORE[seed % len(MORE)])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_lines_read_by_the_compiled_core_become_what_they_become_without_it(
    seed: int, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = bench.bundle(lines(2000 + seed))

    def switch() -> None:
        monkeypatch.setattr("exportkit.normalize.lines.seed_reader", lambda _: None)

    assert_equal_after(switch, bundle, bench, *MORE[seed % len(MORE)])


class NeverOdd(random.Random):
    """Chooses the first of all, and nothing that is rare."""

    def random(self) -> float:
        return 0.5

    def choice(self, seq: Any) -> Any:
        return seq[0]


def counted_runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each run took, from now on."""
    taken: list[int] = []
    real = ShardOutput.take_run

    def counted(self: ShardOutput, batch: RecordBatch, at: int) -> int:
        taken.append(real(self, batch, at))
        return taken[-1]

    monkeypatch.setattr(ShardOutput, "take_run", counted)
    return taken


@pytest.mark.parametrize("spec", SPECS)
def test_ordinary_records_are_encoded_in_runs(spec: str, bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = counted_runs(monkeypatch)
    # Other formats list what their datasets lose of a region.
    ring: dict[str, Any] = (
        {"segmentation": [RING], "area": 21} if spec.startswith(("coco", "yolo:task=segment")) else {}
    )
    if spec == "yolo:task=pose":
        ring = {"keypoints": POINTS}
    mask: dict[str, Any] = {
        "segmentation": {"size": [30, 40], "counts": [300, 9, 891]},
        "area": 9,
        "bbox": [10, 0, 1, 9],
    }
    more = [mask, {**mask, "iscrowd": 1}] if spec in {"coco", "coco:rle=uncompressed"} else []
    shapes = [{**box(x=8), **ring}, *({**box(), **shape} for shape in more)]
    named = [item(number, *shapes, file=f"files/{number}.png") for number in range(1, 300)]

    bench.convert(bench.bundle(named), "--to", spec, "--media", "none")

    assert sum(taken) == 299


@pytest.mark.parametrize("spec", ["yolo:task=detect", "yolo:task=segment", "voc", "csv:dialect=tfod", "coco"])
@pytest.mark.parametrize("data", [v1_data, v2_data])
def test_boxes_of_dm_are_encoded_in_runs(
    spec: str, data: Callable[..., dict[str, Any]], bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = counted_runs(monkeypatch)
    shapes = [box(id=index, x=index) for index in range(3)]
    ordinary = data(shapes, NeverOdd())
    named = [item(number, file=f"files/{number}.png", data=ordinary) for number in range(1, 300)]

    bench.convert(bench.bundle(named), "--to", spec, "--media", "none")

    # The first record tells what is to be listed of the others.
    assert sum(taken) >= 298


TURNED = box(x=8, y=10, width=20, rotation=0.3)
OUTLINED = {"id": 2, "category": "cat", "segmentation": [RING]}


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        ("yolo:task=obb", TURNED),
        ("yolo:task=segment", TURNED),
        ("yolo:task=segment", OUTLINED),
        ("yolo:task=detect", OUTLINED),
        ("voc", OUTLINED),
        ("csv:dialect=tfod", OUTLINED),
    ],
)
def test_shapes_that_a_writer_takes_without_a_box_are_encoded_in_runs(
    spec: str, shape: dict[str, Any], bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = counted_runs(monkeypatch)
    named = [item(number, box(), shape, file=f"files/{number}.png") for number in range(1, 300)]

    bench.convert(bench.bundle(named), "--to", spec, "--media", "none")

    # The first record tells what is to be listed of the others, and some are measured.
    assert sum(taken) >= 270


def test_a_part_of_pictures_without_annotations_adds_nothing_to_those_of_others(
    bench: Workbench, singly: Callable[[], None]
) -> None:
    bundle = bench.bundle([item(1, box(), file="files/1.png")])
    (bundle / "task" / "part-00002.jsonl").write_text(json.dumps(item(2, file="files/2.png")) + "\n")
    manifest = json.loads((bundle / "manifest.json").read_text())
    target = manifest["targets"]["task"]
    target["parts"].append({"path": "task/part-00002.jsonl", "records": 1, "cumulative_records": 2})
    target["records"] = 2
    (bundle / "manifest.json").write_text(json.dumps(manifest))

    (bench.folder / "whole").mkdir()
    assert bench.convert(bundle, "--to", "coco", "--media", "none", out=bench.folder / "whole" / "out").code == 0
    assert_equal_after(singly, bundle, bench)


def test_equal_texts_of_attributes_mean_in_runs_what_their_schema_says(
    bench: Workbench, singly: Callable[[], None]
) -> None:
    classification = {"class": "car", "color": "red"}
    attributes = [{"name": "rotation", "value": None}]
    v1 = {
        "annotations": {"image_1": [{"id": "a", "tool": "bounding_box", "classification": classification}]},
        "annotationsData": {"image_1": [{"id": "a", "coordinate": [1, 1, 10, 10]}]},
    }
    boxed = {"classification": "car", "attrs": attributes, "data": [1, 1, 10, 10]}
    ringed = {"classification": "car", "attrs": attributes, "data": [[1, 1], [9, 1], [9, 9]]}
    image = {"polygon": [ringed], "bounding_box": [boxed]}
    each: tuple[dict[str, Any], ...] = (
        {},
        {"data": v1},
        {"data": {"images": [image]}},
        {"data": {"images": [{"bounding_box": [boxed]}]}},
    )
    shapes = [box("car", attributes=classification)]
    named = [item(number, *shapes, file=f"files/{number}.png", **more) for number, more in enumerate(each * 8, start=1)]

    assert_equal_after(singly, bench.bundle(named), bench)


@pytest.mark.parametrize("before", [10**30, -(10**30), 2**63, "7", -1])
def test_a_run_goes_on_behind_any_id(
    before: int | str, bench: Workbench, monkeypatch: pytest.MonkeyPatch, singly: Callable[[], None]
) -> None:
    named = [item(n, box(), file=f"files/{i}.png", name=f"{i}.png") for i, n in enumerate([1, before, 8, 9])]
    bundle = bench.bundle(named)

    def convert_dry() -> None:
        bench.convert(bundle, "--to", "csv:dialect=tfod", "--dry-run")

    in_runs = surveyed(monkeypatch, convert_dry)
    singly()

    assert in_runs == surveyed(monkeypatch, convert_dry)
    assert in_runs[0]["rows_count"] + in_runs[0]["errors_count"] == 4


class Plain(Writer):
    """Writes one file and one line a record, all records one by one."""

    name = "plain"
    kinds: ClassVar[dict[str, str]] = {"box": "written"}

    def encode(self, record: Record, placement: Placement) -> Encoded:
        file = (f"{placement.stem}.bin", record.name.encode())
        return Encoded([WRITTEN] * len(record.annotations), (file,), {"all.txt#lines": f"{placement.stem}\n".encode()})

    def files(self) -> Iterable[OutputFile]:
        return [OutputFile("all.txt", (Fragments("all.txt#lines"),))]


class InRuns(Plain):
    """Writes the same in runs, but for what a test does to each run."""

    deed: Callable[[EncodedRun], EncodedRun | None] = staticmethod(lambda run: run)

    def encode_run(self, run: RecordRun) -> EncodedRun | None:
        count = run.stop - run.start
        outcomes = [WRITTEN] * sum(run.counts(count))
        files = [(f"{stem}.bin", name.encode()) for stem, name in zip(run.stems, run.names, strict=True)]
        lines = [f"{stem}\n".encode() for stem in run.stems]
        pictures = [f"images/{split}/{name}" for split, name in zip(run.splits, run.names, strict=True)]
        return type(self).deed(EncodedRun(outcomes, pictures, files, {"all.txt#lines": lines}))


def _raise(_: EncodedRun) -> EncodedRun:
    raise ValueError("broken")


def _with(**changes: Any) -> Callable[[EncodedRun], EncodedRun]:
    return lambda run: msgspec.structs.replace(run, **changes)


DEEDS: dict[str, Callable[[EncodedRun], Any]] = {
    "is right": lambda run: run,
    "raises": _raise,
    "gives nothing": lambda _: None,
    "gives a text": lambda _: "x",
    "gives too few outcomes": lambda run: msgspec.structs.replace(run, outcomes=run.outcomes[1:]),
    "keeps nothing": lambda run: msgspec.structs.replace(run, outcomes=[skipped("S_CROWD")] * len(run.outcomes)),
    "has an outcome to be listed": lambda run: msgspec.structs.replace(
        run, outcomes=[lossy("L_REGION_DROPPED")] * len(run.outcomes)
    ),
    "streams to nowhere": _with(streams={"other#x": [b"1"]}),
    "streams text": lambda run: msgspec.structs.replace(run, streams={"all.txt#lines": ["x"] * len(run.pictures)}),
    "streams too little": _with(streams={"all.txt#lines": [b"x"]}),
    "has exceptions to nothing": _with(exceptions={"all.txt#lines": {0: b"x"}}),
    "writes too few files": lambda run: msgspec.structs.replace(run, files=run.files[1:]),
    "writes text": lambda run: msgspec.structs.replace(run, files=[("a.txt", "text")] * len(run.files)),
    "writes outside": lambda run: msgspec.structs.replace(run, files=[("../out.txt", b"x")] * len(run.files)),
    "is measured elsewhere": _with(overlaps=[(99, 0, "L_REGION_DROPPED", 0.5, 1)]),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_wrong_with_a_run_is_left_to_the_way_record_by_record(
    deed: str, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = bench.bundle([item(n, box(), box(x=5), file=f"files/{n}.png") for n in range(1, 40)])
    monkeypatch.setattr(InRuns, "deed", staticmethod(DEEDS[deed]))
    digests = []
    monkeypatch.setattr(PluginManager, "writer", lambda self, spec: None)
    monkeypatch.setattr(PluginManager, "checker_of", lambda self, entry: None)
    for writer in (Plain, InRuns):
        out = bench.folder / writer.__name__
        output = OutputRequest(writer, WriterOptions(), "somebody", "1", "plain")
        convert(
            ConversionRequest(bundle=bundle, outputs=(output,), directory=out, media="none", workers=1),
            PluginManager.load(),
        )
        digests.append(tree_digest(out))

    assert digests[0] == digests[1]


names = st.one_of(
    st.text("abZ09_-./~ ", max_size=12),
    st.from_regex(r"\A(?:[a-z.]{1,4}/)?(?:con|com1|lpt|aux|x)[.a]?[a-z]?\.[a-zA-Z0-9_]{0,6}\Z"),
    st.sampled_from(["images/a.jpg", "a/labels/b.png", "a.TXT", "x" * 196 + ".jpg", "x" * 197 + ".jpg", "é.jpg"]),
)


@settings(max_examples=600, deadline=None)
@given(names)
def test_names_are_plain_in_runs_where_they_are_plain_one_by_one(name: str) -> None:
    assert core is not None
    reader = seed_reader(InputOptions())
    assert reader is not None
    rules = tuple((rule.layout == "flat", rule.refused_extensions, rule.refused_folders) for rule in RULES)
    made = core.SeedSurveyor(
        reader=reader,
        splits={None: "train"},
        rules=rules,
        part=0,
        keeps_negatives=True,
        folder=-1,
        extensions=frozenset(),
    )
    # Without another name the id would be one.
    line = json.dumps(item(1, box(), name=name or "?", file="files/1.png")).encode()

    made.take(bytearray(line), 0, len(line), 0, 1, None)

    keys = [list(memoryview(found).cast("Q")) for found in made.sums()[3]]
    wanted = [plain_key(name or "?", rule) for rule in RULES]
    assert keys == ([[key] for key in wanted] if None not in wanted else [[], []])
