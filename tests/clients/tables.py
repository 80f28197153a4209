"""A table of rows behind the lists of both interfaces, paged as the contract says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.clients.loopback import Answer, Asked, Loopback, as_json, v2_page

PATHS = {"task": "/sdk/tasks/", "assignment": "/sdk/assignments/", "ground_truth": "/sdk/ground_truth_events/"}


@dataclass
class Table:
    """Rows of one target; keys fall from page to page. `cursors` turns a position into what is sent as ``next``."""

    backend: Loopback
    ids: list[int]
    size: int = 3
    key: str = "id"
    #: Pages after which cursors made so far are dead.
    expire_after: int | None = None
    served: int = 0
    generation: int = 0
    sizes: Sequence[int] = ()
    cursor_form: Callable[[Table, str, str], str] = field(default=lambda table, path, token: table.url(path, token))

    def __post_init__(self) -> None:
        self.ids = list(self.ids)

    def url(self, path: str, token: str) -> str:
        query = "&".join(f"{key}={value}" for key, value in self.backend.asked[-1].query if key != "cursor")
        return f"{self.backend.url}{path}?{query}&cursor={token}"

    def row(self, identity: int) -> dict[str, Any]:
        if self.key == "id":
            return {"id": identity, "data": {"annotations": [], "n": identity}}
        return {"id": identity * 10, "pgh_id": identity, "data": {"annotations": []}}

    def v1(self, asked: Asked) -> Answer:
        rows, following = self._page(asked)
        if rows is None:
            return as_json({"detail": "Invalid cursor"}, 400)
        body: dict[str, Any] = {"next": following, "previous": None, "results": rows}
        if asked.value("pagination") != "cursor":
            body["count"] = len(self.ids)
        return as_json(body)

    def v2(self, asked: Asked) -> Answer:
        rows, following = self._page(asked)
        if rows is None:
            return as_json({"error": {"code": "VALIDATION_ERROR", "message": "cursor"}, "meta": {}}, 410)
        return v2_page(
            [{"id": row["id"], **({"pgh_id": row["pgh_id"]} if "pgh_id" in row else {})} for row in rows], following
        )

    def _page(self, asked: Asked) -> tuple[list[Any] | None, str | None]:
        # A cursor is the generation of cursors that it belongs to, the key it stands behind, and a serial number.
        generation, position, _ = (asked.value("cursor") or f"{self.generation}.{max(self.ids) + 1}.0").split(".")
        if int(generation) != self.generation:
            return None, None
        bounds = [int(position), *(int(value) for key, value in asked.query if key == "id__lt")]
        left = sorted((identity for identity in self.ids if identity < min(bounds)), reverse=True)
        size = self.sizes[self.served % len(self.sizes)] if self.sizes else self.size
        self.served += 1
        token = f"{self.generation}.{left[:size][-1] if left[:size] else position}.{self.served}"
        if self.expire_after is not None and self.served % self.expire_after == 0:
            self.generation += 1
        following = self.cursor_form(self, asked.path, token) if len(left) > size else None
        return [self.row(identity) for identity in left[:size]], following
