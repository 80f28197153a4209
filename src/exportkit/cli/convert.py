"""``exportkit convert``: a raw bundle becomes datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exportkit.cli.convert_options import ConvertOptions

if TYPE_CHECKING:
    from exportkit.conversion import ConversionRequest
    from exportkit.plugins import PluginManager

__all__ = ["convert"]


def convert(options: ConvertOptions) -> int:
    """Turn a raw bundle into one or more datasets.

    Example: exportkit convert bundle/ --to coco --to csv:dialect=tfod -o out/
    """
    import gc

    from exportkit.cli.console import progress
    from exportkit.cli.summary import show_conversion
    from exportkit.conversion import convert as run_conversion
    from exportkit.native import core
    from exportkit.plugins import PluginManager

    _refuse_contradictions(options)
    plugins = PluginManager.load()
    request = _request(options, plugins)
    # Modules and classes live as long as the program; the collector need not look at them between shards.
    gc.freeze()
    # Nor does the C library keep what shards of this size leave, so that memory is flat over any number of them.
    if core is not None:
        core.return_large_blocks()
    with progress(quiet=options.quiet or options.as_json) as advance:
        result = run_conversion(request, plugins, advance)
    show_conversion(result, plugins, as_json=options.as_json)
    return result.exit_code


def _request(asked: ConvertOptions, plugins: PluginManager) -> ConversionRequest:
    """What the options ask for, their words read. Raises UsageError."""
    from exportkit.cli.requests import accepted_codes, input_options, split_request
    from exportkit.conversion import Budget, ConversionRequest
    from exportkit.conversion.output_words import output_requests
    from exportkit.errors import UsageError
    from exportkit.transforms import read_recipe

    read = input_options(asked.input, asked.group_by)
    splits = split_request(asked.split, asked.split_by, asked.seed, asked.split_file)
    if read.stratify is not None and (splits is None or splits.by != "random"):
        raise UsageError("--input stratify= goes with --split and --split-by random.")
    return ConversionRequest(
        bundle=asked.bundle,
        outputs=output_requests(asked.to, plugins),
        directory=asked.output,
        target=asked.target,
        media=asked.media,
        classes=asked.classes,
        lock=asked.lock,
        input=read,
        split=splits,
        transforms=read_recipe(asked.recipe) if asked.recipe is not None else (),
        invalid=asked.invalid,
        on_loss=asked.on_loss,
        accept=accepted_codes(asked.accept, asked.on_loss, plugins),
        on_error=asked.on_error,
        max_errors=Budget.parse(asked.max_errors) if asked.max_errors is not None else None,
        loss_list=asked.loss_list,
        loss_iou=asked.loss_iou,
        strict_json=asked.strict_json,
        max_pixels=asked.max_pixels,
        validate_full=asked.validate == "full",
        error_on_empty=asked.error_on_empty,
        workers=asked.workers,
        sink=asked.sink,
        engine=asked.engine,
        ray_address=asked.ray_address,
        ray_storage=asked.ray_storage,
        overwrite=asked.overwrite,
        keep_old=asked.keep_old,
        dry_run=asked.dry_run,
    )


def _refuse_contradictions(asked: ConvertOptions) -> None:
    """Raise UsageError for options that exclude each other."""
    from exportkit.errors import UsageError

    if asked.classes is not None and asked.lock is not None:
        raise UsageError("--classes and --lock exclude each other; a fixed list needs no lock.")
    if asked.keep_old and not asked.overwrite:
        raise UsageError("--keep-old goes with --overwrite.")
