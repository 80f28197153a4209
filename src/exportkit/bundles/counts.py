"""Do the lines of a bundle add up to what its manifest declares? (formats, section 2.11)"""

from __future__ import annotations

from collections.abc import Sequence

from exportkit.bundles.part import Part
from exportkit.errors import BundleRefused
from exportkit.storage.refusals import shown
from exportkit.wire.manifest import MANIFEST_NAME, RawManifest

__all__ = ["verify_declared_counts"]


def verify_declared_counts(
    parts: Sequence[Part], manifest: RawManifest | None, target: str, counted: Sequence[int]
) -> None:
    """Compare the lines counted in each part, bad ones included, with every declared count.

    Raises BundleRefused `E_MANIFEST_COUNT` with both numbers for the first difference.
    """
    running = 0
    for part, count in zip(parts, counted, strict=True):
        running += count
        _compare(part.records, count, f"in {shown(part.path)}", part.path)
        _compare(part.cumulative_records, running, f"up to the end of {shown(part.path)}", part.path)
    if manifest is None:
        return
    entry = manifest.targets.get(target)
    _compare(entry.records if entry else None, running, f"of {shown(target)}", MANIFEST_NAME)
    others = [other.records for name, other in manifest.targets.items() if name != target]
    for key, declared in manifest.flat_counts(target).items():
        if key.startswith("records."):
            _compare(declared, running, f"of {shown(target)}", MANIFEST_NAME)
        elif None not in others:
            total = running + sum(count or 0 for count in others)
            _compare(declared, total, f"in all ({key})", MANIFEST_NAME)


def _compare(declared: int | None, counted: int, where: str, file: str) -> None:
    if declared is not None and declared != counted:
        message = f"{MANIFEST_NAME} declares {declared} records {where}, but there are {counted}; get the bundle again."
        raise BundleRefused("E_MANIFEST_COUNT", message, file=file)
