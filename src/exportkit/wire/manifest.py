"""The manifest of a raw bundle, in all the forms that readers must accept (wire contract, sections 10, 16 and 18)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt, ValidationError

from exportkit.errors import BundleRefused, RecordFault
from exportkit.storage.refusals import shown
from exportkit.wire.json_path import path_of
from exportkit.wire.tolerant import tolerant_loads

__all__ = [
    "BUNDLE_SCHEMA",
    "MANIFEST_NAME",
    "OriginalEntry",
    "PartEntry",
    "RawManifest",
    "TargetEntry",
    "parse_manifest",
]

MANIFEST_NAME: Final = "manifest.json"
#: The schema that writers name; readers accept newer minor versions.
BUNDLE_SCHEMA: Final = "exportkit-bundle/1.0"
_SUPPORTED_MAJOR: Final = 1
_SCHEMA: Final = re.compile(r"exportkit-bundle/(\d{1,9})\.\d{1,9}")
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
# One of these tells a manifest from a job row that carries one.
_OWN_KEYS: Final = frozenset({"prefix", "targets"})


def _digest(value: str) -> str:
    found = _DIGEST.fullmatch(value)
    if not found:
        raise ValueError("a SHA-256 has 64 hexadecimal digits")
    return found[1].lower()


def _schema(value: str) -> str:
    found = _SCHEMA.fullmatch(value)
    if value.startswith("exportkit-bundle/") and (not found or int(found[1]) > _SUPPORTED_MAJOR):
        raise ValueError(f"this exportkit reads exportkit-bundle/{_SUPPORTED_MAJOR}.x; upgrade exportkit")
    return value


def _flat_records(value: Any) -> Any:
    numbers = list(value.values()) if isinstance(value, dict) else [value]
    if any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError("a count is a whole number from 0, or an object of such numbers by target")
    return value


def _named_originals(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [{"path": entry} if isinstance(entry, str) else entry for entry in value]


Sha256 = Annotated[str, AfterValidator(_digest)]


class _Entry(BaseModel):
    """Types are taken at their word (no text for a number); unknown keys are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class PartEntry(_Entry):
    """One part file, in reading order. `path` is relative to the root of the bundle."""

    path: str
    records: NonNegativeInt | None = None
    cumulative_records: NonNegativeInt | None = None
    #: Bytes and SHA-256 of the part as stored, that is compressed.
    size: NonNegativeInt | None = None
    sha256: Sha256 | None = None
    encoding: Literal["gzip", "zstd"] | None = None


class TargetEntry(_Entry):
    """One target. `parts` None means the single file `<target>s.jsonl`; an empty list is a result without records."""

    dir: str | None = None
    parts: list[PartEntry] | None = None
    records: NonNegativeInt | None = None


class OriginalEntry(_Entry):
    """Integrity of one original below `files/`."""

    path: str
    size: NonNegativeInt | None = None
    sha256: Sha256 | None = None


class RawManifest(_Entry):
    """What a bundle says about itself. Paths in it are text and not judged yet."""

    prefix: str
    result_uri: str | None = None
    targets: dict[str, TargetEntry] = {}
    #: Originals with their integrity; those without it may be given as plain paths.
    files: Annotated[list[OriginalEntry], BeforeValidator(_named_originals)] | None = None
    records: Annotated[Any, AfterValidator(_flat_records)] = None
    total: NonNegativeInt | None = None
    count: NonNegativeInt | None = None
    complete: bool | None = None
    schema_name: Annotated[str, AfterValidator(_schema)] | None = Field(default=None, alias="schema")
    applied_filter: dict[str, Any] | None = None
    applied_count: NonNegativeInt | None = None
    watermark: dict[str, Any] | None = None
    expires_at: str | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the manifest in `document`, which is the manifest itself or a job row, enveloped or not.

        Raises BundleRefused `E_MANIFEST` with the JSON path of the first value that cannot be used.
        """
        keys = _location(document)
        members = dict(_at(document, keys))
        if keys and keys[-1] == "manifest":
            members.setdefault("count", _at(document, keys[:-1]).get("count"))
        try:
            return cls.model_validate(members)
        except ValidationError as error:
            raise _refusal(error, path_of(keys)) from error

    def flat_counts(self, target: str) -> dict[str, int]:
        """Return the counts declared beside the targets, by key. They are sums over all targets, except a map."""
        counts = {"total": self.total, "count": self.count}
        if isinstance(self.records, dict):
            counts[f"records.{target}"] = self.records.get(target)
        else:
            counts["records"] = self.records
        return {key: count for key, count in counts.items() if count is not None}


def parse_manifest(content: bytes) -> RawManifest:
    """Return the manifest in the bytes of `manifest.json`. Raises BundleRefused `E_MANIFEST`."""
    try:
        document = tolerant_loads(content.removeprefix(b"\xef\xbb\xbf"))
    except RecordFault as fault:
        message = f"{MANIFEST_NAME} cannot be read: {fault.message.replace('The line', 'it', 1)}"
        raise BundleRefused("E_MANIFEST", message, file=MANIFEST_NAME, json_path=fault.json_path) from fault
    return RawManifest.from_document(document)


def _location(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys that lead to the manifest: itself, `manifest` or `data.manifest` of a job row, or its `data`.

    A job row may stand in an envelope `{"data": row, "meta": …}` (wire contract, section 10).
    """
    if _OWN_KEYS.isdisjoint(document):
        for keys in (("manifest",), ("data", "manifest"), ("data", "data", "manifest"), ("data", "data"), ("data",)):
            if isinstance(_at(document, keys), dict):
                return keys
    return ()


def _at(document: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _refusal(error: ValidationError, start: str) -> BundleRefused:
    first = error.errors(include_url=False, include_input=True)[0]
    path = path_of(first["loc"], start)
    if first["type"] == "missing":
        message = f"{MANIFEST_NAME} lacks {path}; add it."
    else:
        value = shown(str(first["input"]))
        message = f"{MANIFEST_NAME} has {value} at {path}: {first['msg'].removeprefix('Value error, ')}; correct it."
    return BundleRefused("E_MANIFEST", message, file=MANIFEST_NAME, json_path=path)
