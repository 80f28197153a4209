"""Where listed rows come from: three styles behind one interface, each in chunks that are committed as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Protocol

from exportkit.clients import BackendClient, WireRow

__all__ = ["CHUNK_ROWS", "Chunk", "ItemSource", "Missed", "PagedRows", "key_of"]

#: Ids of one bulk call, and rows of one chunk (wire contract, section 6).
CHUNK_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Missed:
    """A listed row that did not come: ``gone`` where the server has it no more, else ``failed``."""

    key: int
    item_id: int | str
    status: str
    reason: str


@dataclass(slots=True)
class Chunk:
    """Rows in the order of the list, and what was listed beside them."""

    rows: list[WireRow]
    #: Key of the last listed row: what a later run goes on behind.
    position: int
    missed: list[Missed] = field(default_factory=list)


class ItemSource(Protocol):
    """One way to acquire the rows of a target under a filter."""

    #: Word for the style in the state of a run, which is never continued in another one.
    style: str
    #: Member of a row that orders the list.
    key: str

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        """Rows behind the position `after`, or all. Raises ClientError where the backend fails for good."""
        ...


class PagedRows:
    """Whole rows, page by page, in falling order of their key: what every backend offers."""

    style = "pages"

    def __init__(self, client: BackendClient, target: str, params: Mapping[str, Any]) -> None:
        """`params` hold the filter and the paging, as the target's handler wants it."""
        self._client = client
        self._target = target
        self._params = dict(params)
        self.key = "pgh_id" if target == "ground_truth" else "id"

    def chunks(self, after: int | None) -> Iterator[Chunk]:
        params = self._params
        if after is not None and self.key == "id":
            bound = params.get("id__lt")
            params = {**params, "id__lt": after if bound is None else min(after, int(bound))}
        for page in self._client.pages(self._target, params):
            # Events have no filter on their own key: their list is walked anew and the known part is passed over.
            rows = iter(row for row in page.rows if after is None or key_of(row, self.key) < after)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                yield Chunk(chunk, key_of(chunk[-1], self.key))


def key_of(row: WireRow, key: str) -> int:
    """The key of a row. A row without one is refused where lists are read."""
    value: int = row[key]
    return value
