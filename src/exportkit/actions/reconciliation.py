"""Do the numbers of an export add up? Asked before anything is published."""

from __future__ import annotations

from typing import Any

from exportkit.actions.probe import probe_export_count
from exportkit.errors import ConversionFailed, IncompleteExport

__all__ = ["reconcile"]


def reconcile(context: Any, received: int) -> None:
    """Set ``status`` and ``reconcile`` of the context.

    Raises IncompleteExport, with both numbers, where rows are missing that the source counted and still has;
    ConversionFailed where rows were fetched and nothing came of them.
    """
    expected = context.total_count
    filtered = _filtered(context.results)
    received += filtered
    gone = getattr(context.results, "gone", 0)
    if context.count_verified and received + gone < expected:
        gone += _gone(context, expected, received + gone)
    if received and not context.exported_count:
        raise ConversionFailed(
            f"{received} rows were fetched, {context.failed_count} of them failed and nothing was written, "
            "so nothing was published."
        )
    context.reconcile = {
        "listed": received + gone,
        "written": context.exported_count,
        "failed": context.failed_count,
        "gone": gone,
        "filtered": filtered,
    }
    if received != context.exported_count + context.failed_count + filtered:
        raise IncompleteExport(
            f"{received} rows were received, but {context.exported_count} were written and {context.failed_count} "
            "failed; nothing was published.",
            expected=received,
            received=context.exported_count + context.failed_count,
        )
    troubled = context.failed_count or context.failed_originals or context.page_failures or context.errors
    context.status = "partial" if troubled else "complete"


def _gone(context: Any, expected: int, received: int) -> int:
    """Rows that were deleted between the count and the list, or IncompleteExport."""
    now = probe_export_count(
        context.runtime_ctx.client, target=context.params.get("target", ""), filters=context.fetch_filters
    )
    if now is not None and now <= received:
        return expected - received
    if context.page_failures:
        return 0
    context.status = "incomplete"
    raise IncompleteExport(
        f"The source counted {expected} rows and gave {received}; nothing was published. Run the export again.",
        expected=expected,
        received=received,
    )


def _filtered(results: Any) -> int:
    dropped = getattr(results, "dropped", 0)
    return dropped if isinstance(dropped, int) else 0
