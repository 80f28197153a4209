"""Splits: assignment, lists, leaks and negatives (formats, section 6)."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversion.workbench import Workbench, box, item, png

from exportkit.conversion.splits import SplitRequest, cut_units
from exportkit.errors import UsageError
from exportkit.testing import tree_digest


def splits_of(out: Path) -> dict[Any, str]:
    lines = (out / "exportkit-splits.jsonl").read_text().splitlines()
    return {entry["record"]: entry["split"] for entry in map(json.loads, lines)}


def convert(bench: Workbench, bundle: Path, *words: str, out: str = "out") -> Path:
    target = bench.out.parent / out
    ran = bench.run("convert", bundle, "--to", "coco", "--media", "none", "-o", target, *words)
    assert ran.code in {0, 3}, ran
    return target


def many(bench: Workbench, count: int = 200, **fields: Any) -> Path:
    return bench.bundle([item(n, box("cat"), **fields) for n in range(1, count + 1)], name=f"bundle of {count}")


def test_hash_splits_follow_the_key_alone(bench: Workbench) -> None:
    found = splits_of(convert(bench, many(bench), "--split", "train=0.8,val=0.15,test=0.05"))

    def expected(n: int) -> str:
        bucket = int(hashlib.sha256(str(n).encode()).hexdigest(), 16) % 100
        return "train" if bucket < 80 else "val" if bucket < 95 else "test"

    assert found == {n: expected(n) for n in range(1, 201)}


def test_a_seed_gives_another_split_and_adding_records_moves_none(bench: Workbench) -> None:
    bundle = many(bench)
    first = splits_of(convert(bench, bundle, "--split", "train=0.5,val=0.5"))
    again = splits_of(convert(bench, many(bench, 300), "--split", "train=0.5,val=0.5", out="more"))
    other = splits_of(convert(bench, bundle, "--split", "train=0.5,val=0.5", "--seed", "7", out="other"))

    assert first == {n: again[n] for n in first}
    assert first != other


def test_random_splits_are_cut_exactly(bench: Workbench) -> None:
    found = splits_of(convert(bench, many(bench, 101), "--split", "train=0.8,val=0.1,test=0.1", "--split-by", "random"))
    ordered = sorted(range(1, 102), key=lambda n: hashlib.sha256(f"0:{n}".encode()).digest())

    assert Counter(found.values()) == {"train": 81, "val": 10, "test": 10}
    assert [found[n] for n in ordered] == ["train"] * 81 + ["val"] * 10 + ["test"] * 10


def test_every_split_with_a_share_has_a_record_if_there_are_enough(bench: Workbench) -> None:
    found = splits_of(
        convert(bench, many(bench, 3), "--split", "train=0.98,val=0.01,test=0.01", "--split-by", "random")
    )

    assert Counter(found.values()) == {"train": 1, "val": 1, "test": 1}


@pytest.mark.parametrize("by", ["hash", "random"])
def test_a_group_is_never_parted(bench: Workbench, by: str) -> None:
    bundle = bench.bundle([item(n, box("cat"), site=f"site {n % 17}") for n in range(1, 120)])

    found = splits_of(convert(bench, bundle, "--split", "train=0.5,val=0.5", "--split-by", by, "--group-by", "site"))

    by_site: dict[int, set[str]] = {}
    for n, split in found.items():
        by_site.setdefault(n % 17, set()).add(split)
    assert all(len(splits) == 1 for splits in by_site.values())
    assert set(found.values()) == {"train", "val"}


def test_stratified_splits_share_out_the_rare_class(bench: Workbench) -> None:
    lines = [item(n, box("cat"), *([box("owl")] if n % 10 == 0 else [])) for n in range(1, 201)]
    lines += [item(n) for n in range(201, 221)]

    found = splits_of(
        convert(
            bench, bench.bundle(lines), "--split", "train=0.5,val=0.5", "--split-by", "random",
            "--input", "stratify=label",
        )
    )  # fmt: skip

    assert Counter(found[n] for n in range(10, 201, 10)) == {"train": 10, "val": 10}
    assert Counter(found[n] for n in range(201, 221)) == {"train": 10, "val": 10}
    assert Counter(found.values()) == {"train": 110, "val": 110}


def test_field_takes_the_records_own_split_and_refuses_others(bench: Workbench) -> None:
    bundle = bench.bundle([item(1, box("a"), split="validation"), item(2, box("a")), item(3, box("a"), split="odd")])

    found = splits_of(convert(bench, bundle, "--split", "train,val,odd", "--split-by", "field"))
    refused = bench.run(
        "convert", bundle, "--to", "coco", "-o", bench.out.parent / "x", "--split", "train,val", "--split-by", "field"
    )

    assert found == {1: "val", 2: "train", 3: "odd"}
    assert refused.code == 2
    assert "odd" in refused.err


def test_the_list_of_one_run_gives_the_same_tree_in_another(bench: Workbench) -> None:
    bundle = many(bench, 60)
    first = convert(bench, bundle, "--split", "train=0.6,val=0.4", "--split-by", "random", "--seed", "3")

    again = convert(bench, bundle, "--split-file", str(first / "exportkit-splits.jsonl"), out="again")

    assert tree_digest(first) == tree_digest(again)
    assert bench.run("verify", again).code == 0


@pytest.mark.parametrize("workers", ["2", "3"])
def test_random_splits_do_not_depend_on_workers(bench: Workbench, workers: str) -> None:
    bundle = bench.bundle([item(n, *[box("cat", x=k) for k in range(25)]) for n in range(1, 3000)])
    words = ("--split", "train=0.9,val=0.1", "--split-by", "random")

    one = convert(bench, bundle, *words, "--workers", "1")
    more = convert(bench, bundle, *words, "--workers", workers, out="more")

    assert tree_digest(one) == tree_digest(more)


@pytest.mark.parametrize(
    "words",
    [
        ("--split", "train=0.5,val=0.4"),
        ("--split", "train=1.5,val=-0.5"),
        ("--split", "train=0.995,val=0.005"),
        ("--split", "train=x,val=1"),
        ("--split", "train=1e999999999,val=0"),
        ("--split", "train=1/2,val=1/2"),
        ("--split", "train=nan,val=1"),
        ("--split", "train,val"),
        ("--split", "a/b=1"),
        ("--split", "train=0.5,training=0.5"),
        ("--split", ""),
        ("--split-by", "random"),
        ("--split", "train=1", "--split-file", "nothing.jsonl"),
        ("--split-file", "nothing.jsonl"),
        ("--input", "stratify=label"),
        ("--input", "stratify=label", "--split", "train=0.5,val=0.5"),
    ],
)
def test_what_cannot_be_a_split_is_refused(bench: Workbench, words: tuple[str, ...]) -> None:
    ran = bench.run("convert", many(bench, 2), "--to", "coco", "-o", bench.out, *words)

    assert ran.code == 2, ran
    assert not bench.out.exists()
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "text", ['{"record": 1}', "{", '{"record": 1, "split": "a/b"}', '{"record": 1.5, "split": "a"}']
)
def test_a_wrong_split_file_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.jsonl").write_text('{"record": 2, "split": "train"}\n' + text)

    with pytest.raises(UsageError):
        SplitRequest.read(tmp_path / "s.jsonl")


def test_a_record_that_the_split_file_does_not_have_is_named(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text('{"record": 1, "split": "train"}\n')

    ran = bench.run("convert", many(bench, 2), "--to", "coco", "-o", bench.out, "--split-file", tmp_path / "s.jsonl")

    assert ran.code == 2
    assert "record 2" in ran.err


def test_nothing_to_train_on_is_refused_and_an_empty_split_is_noted(bench: Workbench) -> None:
    bundle = many(bench, 2)
    refused = bench.run("convert", bundle, "--to", "coco", "-o", bench.out, "--split", "val=1", "--media", "none")
    out = convert(bench, bundle, "--split", "train=0.99,val=0.01")

    assert refused.code == 8
    assert "random" in refused.err
    assert "N_SPLIT_EMPTY" in (out / "exportkit-losses.jsonl").read_text()


# -- leaks ---------------------------------------------------------------------------------------------


def test_equal_pictures_in_two_splits_are_a_leak(bench: Workbench) -> None:
    lines = [
        item(n, box("a"), file=f"files/{n}/{n}.png", name=f"{n}.png", split="val" if n == 3 else "train")
        for n in range(1, 4)
    ]
    bundle = bench.bundle(lines, {f"files/{n}/{n}.png": png(20 if n == 2 else 30) for n in range(1, 4)})

    bench.run("convert", bundle, "--to", "yolo", "-o", bench.out)
    found = json.loads(bench.run("check", bench.out, "--json").out)

    leaks = [finding for finding in found["datasets"][0]["findings"] if finding["code"] == "C_SPLIT_LEAK"]
    assert len(leaks) == 2
    assert leaks[0]["severity"] == "warn"
    manifest = json.loads((bench.out / "exportkit-manifest.json").read_text())
    assert [finding["code"] for finding in manifest["check"]].count("C_SPLIT_LEAK") == 2


def test_a_group_in_two_splits_is_a_leak(bench: Workbench) -> None:
    bundle = bench.bundle([item(n, box("a"), group="one") for n in range(1, 60)])

    out = convert(bench, bundle, "--split", "train=0.5,val=0.5")

    manifest = json.loads((out / "exportkit-manifest.json").read_text())
    assert "C_SPLIT_LEAK" in [finding["code"] for finding in manifest["check"]]


# -- negatives -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("negatives", "kept", "unreviewed"), [("keep", [1, 2, 3, 4], 1), ("reviewed", [1, 2, 4], 0), ("drop", [1], 0)]
)
def test_negatives_are_kept_or_dropped_as_asked(
    bench: Workbench, negatives: str, kept: list[int], unreviewed: int
) -> None:
    lines = [
        item(1, box("a"), status_label="in_progress"), item(2), item(3, status_label="in_progress"),
        item(4, status_label="completed"),
    ]  # fmt: skip

    out = convert(bench, bench.bundle(lines), "--input", f"negatives={negatives}")

    manifest = json.loads((out / "exportkit-manifest.json").read_text())
    images = json.loads((out / "annotations/instances_train.json").read_text())["images"]
    assert [image["id"] for image in images] == kept
    assert manifest["records"]["filtered"] == 4 - len(kept)
    assert manifest["codes"].get("N_UNREVIEWED", {"": 0})[""] == unreviewed


# -- strata and groups ----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.sets(st.integers(0, 3), max_size=3)), min_size=1, max_size=60),
    st.sampled_from(["train=0.5,val=0.5", "train=0.8,val=0.1,test=0.1", "train=0.34,val=0.33,test=0.33"]),
    st.integers(0, 3),
)
def test_groups_stay_whole_and_strata_are_shared_out(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, set[int]]], shares: str, seed: int
) -> None:
    """Each stratum (units by their rarest class) is cut by largest remainder, what is left over carried on."""
    bench = Workbench(tmp_path_factory.mktemp("strata"))
    lines = [
        item(n, *(box(f"c{number}") for number in sorted(classes)), site=f"s{site}")
        for n, (site, classes) in enumerate(drawn, 1)
    ]
    words = ("--split", shares, "--split-by", "random", "--seed", str(seed), "--group-by", "site")
    ran = bench.run(
        "convert", bench.bundle(lines), "--to", "coco", "--media", "none", "-o", bench.out, *words,
        "--input", "stratify=label",
    )  # fmt: skip
    assert ran.code in {0, 8}, ran
    if ran.code == 8:  # nothing to train on
        assert "random" in ran.err
        return
    found = splits_of(bench.out)

    splits = {site: {found[n] for n, (own, _) in enumerate(drawn, 1) if own == site} for site, _ in drawn}
    assert all(len(names) == 1 for names in splits.values())
    units: dict[int, set[int]] = {}
    for site, classes in drawn:
        units.setdefault(site, set()).update(classes)
    spread = Counter(number for classes in units.values() for number in classes)
    wanted = {name: Fraction(share) for name, _, share in (word.partition("=") for word in shares.split(","))}
    strata: dict[int, list[int]] = {}
    for site, classes in units.items():
        strata.setdefault(min(classes, key=lambda number: (spread[number], number), default=-1), []).append(site)
    for sites in strata.values():
        counts = Counter(next(iter(splits[site])) for site in sites)
        assert all(abs(counts[name] - share * len(sites)) <= len(wanted) for name, share in wanted.items())


# -- the cut itself ------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=60),
    st.lists(st.integers(0, 10), min_size=1, max_size=4).filter(any),
)
def test_a_cut_gives_each_share_within_one_unit_and_none_is_starved(units: list[int], weights: list[int]) -> None:
    shares = tuple((f"s{n}", Fraction(weight, sum(weights))) for n, weight in enumerate(weights))

    cut = cut_units(array("Q", units), shares, [Fraction(0)] * len(shares))

    counts = Counter(cut.of(unit) for unit in units)
    entitled = [name for name, share in shares if share]
    for name, share in shares:
        if len(units) >= len(entitled) and share:
            assert counts[name] >= 1
        assert abs(counts[name] - share * len(units)) < 1 + len(entitled)
    assert sum(counts.values()) == len(units)


@pytest.mark.parametrize("by", ["hash", "random"])
def test_a_field_of_groups_that_no_record_has_is_refused(bench: Workbench, by: str) -> None:
    bundle = bench.bundle([item(n, box("cat"), group="one", site="x") for n in range(1, 9)])

    run = bench.convert(
        bundle, "--to", "coco", "--split", "train=0.5,val=0.5", "--split-by", by, "--group-by", "sight"
    )  # fmt: skip

    assert run.code == 2
    assert "'sight'" in run.data["exit_error"]["message"]


def test_a_field_of_groups_that_some_records_have_is_taken(bench: Workbench) -> None:
    bundle = bench.bundle([item(n, box("cat"), **({"site": "x"} if n == 7 else {})) for n in range(1, 9)])

    convert(bench, bundle, "--split", "train=0.5,val=0.5", "--group-by", "site")


def test_groups_without_splits_are_refused_and_serve_the_leak_check_of_own_splits(bench: Workbench) -> None:
    alone = bench.bundle([item(n, box("cat"), site="x") for n in (1, 2)], name="alone")
    refused = bench.convert(alone, "--to", "coco", "--group-by", "site")
    assert refused.code == 2
    assert "--split" in refused.data["exit_error"]["message"]

    own = bench.bundle([item(n, box("cat"), site="x", split=s) for n, s in ((1, "train"), (2, "val"))], name="own")
    bench.convert(own, "--to", "coco", "--media", "none", "--group-by", "site")
    assert "C_SPLIT_LEAK" in {finding["code"] for finding in bench.manifest()["check"]}
