"""No payload, however wrong, ends in anything but records or a fault of its record."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exportkit.errors import RecordFault
from exportkit.normalize import LineNormalizer, unknown_keys

KEY_WORDS = """
id tool classification class coordinate x y width height rotation pixel_indices section psr points ranges input
image_1 video_1 annotationIds annotationId targetAnnotationId children annotationList group_id visibility attrs
name value data encoding bounding_box polygon keypoint segmentation bbox obb keypoints keypoint_names skeleton
category type score attributes polyline caption holes rle
"""
KEYS = st.sampled_from(KEY_WORDS.split())
WORDS = st.sampled_from(["a", "b", "", "image_1", "bounding_box", "polygon", "keypoint", "segmentation", "relation"])
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(), WORDS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
TOP_WORDS = """
annotations annotationsData annotationGroups relations extra images videos annotation_data annotation_meta
"""
TOP = st.sampled_from(TOP_WORDS.split())
ENTRIES = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), max_size=4)
BY_MEDIA = st.dictionaries(st.sampled_from(["image_1", "image_2", "video_1"]), st.one_of(ENTRIES, VALUES), max_size=2)
V2_MEDIA = st.lists(st.dictionaries(KEYS, ENTRIES, max_size=3), max_size=2)
DATA = st.dictionaries(TOP, st.one_of(BY_MEDIA, ENTRIES, V2_MEDIA, VALUES), max_size=5)
V1 = st.fixed_dictionaries(
    {"annotations": BY_MEDIA, "annotationsData": BY_MEDIA},
    optional={"annotationGroups": BY_MEDIA, "relations": BY_MEDIA},
)


@settings(max_examples=100, deadline=None)
@given(st.one_of(DATA, V1), st.one_of(VALUES, st.dictionaries(WORDS, VALUES)))
def test_a_hostile_payload_gives_records_or_a_record_fault(data: dict[str, Any], files: object) -> None:
    line = json.dumps({"id": 1, "data": data, "files_manifest": files}).encode()
    records = []
    with suppress(RecordFault):
        records = LineNormalizer().records(line)
    for record in records:
        indices = [annotation.index for annotation in record.annotations]
        assert len(set(indices)) == len(indices)
        assert not set(indices) & {entry.index for entry in record.rejected}
    unknown_keys(json.loads(line))
