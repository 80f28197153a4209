"""What happens to acquired items: three phases, whoever acquired them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

__all__ = ["ExportTail"]


class ExportTail(ABC):
    """The work of the steps ConvertData, SaveFiles and Finalize for one exporter.

    An exporter names its tail in the class attribute ``tail``; without one it is the template of
    :class:`~exportkit.actions.BaseExporter`. A tail lives for one run and gets the run's
    :class:`~exportkit.actions.ExportContext` as ``context``. The calls come in the order of the methods here, each
    once at most; :meth:`close` comes always.
    """

    #: True for a tail that applies the hook `exportkit_item_acquired` by itself.
    applies_item_hooks: ClassVar[bool] = False

    def __init__(self, context: Any) -> None:
        """Made before the first step. Raises UsageError for params that this tail cannot follow."""
        self.context = context

    @abstractmethod
    def open(self) -> None:
        """Prepare the output. ``context.output`` is set and nothing exists yet; called by the acquiring head."""

    @abstractmethod
    def begin(self) -> None:
        """``context.exporter`` was made; also where there are no items."""

    @abstractmethod
    def convert(self) -> None:
        """There are items, in ``context.exporter.export_items``. Skipped where nothing was listed."""

    @abstractmethod
    def save(self) -> None:
        """Write, and set ``exported_count``, ``failed_count``, ``failed_originals``, ``written_file_count``."""

    @abstractmethod
    def finalize(self) -> None:
        """Check, publish, and set ``output_path``, ``status`` and ``reconcile``.

        Raises ConversionFailed or IncompleteExport where the result is not worth publishing. The steps before are
        skipped where nothing was listed; this one never is.
        """

    @abstractmethod
    def close(self) -> None:
        """Remove what was not published; a second call does nothing."""
