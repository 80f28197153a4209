"""Our panoptic files hold to the rules of panopticapi, written anew as an oracle of the tests."""

from __future__ import annotations

import json

import pytest
from tests.consumers.datasets import BUNDLES, Workshop, each
from tests.formats.coco.panoptic_rules import panoptic_quality, refusals

pytestmark = pytest.mark.consumers


@each(BUNDLES)
def test_segments_and_pixels_agree_and_the_truth_evaluates_to_one(workshop: Workshop, bundle: str) -> None:
    dataset = workshop.dataset(bundle, "coco_panoptic")
    seen = 0
    for path in sorted((dataset.folder / "annotations").glob("panoptic_*.json")):
        document = json.loads(path.read_bytes())
        folder = path.with_suffix("")
        seen += len(document["annotations"])
        assert len(document["annotations"]) == len(document["images"])

        def png_of(name: str, folder=folder) -> bytes:  # type: ignore[no-untyped-def]
            return (folder / name).read_bytes()  # type: ignore[no-any-return]

        assert refusals(document, png_of) == []
        if any(not info["iscrowd"] for entry in document["annotations"] for info in entry["segments_info"]):
            assert panoptic_quality(document, document, png_of) == 1.0
    assert seen == len(dataset.scenes)
