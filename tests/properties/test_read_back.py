"""What a dataset holds is what its report promises: written things come back equal, lossy ones as their codes say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from tests.properties import coco_oracle, csv_oracle, voc_oracle, yolo_oracle
from tests.properties.found import Found, Objects, Report
from tests.properties.promises import judge, promises
from tests.properties.scenes import scenes
from tests.properties.settings_here import PROFILE
from tests.properties.things import Picture, Scene
from tests.properties.trial import bench_with, convert, label_of, outputs


def objects(spec: str, root: Path, sizes: dict[str, tuple[int, int]], splits: list[str]) -> Objects:
    """What stands in a dataset, by the path of its pictures."""
    name, _, options = spec.partition(":")
    if name == "coco":
        return coco_oracle.read(root)
    if name == "voc":
        return voc_oracle.read(root, sizes, options.partition("=")[2] if "coords" in options else "one")
    if name == "yolo":
        return yolo_oracle.read(root, sizes, "detect" if "darknet" in options else options.partition("=")[2])
    if options:
        return csv_oracle.read_boxes(root, options.partition("=")[2], splits)
    return csv_oracle.read_long(root)


def main_skeleton(scene: Scene) -> tuple[str, ...]:
    """Names of the points that most objects have, the first by name among equals."""
    counts = Counter(
        thing.names for picture in scene.pictures for thing in picture.things if thing.names and not thing.broken
    )
    return min(counts, key=lambda names: (-counts[names], names)) if counts else ()


@PROFILE
@given(scene=scenes())
def test_datasets_hold_what_their_reports_promise(scene: Scene) -> None:
    things = [thing for picture in scene.pictures for thing in picture.things]
    told = promises(any(t.kind in {"polygon", "mask", "rotated_box"} for t in things), main_skeleton(scene))
    wanted = {f"{spec}{',' if ':' in spec else ':'}as=o{place}": spec for place, spec in enumerate(told)}
    with bench_with(scene) as (bench, bundle):
        run, made = convert(bench, bundle, list(wanted), "--loss-iou", "all")
        accounts = outputs(run) if made else {}
        for words in made:
            spec, label = wanted[words], label_of(words)
            root = bench.out / label if len(made) > 1 else bench.out
            report = Report(root)
            places = {picture: report.path_of(picture) for picture in scene.pictures}
            sizes = {path: (picture.width, picture.height) for picture, path in places.items() if path is not None}
            found = objects(spec, root, sizes, list(accounts[label]["splits"]))
            for picture, path in places.items():
                if path is not None:
                    judged(spec, promises, told, picture, report, found.get(path, []))


def judged(spec, _promises, told, picture: Picture, report: Report, found: list[Found]) -> None:  # type: ignore[no-untyped-def]
    outcomes = [report.of(picture, place) for place in range(len(picture.things))]
    try:
        judge(told[spec], picture, outcomes, found)
    except AssertionError as error:
        message = f"{spec}, {picture.width} x {picture.height}: {error}"
        raise AssertionError(message) from error
