"""Any bundle that can be drawn converts in every writer, and the account is honest (formats, sections 0 to 7)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.properties.formats_here import labelled, main_specs, specs
from tests.properties.scenes import scenes
from tests.properties.settings_here import PROFILE
from tests.properties.things import Scene
from tests.properties.trial import bench_with, convert, label_of, outputs

from exportkit.plugins import PluginManager

MANAGER = PluginManager.load()


@PROFILE
@given(scene=scenes(), media=st.sampled_from(("copy", "none", "hardlink", "symlink")))
def test_any_bundle_converts_in_every_writer(scene: Scene, media: str) -> None:
    with bench_with(scene) as (bench, bundle):
        run, made = convert(bench, bundle, labelled(main_specs(MANAGER)), "--media", media)
        if not made:
            return
        assert set(outputs(run)) == set(map(label_of, made)) if len(made) > 1 else True
        for spec in made:
            place = bench.out / (label_of(spec) if len(made) > 1 else "")
            judged = bench.run("check", place, "--json")
            assert judged.code == 0, (
                spec,
                [f for f in judged.data["datasets"][0]["findings"] if f["severity"] == "error"],
            )


@PROFILE
@given(
    scene=scenes(),
    wanted=specs(MANAGER, 6),
    invalid=st.sampled_from(("clip", "drop", "fail")),
    more=st.lists(
        st.sampled_from(
            (
                ("--validate", "full"),
                ("--input", "negatives=drop"),
                ("--group-by", "site"),
                ("--strict-json",),
                ("--split", "train=0.6,val=0.4"),
                ("--split", "train=0.5,test=0.5", "--split-by", "random", "--seed", "3"),
            )
        ),
        max_size=2,
        unique=True,
    ),
)
def test_any_bundle_converts_with_any_options(
    scene: Scene, wanted: list[str], invalid: str, more: list[tuple[str, ...]]
) -> None:
    if sum(words[0] == "--split" for words in more) > 1:
        more = more[:1]
    with bench_with(scene) as (bench, bundle):
        words = [word for group in more for word in group]
        if "--group-by" in words and bench.convert(bundle, "--to", "csv", "--dry-run", *words).code == 2:
            # Groups keep together what splits would part: without either there is nothing to ask for.
            at = words.index("--group-by")
            words[at : at + 2] = []
        run, made = convert(bench, bundle, wanted, "--invalid", invalid, *words)
        if made:
            outputs(run)


@PROFILE
@given(scene=scenes(), wanted=specs(MANAGER, 4))
def test_a_dry_run_foretells_every_number(scene: Scene, wanted: list[str]) -> None:
    with bench_with(scene) as (bench, bundle):
        foretold, made = convert(bench, bundle, wanted, "--loss-iou", "all", "--dry-run")
        if not made:
            return
        assert not bench.out.exists()
        real, _ = convert(bench, bundle, made, "--loss-iou", "all")
        for label, account in outputs(real).items():
            told = outputs(foretold)[label]
            for key in ("records", "annotations", "codes", "overlaps", "check"):
                assert told.get(key) == account.get(key), (label, key)


def test_every_format_of_this_installation_is_tried() -> None:
    tried = main_specs(MANAGER)

    assert {spec.partition(":")[0] for spec in tried} == set(MANAGER.writers())
    assert {"yolo:task=pose", "voc:task=segment", "csv:dialect=tfod", "yolo:dialect=darknet"} <= set(tried)
