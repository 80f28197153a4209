"""What a dataset holds is what its report promises: written things come back equal, lossy ones as their codes say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given
from tests.properties import coco_oracle, csv_oracle, voc_oracle, yolo_oracle
from tests.properties.found import Found, Objects, Report, Told
from tests.properties.measures import same_measures
from tests.properties.promises import Promise, judge, promises
from tests.properties.roles import SEPARATE, WHOLE, same_class_folders
from tests.properties.scenes import scenes, tagged_scenes
from tests.properties.settings_here import PROFILE
from tests.properties.things import Picture, Scene, Thing
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
    if options == "dialect=parquet":
        return csv_oracle.read_parquet(root)
    if options == "dialect=openimages":
        return csv_oracle.read_open_images(root, splits, sizes)
    if options == "dialect=automl":
        return csv_oracle.read_automl(root, sizes)
    if options == "dialect=via":
        return csv_oracle.read_via(root, splits)
    if options:
        return csv_oracle.read_boxes(root, options.partition("=")[2], splits)
    return csv_oracle.read_long(root)


def main_skeleton(scene: Scene) -> tuple[str, ...]:
    """Names of the points that most objects have, the first by name among equals."""
    counts = Counter(
        thing.names for picture in scene.pictures for thing in picture.things if thing.names and not thing.broken
    )
    return min(counts, key=lambda names: (-counts[names], names)) if counts else ()


def has_doubtful_skeleton(scene: Scene) -> bool:
    """Whether objects whose points are broken could tip the balance: the survey counts those that it can read."""
    things = [thing for picture in scene.pictures for thing in picture.things if thing.kind == "keypoints"]
    counts = sorted(Counter(thing.names for thing in things if not thing.broken).values())
    lead = counts[-1] - (counts[-2] if len(counts) > 1 else 0) if counts else 0
    broken = sum(bool(thing.broken) for thing in things)
    return broken > 0 and lead <= broken


@PROFILE
@given(scene=scenes())
def test_datasets_hold_what_their_reports_promise(scene: Scene) -> None:
    things = [thing for picture in scene.pictures for thing in picture.things]
    told = promises(any(t.kind in {"polygon", "mask", "rotated_box"} for t in things), main_skeleton(scene))
    wanted = {f"{spec}{',' if ':' in spec else ':'}as=o{place}": spec for place, spec in enumerate(told)}
    if has_doubtful_skeleton(scene):
        wanted = {words: spec for words, spec in wanted.items() if spec != "yolo:task=pose"}
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
            kept: dict[Any, tuple[Thing, Found]] = {}
            for picture, path in places.items():
                if path is not None:
                    for place, own in judged(spec, told[spec], picture, report, found.get(path, [])).items():
                        thing = picture.things[place]
                        name = thing.identity if thing.identity is not None else place
                        kept[key_of(picture), name] = (thing, own)
            same_measures(accounts[label]["overlaps"], {key_of(picture): picture for picture in places}, kept)


def key_of(picture: Picture) -> tuple[str, Any]:
    return (type(picture.identity).__name__, picture.identity)


def judged(spec: str, promise: Promise, picture: Picture, report: Report, found: list[Found]) -> dict[int, Found]:
    with named(spec, picture):
        return judge(promise, picture, told_of(report, picture), found)


def told_of(report: Report, picture: Picture) -> list[Told]:
    return [report.of(picture, place) for place in range(len(picture.things))]


@contextmanager
def named(spec: str, picture: Picture) -> Iterator[None]:
    """Say which output and picture an assertion is about."""
    try:
        yield
    except AssertionError as error:
        message = f"{spec}, {picture.width} x {picture.height}: {error}"
        raise AssertionError(message) from error


@PROFILE
@given(scene=scenes())
def test_files_of_other_roles_hold_what_their_reports_promise(scene: Scene) -> None:
    wanted = {"coco:as=o0": "coco", **{f"{spec},as=o{n}": spec for n, spec in enumerate(WHOLE, 1)}}
    with bench_with(scene) as (bench, bundle):
        _, made = convert(bench, bundle, list(wanted))
        for words in made:
            spec = wanted[words]
            root = bench.out / label_of(words) if len(made) > 1 else bench.out
            report = Report(root)
            for name, (read, same) in (SEPARATE if spec == "coco" else {spec: WHOLE[spec]}).items():
                found = read(root)
                for picture in scene.pictures:
                    path = report.path_of(picture)
                    if path is not None:
                        with named(name, picture):
                            same(picture, told_of(report, picture), found.get(path, []))


@PROFILE
@given(scene=tagged_scenes())
def test_folders_of_classes_hold_the_pictures_that_are_tagged_so(scene: Scene) -> None:
    with bench_with(scene) as (bench, bundle):
        _, made = convert(bench, bundle, ["yolo:task=classify"])
        report = Report(bench.out) if made else None
        for picture in scene.pictures if report is not None else ():
            path = report.path_of(picture)  # type: ignore[union-attr]  # there is one
            if path is not None:
                with named("classify", picture):
                    same_class_folders(bench.out, picture, told_of(report, picture), path)  # type: ignore[arg-type]
