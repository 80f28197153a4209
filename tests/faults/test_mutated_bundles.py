"""Bytes flipped, cut, inserted and swapped end in an honest exit code, never in a defect (formats, section 2)."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest
from tests.conversion.workbench import FIXTURES, FOUR, Workbench, assert_balanced

TOKENS = [
    b"null",
    b"-1",
    b"1e999",
    b"NaN",
    b"{}",
    b"[]",
    b'""',
    b"true",
    b"[[]]",
    b"0.5",
    b"99999999999999999999",
    b'"\\ud800"',
    b"[[[1]]]",
    b"\xff",
]
BUNDLES = ["seed_tasks", "dm_v1_assignments", "dm_v2_wrapped_ground_truth", "mixed_layouts", "dirty"]
VALUE = rb'(?<=[:,\[])(?:-?[0-9.]+|"[^"]*"|true|false|null)(?=[,\]}])'


def _mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randrange(1, 6)):
        if not data:
            return data
        place = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                data = data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
            case 1:
                data = data[:place] + data[place + chance.randrange(1, 9) :]
            case 2:
                data = data[:place] + chance.choice(TOKENS) + data[place:]
            case _:
                values = [found.span() for found in re.finditer(VALUE, data)]
                if values:
                    start, end = chance.choice(values)
                    data = data[:start] + chance.choice(TOKENS) + data[end:]
    return data


@pytest.mark.parametrize("name", BUNDLES)
def test_a_mutated_bundle_ends_in_an_honest_exit_code(tmp_path: Path, name: str) -> None:
    chance = random.Random(f"{name} 11")
    for round_number in range(8):
        (tmp_path / str(round_number)).mkdir()
        bench = Workbench(tmp_path / str(round_number))
        bundle = bench.folder / "bundle"
        shutil.copytree(FIXTURES / "bundles" / name, bundle)
        parts = list(bundle.rglob("*.jsonl"))
        victim = chance.choice([*parts, *parts, *parts, *sorted(bundle.glob("manifest.json"))])
        if victim.name != "manifest.json" and (bundle / "manifest.json").exists() and chance.randrange(4):
            (bundle / "manifest.json").unlink()
        victim.write_bytes(_mutated(victim.read_bytes(), chance))

        run = bench.convert(
            bundle, *(word for text in FOUR for word in ("--to", text)), "--validate", chance.choice(["full", "read"])
        )

        assert run.code in {0, 2, 3, 4, 8}, (round_number, run)
        if run.code == 2:
            assert "target" in run.data["exit_error"]["message"]
        if run.code == 8:
            assert "Every record failed" in run.data["exit_error"]["message"], run
        for output in run.data.get("outputs", ()):
            assert_balanced(output)
        shutil.rmtree(bench.folder)


@pytest.mark.parametrize("name", ["odd_pictures", "ugly_names"])
def test_a_mutated_picture_costs_at_most_its_record(tmp_path: Path, name: str) -> None:
    chance = random.Random(f"{name} 3")
    for round_number in range(6):
        (tmp_path / str(round_number)).mkdir()
        bench = Workbench(tmp_path / str(round_number))
        bundle = bench.folder / "bundle"
        shutil.copytree(FIXTURES / "bundles" / name, bundle)
        victim = chance.choice(sorted(path for path in (bundle / "files").rglob("*") if path.is_file()))
        data = victim.read_bytes()
        place = chance.randrange(min(len(data), 200))
        victim.write_bytes(
            data[:place] + bytes([chance.randrange(256)]) * chance.randrange(1, 5) + data[place + chance.randrange(5) :]
        )

        run = bench.convert(bundle, "--to", "coco", "--to", "yolo:task=detect")

        assert run.code in {0, 3}, (round_number, victim, run)
        assert all(len(bench.errors(label)) <= 1 for label in ("coco", "yolo"))
        shutil.rmtree(bench.folder)
