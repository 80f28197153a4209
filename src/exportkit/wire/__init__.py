"""Shapes that cross HTTP and stand in raw bundles: rows, wrappers, manifests, JSON lines."""

from exportkit.wire.canonical_item import canonical_item, restored_item
from exportkit.wire.file_entry import choose_entry
from exportkit.wire.manifest import RawManifest, parse_manifest
from exportkit.wire.tolerant import deeper_than, tolerant_loads
from exportkit.wire.wrapper import is_wrapper, unwrap

__all__ = [
    "RawManifest",
    "canonical_item",
    "choose_entry",
    "deeper_than",
    "is_wrapper",
    "parse_manifest",
    "restored_item",
    "tolerant_loads",
    "unwrap",
]
