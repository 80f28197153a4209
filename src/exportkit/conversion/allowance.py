"""How many errors and losses the user allows."""

from __future__ import annotations

from collections.abc import Iterable

from exportkit.conversion.output import Output
from exportkit.conversion.request import ConversionRequest
from exportkit.errors import ConversionFailed

__all__ = ["judge_account", "stop_on_errors"]


def stop_on_errors(request: ConversionRequest, outputs: Iterable[Output]) -> None:
    """Raise ConversionFailed at the first error, where the user wants to stop there."""
    if request.on_error != "fail":
        return
    for output in outputs:
        if output.shown_errors:
            first = output.shown_errors[0]
            where = f"{first.file}, line {first.line}, record {first.id!r}, {first.json_path}"
            raise ConversionFailed(
                f"Stopped at the first error ({first.code}): {first.message} ({where}); "
                "mend it, or use --on-error skip."
            )


def judge_account(request: ConversionRequest, output: Output) -> None:
    """Raise ConversionFailed where a whole output has more errors or losses than the user allows."""
    counts, label = output.counts, output.setup.label
    listed, failed = counts.records["listed"], counts.records["failed"]
    if listed and failed == listed:
        first = output.shown_errors[0]
        raise ConversionFailed(
            f"Every record failed in '{label}', so nothing was published; the first: "
            f"{first.code}: {first.message} ({first.file}, line {first.line})"
        )
    touched = failed + counts.touched
    if request.max_errors is not None and request.max_errors.passed(touched, listed):
        raise ConversionFailed(
            f"{touched} of {listed} records are touched by errors in '{label}', more than --max-errors allows; "
            "nothing was published."
        )
    if request.on_loss == "fail":
        lost = sorted({code for code, _ in counts.codes if code[0] in "LS" and code not in request.accept})
        if lost:
            raise ConversionFailed(
                f"'{label}' cannot keep everything ({', '.join(lost)}), so nothing was published; "
                "accept these codes with --accept, or choose another format."
            )
