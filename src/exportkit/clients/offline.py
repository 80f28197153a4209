"""A client that needs no server: it answers from a bundle, read where it lies."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from exportkit.bundles import Bundle, bundle_targets
from exportkit.clients.bundle_index import BundleIndex, LineFault
from exportkit.clients.bundle_rows import BundleFiles, BundleRows, BundleSource, FaultLog
from exportkit.clients.counted_rows import Row
from exportkit.clients.filter_keys import selecting_keys
from exportkit.clients.folder import FolderClient
from exportkit.clients.identity_keys import IdentitySelection
from exportkit.errors import FilterRefused, UsageError
from exportkit.normalize.item import item_id

__all__ = ["OfflineClient"]

#: Filter keys beside those of the id space that a bundle's lines can answer.
_APPLIED = ("status_label",)


class OfflineClient(FolderClient):
    """Every project and dataset version is the bundle, every storage is the folder `output`.

    Unscoped calls give every row. Keys of the id space and `status_label` are applied, any other is refused with
    :class:`~exportkit.errors.FilterRefused` before a row is given. Where the bundle holds one target, every list
    call answers with it. Nothing in the bundle is ever changed; :meth:`close` removes what was unpacked.
    """

    def __init__(self, bundle: Path, output: Path, *, target: str | None = None) -> None:
        """Look into the bundle. Raises UsageError and BundleRefused."""
        super().__init__(output)
        self.path = bundle
        self._target = target
        self._targets = bundle_targets(bundle)
        self._work = Path(tempfile.mkdtemp(prefix="exportkit-offline-"))
        # A plugin that forgets to close leaves nothing behind either.
        self._removal = weakref.finalize(self, shutil.rmtree, self._work, ignore_errors=True)
        self._files: BundleFiles | None = None
        self._opened: dict[str, tuple[Bundle, BundleIndex, FaultLog]] = {}
        try:
            if target is not None and target not in self._targets:
                raise UsageError(f"The bundle has no target {target!r}, only {', '.join(self._targets) or 'none'}.")
        except UsageError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release and remove everything that was made on the way; a second call does nothing."""
        for _, _, faults in self._opened.values():
            faults.close()
        if self._files is not None:
            self._files.close()
        self._removal()

    @property
    def originals(self) -> BundleFiles:
        """Where files named by a `bundle_path` lie."""
        if self._files is None:
            self._files = BundleFiles(self.path if self.path.is_dir() else self.path.resolve().parent)
        return self._files

    @property
    def fault_count(self) -> int:
        """How many lines gave no row when all rows of their target were last read."""
        return sum(faults.count for _, _, faults in self._opened.values())

    @property
    def faults(self) -> Iterator[LineFault]:
        """Those lines, each with its file and number."""
        for _, _, faults in self._opened.values():
            yield from faults

    # -- rows ------------------------------------------------------------------------------------------------

    def _rows(self, target: str, filters: Mapping[str, Any]) -> BundleRows:
        admits = _admission(filters)
        bundle, index, faults = self._open(target)
        # The target is named where the source was: a bundle with one target is converted without naming it.
        source = BundleSource(self.path, bundle.target)
        return BundleRows(
            index,
            tuple(part.path for part in bundle.parts),
            self.originals,
            faults,
            bundle=source if admits is None else None,
            prefix=bundle.manifest.prefix if bundle.manifest is not None else "",
            admits=admits,
        )

    def _count(self, target: str, filters: Mapping[str, Any]) -> int:
        return self._rows(target, filters).counted()

    def _open(self, target: str) -> tuple[Bundle, BundleIndex, FaultLog]:
        chosen = self._chosen(target)
        if chosen not in self._opened:
            bundle = Bundle.open(self.path, chosen, work=self._work)
            faults = FaultLog(self._work / f"{chosen}.faults")
            self._opened[chosen] = (bundle, BundleIndex(bundle, self._work), faults)
        return self._opened[chosen]

    def _chosen(self, target: str) -> str:
        if self._target is not None:
            return self._target
        if target in self._targets:
            return target
        if len(self._targets) == 1:
            return self._targets[0]
        raise UsageError(f"The bundle has no target {target!r}, only {', '.join(self._targets) or 'none'}.")


def _admission(filters: Mapping[str, Any]) -> Callable[[Row], bool] | None:
    """What decides about a row, or None where every row is asked for. Raises FilterRefused."""
    selection = IdentitySelection(filters)
    others = selecting_keys(filters)
    refused = sorted(set(others) - set(_APPLIED))
    if refused:
        names = ", ".join(map(repr, refused))
        raise FilterRefused(f"The filter key {names} cannot be applied to a bundle; remove it, or ask a server.")
    if not selection and not others:
        return None
    status = others.get("status_label")
    wanted = None if status is None else frozenset(map(str, status if _several(status) else [status]))

    def admits(row: Row) -> bool:
        identity = item_id(row)
        if not selection.admits(identity):
            return False
        if wanted is None:
            return True
        if not isinstance(row.get("status_label"), str):
            raise FilterRefused(
                f"The filter status_label cannot be applied: the record {identity!r} has no status_label; remove it."
            )
        return row["status_label"] in wanted

    return admits


def _several(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
