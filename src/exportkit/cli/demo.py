"""``exportkit demo``: the whole tour on a bundle that ships with the package."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]

_FORMATS = ("coco", "yolo:task=segment", "voc", "csv")


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory of the datasets.")] = Path("exportkit-demo"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a former demo.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> int:
    """Convert a small bundle into four formats. All are checked, and the end says what to try next."""
    from exportkit.cli.console import progress
    from exportkit.cli.summary import print_json, show_conversion
    from exportkit.conversion import ConversionRequest, check_dataset, convert, verify_dataset
    from exportkit.conversion.output_words import output_requests
    from exportkit.plugins import PluginManager

    bundle = Path(__file__).parent / "demo_bundle"
    plugins = PluginManager.load()
    request = ConversionRequest(
        bundle=bundle, outputs=output_requests(_FORMATS, plugins), directory=output, overwrite=overwrite
    )
    with progress(quiet=True) as advance:
        result = convert(request, plugins, advance)
    checks = check_dataset(result.directory, plugins)
    verification = verify_dataset(result.directory)
    if as_json:
        from exportkit.conversion.report import conversion_as_data

        print_json(
            {
                **conversion_as_data(result),
                "checked": {c.format: not any(f.severity == "error" for f in c.findings) for c in checks},
                "verified": verification.verified,
            }
        )
        return result.exit_code
    show_conversion(result, plugins, as_json=False)
    _say_next(result.directory, bundle, len(checks), verification.files)
    return result.exit_code


def _say_next(directory: Path, bundle: Path, datasets: int, files: int) -> None:
    from rich.console import Console

    out = Console(highlight=False)
    shown, bundle_shown, program = _from_here(directory), _from_here(bundle), _program()
    lines = (
        f"Checked {datasets} datasets by the rules of their consumers; {files} files are as they were published.",
        "",
        "Look at it:",
        f"  pictures          {shown}/yolo/images/train/",
        f"  what was lost     {shown}/yolo/exportkit-losses.jsonl",
        f"  the account       {shown}/coco/exportkit-manifest.json",
        "",
        "Try next:",
        f"  {program} inspect {bundle_shown}",
        f"  {program} convert {bundle_shown} --to yolo:task=detect -o my-yolo",
        f"  {program} check {shown}/yolo",
        f"  {program} verify {shown}",
        f"  {program} formats",
    )
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _from_here(path: Path) -> str:
    """The path as one would type it here: relative where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(str(path)) else str(path)


def _program() -> str:
    """How this program is called from here: by its name if the shell finds it, else by its path."""
    called = Path(sys.argv[0])
    found = shutil.which("exportkit")
    if called.name != "exportkit" or not called.is_file():
        return "exportkit"
    return "exportkit" if found is not None and Path(found).samefile(called) else _from_here(called.absolute())
