"""Rules of ``exportkit check`` that hold for every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exportkit.writing import CheckReport, Finding
from exportkit.writing.ledger import Counts

__all__ = ["conclude_general", "turned_picture"]


def turned_picture(path: str, orientation: int) -> Finding:
    """A picture that some readers show unturned."""
    text = f"EXIF orientation {orientation}: some readers show the stored pixels unturned"
    return Finding("C_EXIF_ROTATED", "warn", text, path, consumer="torchvision")


def conclude_general(
    counts: Counts, pictures: int, reports: Sequence[CheckReport], *, checked: bool
) -> Iterator[Finding]:
    """What only the sums show: the balance with the files, and emptiness."""
    if checked:
        found = sum(report.objects for report in reports)
        if found != counts.objects:
            yield Finding(
                "C_COUNTS",
                "error",
                f"the account says {counts.objects} objects, the files hold {found}",
            )
    if pictures == 0:
        yield Finding("C_EMPTY", "warn", "the dataset has no picture", consumer="Ultralytics")
    elif counts.annotations["written"] + counts.annotations["lossy"] == 0:
        yield Finding("C_EMPTY", "warn", "the dataset has no annotation", consumer="Ultralytics")
