"""What it means that the compiled reader gives what the general way gives, and values to draw lines from."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from exportkit.errors import AnnotationFault
from exportkit.normalize import InputOptions, LineNormalizer, survey_of, unknown_keys
from exportkit.normalize.seed_native import seed_reader
from exportkit.records import Annotation, Polygon, Record
from exportkit.records.region import LazyRegion
from exportkit.wire.tolerant import tolerant_loads

NATIVE = seed_reader(InputOptions())
GENERAL = LineNormalizer()

NOTHING: dict[str, st.SearchStrategy[Any]] = {}

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**7), 10**7),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [2**63, -(2**70), 1.0, "", " ", "x", "é", [], {}, [[]], {"a": [1]}, [1, 2, 3], "files/a.jpg", "../a"]
    ),
    st.lists(st.integers(0, 9), max_size=5),
)


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda chance: odd if chance == 0 else usual)


def plain(value: object) -> Any:
    """A value that compares by content: regions by their source and what it is read as, faults by what they say."""
    if isinstance(value, LazyRegion):
        source = json.loads(value.source) if isinstance(value.source, bytes) else as_values(value.source)
        return ("region", source, value.form, value.json_path, value.holes, judged(value))
    if isinstance(value, AnnotationFault):
        return ("fault", value.code, value.json_path)
    return value


def judged(region: LazyRegion) -> Any:
    """What a region is read as: its points or pixels, or the fault."""
    try:
        read = region.get()
    except AnnotationFault as fault:
        return (fault.code, fault.message, fault.json_path)
    return read.parts if isinstance(read, Polygon) else read


def described(annotation: Annotation) -> dict[str, Any]:
    fields = {name: plain(getattr(annotation, name)) for name in annotation.__struct_fields__}
    attributes = annotation.attributes
    fields["attributes"] = json.dumps(json.loads(attributes) if isinstance(attributes, bytes) else attributes)
    fields["types"] = [type(getattr(annotation, name)) for name in ("id", "iscrowd", "area", "score", "frame")]
    fields["numbers"] = [
        repr(part) for part in (annotation.box, annotation.geometry) if isinstance(part, msgspec.Struct)
    ]
    return fields


def contents(record: Record) -> tuple[Any, ...]:
    return (
        *(described(annotation) for annotation in record.annotations),
        msgspec.structs.replace(record, annotations=()),
    )


def as_values(value: Any) -> Any:
    """Plain data; undecoded JSON is decoded, so that equal values compare equal whatever their blanks."""
    if isinstance(value, msgspec.Raw):
        return json.loads(bytes(value) or b"null")
    if isinstance(value, msgspec.Struct):
        return as_values(msgspec.structs.asdict(value))
    if isinstance(value, dict):
        return {key: as_values(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_values(part) for part in value]
    return value


needs_core = pytest.mark.skipif(NATIVE is None, reason="the compiled core is not built or switched off")
blanks = st.sampled_from(["", "", "", " ", "\n\t", "  \r"])


def spread(value: Any, gaps: list[str], ascii_only: bool) -> str:
    """``value`` as JSON with blanks where JSON allows some."""
    gap = iter(gaps * 1000).__next__
    if isinstance(value, dict):
        members = (f"{gap()}{json.dumps(k, ensure_ascii=ascii_only)}{gap()}:{gap()}{spread(v, gaps, ascii_only)}{gap()}"
                   for k, v in value.items())  # fmt: skip
        return "{" + ",".join(members) + gap() + "}"
    if isinstance(value, list):
        return "[" + ",".join(f"{gap()}{spread(v, gaps, ascii_only)}{gap()}" for v in value) + gap() + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def assert_native_agrees(text: bytes) -> None:
    """Where the compiled reader takes a line, the general way takes it too, with the same record."""
    assert NATIVE is not None
    record, survey = NATIVE.normalise(text), NATIVE.survey(text)
    assert (record is None) == (survey is None)
    if record is None:
        return
    parsed = tolerant_loads(text)
    (general,) = GENERAL.records_of(parsed)
    assert contents(record) == contents(general)
    assert survey == survey_of(general)
    # Drift is told about lines of DM wherever they stand.
    assert record.media_id is None or not unknown_keys(parsed)
    again = NATIVE.place(bytearray(b"12" + text + b"}"), 2, 2 + len(text), 7, 8, 6, "part", 9)
    assert again is not None
    expected = msgspec.structs.replace(general, width=7, height=8, orientation=6, source_file="part", line=9)
    assert contents(again) == contents(expected)
