"""Raw bundles on the local disk: reading them safely, cutting their lines into shards, writing new ones."""

from exportkit.bundles.lines import (
    Line,
    LineCount,
    Shard,
    count_lines,
    count_shard,
    cut_shards,
    iter_lines,
    number_shards,
    read_again,
    read_block,
)
from exportkit.bundles.part import Part, opened
from exportkit.bundles.reader import Bundle, Notice, bundle_targets
from exportkit.bundles.writer import BundleWriter

__all__ = [
    "Bundle",
    "BundleWriter",
    "Line",
    "LineCount",
    "Notice",
    "Part",
    "Shard",
    "bundle_targets",
    "count_lines",
    "count_shard",
    "cut_shards",
    "iter_lines",
    "number_shards",
    "opened",
    "read_again",
    "read_block",
]
