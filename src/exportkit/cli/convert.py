"""``exportkit convert``: a raw bundle becomes datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["convert"]

Bundle = Annotated[Path, typer.Argument(help="Folder of a raw bundle, or one .jsonl file.", show_default=False)]
To = Annotated[list[str], typer.Option("--to", help="FORMAT[@OWNER][:key=value,…]; repeat it for several formats.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Directory of the dataset.", show_default=False)]
Target = Annotated[
    Literal["task", "assignment", "ground_truth"] | None,
    typer.Option(help="Which target, where the bundle holds several."),
]
Media = Annotated[
    Literal["copy", "hardlink", "symlink", "none"], typer.Option(help="What happens to the original files.")
]
Classes = Annotated[Path | None, typer.Option(help="Fixed class list (.txt, .yaml, .json).")]
Lock = Annotated[
    Path | None,
    typer.Option(help="Class lock file; made once, then only appended to."),
]
Input = Annotated[list[str], typer.Option("--input", help="How the source is to be read: key=value,…")]
Split = Annotated[
    str | None,
    typer.Option(metavar="NAME=SHARE,…", help="Splits and their shares, for example train=0.8,val=0.2."),
]
SplitBy = Annotated[
    Literal["hash", "random", "field"] | None,
    typer.Option(help="How records are split: by a hash of the id (default), at random, or by their own field."),
]
GroupBy = Annotated[
    str | None,
    typer.Option(metavar="FIELD", help="Records with the same value here stay in one split."),
]
Seed = Annotated[int | None, typer.Option(help="Another seed gives another split.")]
SplitFile = Annotated[
    Path | None,
    typer.Option(help="JSON lines {record, split}, as an earlier run wrote them."),
]
Invalid = Annotated[Literal["clip", "drop", "fail"], typer.Option(help="What happens to partly outside geometry.")]
OnLoss = Annotated[Literal["report", "fail"], typer.Option(help="Whether anything lost or skipped stops the run.")]
Accept = Annotated[str, typer.Option(help="Codes that --on-loss fail accepts: CODE,CODE.")]
OnError = Annotated[Literal["skip", "fail"], typer.Option(help="Whether the first error stops the run.")]
MaxErrors = Annotated[
    str | None,
    typer.Option(metavar="N|N%", help="Stop if more records are touched by errors."),
]
LossList = Annotated[
    Literal["first", "all", "none"], typer.Option(help="How many lossy and skipped annotations are listed.")
]
Recipe = Annotated[
    Path | None,
    typer.Option(help="Filters and transforms of records, a YAML file."),
]
LossIou = Annotated[
    Literal["sample", "all"],
    typer.Option(help="Whether boxes that stand for regions are measured in every 16th record, or in all."),
]
StrictJson = Annotated[bool, typer.Option("--strict-json", help="Refuse lines with the same key twice.")]
MaxPixels = Annotated[int, typer.Option(min=1, help="Largest picture that may be decoded or rasterised.")]
Validate = Annotated[
    Literal["read", "full"], typer.Option(help="Judge only what the writers read, or every part of every line.")
]
ErrorOnEmpty = Annotated[bool, typer.Option("--error-on-empty", help="Exit 9 if there is no record.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes; 0 chooses by input and machine.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a dataset that exportkit wrote.")]
KeepOld = Annotated[bool, typer.Option("--keep-old", help="With --overwrite: keep the old one as .bak.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything but publish.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def convert(
    bundle: Bundle,
    to: To,
    output: Output,
    target: Target = None,
    media: Media = "copy",
    classes: Classes = None,
    lock: Lock = None,
    input: Input = [],  # noqa: A002, B006 - the option's word; typer copies the list
    split: Split = None,
    split_by: SplitBy = None,
    group_by: GroupBy = None,
    seed: Seed = None,
    split_file: SplitFile = None,
    invalid: Invalid = "clip",
    on_loss: OnLoss = "report",
    accept: Accept = "",
    on_error: OnError = "skip",
    max_errors: MaxErrors = None,
    loss_list: LossList = "first",
    recipe: Recipe = None,
    loss_iou: LossIou = "sample",
    strict_json: StrictJson = False,
    max_pixels: MaxPixels = 1 << 28,
    validate: Validate = "read",
    error_on_empty: ErrorOnEmpty = False,
    workers: Workers = 0,
    overwrite: Overwrite = False,
    keep_old: KeepOld = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> int:
    """Turn a raw bundle into one or more datasets.

    Example: exportkit convert bundle/ --to coco --to csv:dialect=tfod -o out/
    """
    import gc

    from exportkit.cli.console import progress
    from exportkit.cli.requests import accepted_codes, input_options, split_request
    from exportkit.cli.summary import show_conversion
    from exportkit.conversion import Budget, ConversionRequest
    from exportkit.conversion import convert as run_conversion
    from exportkit.conversion.output_words import output_requests
    from exportkit.errors import UsageError
    from exportkit.plugins import PluginManager
    from exportkit.transforms import read_recipe

    _refuse_contradictions(classes, lock, keep_old=keep_old, overwrite=overwrite)
    options = input_options(input, group_by)
    splits = split_request(split, split_by, seed, split_file)
    if options.stratify is not None and (splits is None or splits.by != "random"):
        raise UsageError("--input stratify= goes with --split and --split-by random.")
    plugins = PluginManager.load()
    request = ConversionRequest(
        bundle=bundle,
        outputs=output_requests(to, plugins),
        directory=output,
        target=target,
        media=media,
        classes=classes,
        lock=lock,
        input=options,
        split=splits,
        transforms=read_recipe(recipe) if recipe is not None else (),
        invalid=invalid,
        on_loss=on_loss,
        accept=accepted_codes(accept, on_loss, plugins),
        on_error=on_error,
        max_errors=Budget.parse(max_errors) if max_errors is not None else None,
        loss_list=loss_list,
        loss_iou=loss_iou,
        strict_json=strict_json,
        max_pixels=max_pixels,
        validate_full=validate == "full",
        error_on_empty=error_on_empty,
        workers=workers,
        overwrite=overwrite,
        keep_old=keep_old,
        dry_run=dry_run,
    )
    # Modules and classes live as long as the program; the collector need not look at them between shards.
    gc.freeze()
    with progress(quiet=quiet or as_json) as advance:
        result = run_conversion(request, plugins, advance)
    show_conversion(result, plugins, as_json=as_json)
    return result.exit_code


def _refuse_contradictions(classes: Path | None, lock: Path | None, *, keep_old: bool, overwrite: bool) -> None:
    """Raise UsageError for options that exclude each other."""
    from exportkit.errors import UsageError

    if classes is not None and lock is not None:
        raise UsageError("--classes and --lock exclude each other; a fixed list needs no lock.")
    if keep_old and not overwrite:
        raise UsageError("--keep-old goes with --overwrite.")
