"""The rows of an acquired bundle: from here on nobody can tell who acquired it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Self

from exportkit.clients import BundleRows, BundleSource, LineFault, OfflineClient, OriginalSource, Row
from exportkit.storage.refusals import refusals_of

__all__ = ["StoredRows"]

_LOST: Final = "lost.jsonl"
_LIST_OF: Final = {
    "task": "list_tasks",
    "assignment": "list_assignments",
    "ground_truth": "list_ground_truth_events",
}


class StoredRows:
    """Rows of a bundle in the run's own spool, in ascending order of their ids, as often as they are asked for.

    ``bundle`` names it to whoever reads bundles itself. ``faults`` are lines that give no row, and items that were
    listed and could not be acquired; the latter stand in the file ``lost`` too. ``gone`` counts the items that were
    listed and deleted before they could be fetched.
    """

    def __init__(self, client: OfflineClient, target: str, lost: Path, failures: list[LineFault], gone: int) -> None:
        answer = getattr(client, _LIST_OF[target])(list_all=True)
        self._rows: BundleRows = answer.rows
        self._client = client
        self._failures = failures
        self.count: int = len(answer)
        self.lost = lost
        self.gone = gone
        self.bundle: BundleSource | None = self._rows.bundle
        self.originals: OriginalSource = self._rows.originals
        self.prefix = self._rows.prefix

    @classmethod
    def opened(cls, folder: Path, target: str, failures: Iterable[tuple[Any, str]], gone: int) -> Self:
        """Open the bundle in `folder`; `failures` are (id, ``CODE: reason``). Close it when the export is over.

        Raises BundleRefused and LocalIOError.
        """
        lost = folder.with_name(_LOST)
        faults = [_fault(identity, text) for identity, text in failures]
        with refusals_of("write", lost), lost.open("w", encoding="utf-8") as file:
            for fault in faults:
                file.write(json.dumps(_entry(fault), ensure_ascii=False) + "\n")
        client = OfflineClient(folder, folder.parent)
        try:
            return cls(client, target, lost, faults, gone)
        except BaseException:
            client.close()
            raise

    def close(self) -> None:
        """Release the bundle; a second call does nothing."""
        self._client.close()

    @property
    def listed(self) -> int:
        """Everything that was listed: lines, failures, and what was gone."""
        return self.count + len(self._failures) + self.gone

    @property
    def faults(self) -> Iterator[LineFault]:
        """What gave no row."""
        yield from self._failures
        yield from self._rows.faults

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)


def _fault(identity: Any, text: str) -> LineFault:
    code, _, message = text.partition(": ")
    return LineFault(code, message, "", 0, identity)


def _entry(fault: LineFault) -> dict[str, Any]:
    """As it stands in ``exportkit-errors.jsonl``."""
    return {"step": "fetch_results", **fault._asdict()}
