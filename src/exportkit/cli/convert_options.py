"""The options of ``exportkit convert``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["ConvertOptions", "Engine", "RayAddress"]

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
Sink = Annotated[
    Literal["tar", "zip"] | None,
    typer.Option(help="One archive instead of many files, with the account beside it; stored, not compressed."),
]
Engine = Annotated[
    Literal["local", "ray"], typer.Option(help="Where workers run: on this machine, or as tasks of Ray (extra 'ray').")
]
RayAddress = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="With --engine ray: a running cluster; by default one of this run alone."),
]
RayStorage = Annotated[
    str | None,
    typer.Option(
        metavar="s3://BUCKET/PREFIX",
        help="With --engine ray: what goes between machines, where they do not share the output's folder (extra 's3').",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a dataset that exportkit wrote.")]
KeepOld = Annotated[bool, typer.Option("--keep-old", help="With --overwrite: keep the old one as .bak.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do everything but publish.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@dataclass(frozen=True, kw_only=True)
class ConvertOptions:
    """One conversion, as it was asked for."""

    bundle: Bundle
    to: To
    output: Output
    target: Target = None
    media: Media = "copy"
    classes: Classes = None
    lock: Lock = None
    input: Input = field(default_factory=list)
    split: Split = None
    split_by: SplitBy = None
    group_by: GroupBy = None
    seed: Seed = None
    split_file: SplitFile = None
    invalid: Invalid = "clip"
    on_loss: OnLoss = "report"
    accept: Accept = ""
    on_error: OnError = "skip"
    max_errors: MaxErrors = None
    loss_list: LossList = "first"
    recipe: Recipe = None
    loss_iou: LossIou = "sample"
    strict_json: StrictJson = False
    max_pixels: MaxPixels = 1 << 28
    validate: Validate = "read"
    error_on_empty: ErrorOnEmpty = False
    workers: Workers = 0
    sink: Sink = None
    engine: Engine = "local"
    ray_address: RayAddress = None
    ray_storage: RayStorage = None
    overwrite: Overwrite = False
    keep_old: KeepOld = False
    dry_run: DryRun = False
    as_json: AsJson = False
    quiet: Quiet = False
