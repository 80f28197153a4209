"""Shapes that cross HTTP and stand in raw bundles: rows, wrappers, manifests, JSON lines."""

from exportkit.wire.file_entry import choose_entry
from exportkit.wire.manifest import RawManifest, parse_manifest
from exportkit.wire.tolerant import deeper_than, tolerant_loads
from exportkit.wire.wrapper import is_wrapper, unwrap

__all__ = [
    "RawManifest",
    "choose_entry",
    "deeper_than",
    "is_wrapper",
    "parse_manifest",
    "tolerant_loads",
    "unwrap",
]
