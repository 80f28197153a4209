"""A bundle of several pages and chunks, with originals, for exports that are disturbed."""

from __future__ import annotations

from pathlib import Path

from tests.conversion.workbench import box, item, png

from exportkit.bundles import BundleWriter

__all__ = ["ROWS", "write_bundle"]

#: More than two bulk calls.
ROWS = 450


def write_bundle(folder: Path) -> Path:
    """Boxes in every picture, every tenth of which lies in the bundle."""
    with BundleWriter(folder, "task", prefix="x") as writer:
        for number in range(1, ROWS + 1):
            labels = [box(f"class {(number + k) % 7}", x=k, y=number % 9, width=5 + k) for k in range(number % 4)]
            file = writer.add_file(number, f"{number}.png", png())["bundle_path"] if number % 10 == 0 else None
            line = item(number, *labels, name=f"{number}.png", file=file)
            line["data_unit"]["id"] = 1000 + number
            writer.write(line)
    return folder
