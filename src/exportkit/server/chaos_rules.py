"""Faults that a server injects on request, for people who test their own clients: a file of rules."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exportkit.errors import UsageError
from exportkit.storage.yaml_file import read_yaml

__all__ = ["ChaosPlan", "ChaosRule", "read_chaos"]

Seconds = Annotated[float, Field(ge=0, le=600)]
Status = Annotated[int, Field(ge=200, le=599)]


class ChaosRule(BaseModel):
    """One fault, and the requests that it meets. Faults of one rule come together; rules apply in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Path of the request; ``*`` stands for anything.
    route: str = "*"
    method: Literal["GET", "POST", "PATCH", "HEAD"] | None = None
    #: Only requests whose path, query or body names one of these ids.
    ids: tuple[int, ...] = ()
    #: How many of the matching requests are met, and how many are let through before.
    times: int | None = Field(default=None, ge=0)
    after: int = Field(default=0, ge=0)
    #: Share of the matching requests that are met, drawn by the seed of the plan.
    probability: float = Field(default=1.0, ge=0, le=1)

    #: Answers in place of the real one, one for each request that is met; 200 lets a request through.
    status: tuple[Status, ...] = ()
    headers: dict[str, str] = Field(default_factory=dict)
    #: Before the answer.
    delay: Seconds = 0
    #: Rows of the answer, by id: left out, shown twice, added (as copies of the last row), in another order.
    drop_ids: tuple[int, ...] = ()
    duplicate_ids: tuple[int, ...] = ()
    extra_ids: tuple[int, ...] = ()
    reorder: bool = False
    #: Added to what the answer says that there is.
    count_error: int = 0
    #: Pages that a cursor lives; the next one is refused with `cursor_status`, and the count begins anew.
    cursor_pages: int | None = Field(default=None, ge=0)
    cursor_status: Literal[400, 410] = 410
    #: In place of the next page.
    next: str | None = None
    #: Bytes of the body that are sent before the connection is cut.
    cut: int | None = Field(default=None, ge=0)
    #: Between pieces of `piece` bytes of the body.
    pause: Seconds = 0
    piece: int = Field(default=1024, ge=1)
    #: Bytes of one more event, put before the first one of a progress stream.
    event_bytes: int | None = Field(default=None, ge=1, le=1 << 30)

    def meets(self, method: str, path: str) -> bool:
        """Tell whether the rule is for such a request; ids are looked for later."""
        return fnmatchcase(path, self.route) and self.method in {None, method}

    @property
    def changes_rows(self) -> bool:
        """Tell whether the answer has to be parsed."""
        by_id = self.drop_ids or self.duplicate_ids or self.extra_ids
        return bool(by_id or self.reorder or self.count_error or self.next is not None)


class ChaosPlan(BaseModel):
    """Rules, and the seed that draws wherever something is drawn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    rules: tuple[ChaosRule, ...] = ()


def read_chaos(path: Path) -> ChaosPlan:
    """Read a file of rules (YAML). Raises UsageError, which names the line."""
    document = read_yaml(path, "The chaos file")
    value: Any = document.value if document.value is not None else {}
    try:
        return ChaosPlan.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        message = f"{document.place(first['loc'])}: {first['msg'].removeprefix('Value error, ')}; correct the rule."
        raise UsageError(message) from error
