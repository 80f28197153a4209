"""``exportkit verify``: are these still the bytes that were published?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["verify"]


def verify(
    directory: Annotated[Path, typer.Argument(help="A dataset that exportkit wrote.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """Compare every file with the manifest of SHA-256. Exit 4 if anything differs, is missing or is new."""
    import sys

    import msgspec

    from exportkit.cli.failure import printable
    from exportkit.cli.summary import print_json
    from exportkit.conversion import verify_dataset

    result = verify_dataset(directory)
    if as_json:
        print_json({"directory": str(directory), **msgspec.to_builtins(result), "verified": result.verified})
    else:
        for difference in result.differences:
            sys.stdout.write(printable(f"{difference.path}: {difference.reason}") + "\n")
        verdict = "every file is as it was published" if result.verified else f"{len(result.differences)} differences"
        sys.stdout.write(printable(f"{directory}: {result.files} files, {verdict}") + "\n")
    return 0 if result.verified else 4
