"""Hostile geometry ends before any library or rasteriser sees it, and a huge picture costs no memory (section 2)."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.conversion.workbench import Workbench, assert_balanced, box, item, png

import exportkit.records.mask
import exportkit.records.overlap
import exportkit.records.polygon
from exportkit.plugins import PluginManager
from exportkit.records import raster

SIDE = 60_000
#: A number of each sort that no geometry may hold.
BAD: tuple[Any, ...] = (math.nan, math.inf, -math.inf, 1e300, 2**70, 1e6 + 1, -1e6 - 1, True, None, "5", [], {})


def specs() -> list[str]:
    """Every writer with each of its tasks and dialects, and what else draws."""
    found = []
    for name in sorted(PluginManager.load().writers()):
        model = PluginManager.load().writer(name).cls.options_model
        found.append(name)
        for option in ("task", "dialect"):
            field = model.model_fields.get(option)
            words = getattr(field.annotation, "__args__", ()) if field is not None else ()
            found += [f"{name}:{option}={word}" for word in words if word != "classify"]
    found += ["coco:panoptic=yes", "coco:segmentation=semantic", "coco:masks=polygon", "yolo:task=segment,parts=split"]
    return [f"{spec}{',' if ':' in spec else ':'}as=o{place}" for place, spec in enumerate(found)]


def to_all() -> list[str]:
    return [word for spec in specs() for word in ("--to", spec)]


def hostile_annotations() -> Iterator[dict[str, Any]]:
    """One bad number in every place that holds one, alone and among good ones."""
    for bad in BAD:
        yield {"category": "cat", "bbox": [1, bad, 5, 5]}
        yield {"category": "cat", "bbox": [1, 1, 5, 5], "rotation": bad}
        yield {"category": "cat", "bbox": [1, bad, 5, 5], "rotation": 0.5}
        yield {"category": "cat", "obb": [1, 1, 9, 1, 9, bad, 1, 9]}
        yield {"category": "cat", "segmentation": [[1, 1, 9, 1, 9, bad]]}
        yield {"category": "cat", "segmentation": [[1, 1, 9, 1, 9, 9], [1, 1, bad, 1, 9, 9]]}
        yield {"category": "cat", "polygon": [[1, 1], [9, bad], [9, 9]]}
        yield {"category": "cat", "polygon": [[1, 1], [30, 1], [30, 20], [1, 20]], "holes": [[2, 2, 5, bad, 5, 5]]}
        yield {"category": "cat", "segmentation": {"size": [bad, 40], "counts": [5, 5, 1190]}}
        yield {"category": "cat", "segmentation": {"size": [30, 40], "counts": [5, bad, 1190]}}
        yield {"category": "cat", "keypoints": [1, bad, 2, 5, 5, 2], "bbox": [1, 1, 9, 9]}
        yield {"category": "cat", "bbox": [1, 1, 5, 5], "area": bad, "segmentation": [[1, 1, 9, 1, 9, 9]]}
    yield {"category": "cat", "segmentation": {"size": [30, 40], "counts": [5, 5]}}
    yield {"category": "cat", "segmentation": {"size": [SIDE, SIDE], "counts": [0, SIDE * SIDE]}}
    yield {"category": "cat", "segmentation": {"size": [2**40, 2**40], "counts": [0, 2**80]}}
    yield {"category": "cat", "segmentation": [[-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6]]}
    yield {"category": "cat", "segmentation": [[5, 5, 35, 25, 35, 5, 5, 25]]}
    star = [number for n in range(400) for number in (20 + 15 * math.cos(n * 2.4), 15 + 12 * math.sin(n * 2.4))]
    yield {"category": "cat", "segmentation": [star]}


def hostile_bundle(bench: Workbench) -> Path:
    lines = [item(n, box(), annotation) for n, annotation in enumerate(hostile_annotations(), 1)]
    return bench.bundle(lines)


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let every call of the rasteriser show that it is given rings of finite numbers only; how many points came."""
    seen: list[int] = []
    plain = raster.covered_rows

    def covered_rows(parts: Sequence[Sequence[tuple[float, ...]]]) -> Iterator[tuple[int, list[int]]]:
        for ring in (ring for rings in parts for ring in rings):
            assert len(ring) >= 6
            assert len(ring) % 2 == 0
            assert all(type(value) in {int, float} and math.isfinite(value) for value in ring)
            assert max(map(abs, ring)) <= 1e6
            seen.append(len(ring))
        return plain(parts)

    for module in (raster, exportkit.records.mask, exportkit.records.overlap):
        monkeypatch.setattr(module, "covered_rows", covered_rows)
    return seen


@pytest.mark.parametrize("invalid", ["clip", "drop"])
def test_no_bad_number_reaches_the_rasteriser(bench: Workbench, monkeypatch: pytest.MonkeyPatch, invalid: str) -> None:
    seen = watched(monkeypatch)

    run = bench.convert(hostile_bundle(bench), *to_all(), "--loss-iou", "all", "--invalid", invalid)

    assert run.code == 3, run
    assert seen
    for output in run.data["outputs"]:
        assert_balanced(output)
        assert "E_WRITER" not in output["codes"]


def test_no_geometry_library_takes_part_in_a_conversion(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    bundle = hostile_bundle(bench)
    # A module that is None in this table cannot be imported, so nothing can be handed to it.
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('pycocotools', 'shapely', 'cv2')))\n"
        "from exportkit.cli import main\n"
        f"main({['convert', str(bundle), '-o', str(bench.out), '--json', '--workers', '1', *to_all()]!r})\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


def huge_png() -> bytes:
    """A file whose header says 60,000 × 60,000; its pixels are a few bytes that nobody may unpack."""
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_huge_header_allocates_nothing_in_any_writer(bench: Workbench) -> None:
    annotations = [
        box(width=SIDE - 2, height=SIDE - 2),
        {"category": "cat", "bbox": [100, 100, SIDE / 2, 50], "rotation": 0.5},
        {"category": "cat", "segmentation": [[0, 0, SIDE, 0, SIDE, SIDE, 0, SIDE]]},
        {"category": "cat", "segmentation": [[0, 0, SIDE, 900, SIDE, 0, 0, 900]]},
        {"category": "cat", "polygons": [[0, 0, SIDE, 0, SIDE, 900, 0, 900]], "holes": [[9, 9, 99, 9, 99, 99]]},
        {"category": "cat", "segmentation": [[0, 0, 900, 0, 900, SIDE, 0, SIDE]], "iscrowd": 1},
        {"category": "cat", "segmentation": {"size": [SIDE, SIDE], "counts": [7, 500, SIDE * SIDE - 507]}},
        {"category": "cat", "keypoints": [5, 5, 2, SIDE - 1, 9, 1], "keypoint_names": ["a", "b"]},
    ]
    small = item("s", box(), file="files/s/p.png", data_unit={"width": 40, "height": 30})
    bundle = bench.bundle(
        [item("h", *annotations, file="files/h/p.png", data_unit={"width": SIDE, "height": SIDE}), small],
        {"files/h/p.png": huge_png(), "files/s/p.png": png()},
    )
    bench.convert(bench.bundle([item(1, box())], name="warm"), *to_all(), out=bench.out.parent / "warm")

    tracemalloc.start()
    try:
        run = bench.convert(bundle, *(w for spec in specs() if "yolo" not in spec for w in ("--to", spec)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert run.code == 3, run
    assert peak < 128 << 20
    for output in run.data["outputs"]:
        assert_balanced(output)
        assert "E_WRITER" not in output["codes"], json.dumps(output["codes"])
