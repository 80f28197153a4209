"""What a list was asked for beside its filter: page, order, form; and where its next page is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args
from urllib.parse import urlencode

from starlette.requests import Request

from exportkit.clients.filter_keys import PAGING_KEYS
from exportkit.server.refusals import Refusal
from exportkit.server.rows import ResponseMode
from exportkit.server.targets import Target

__all__ = ["MOST_IDS", "MOST_ROWS", "ListRequest", "origin_of"]

#: Rows of one page, and ids of one that holds nothing else; larger wishes are cut down to it.
MOST_ROWS: Final = 1000
MOST_IDS: Final = 10_000
_USUAL_ROWS: Final = 100
_MOST_PAGES: Final = 2**31
_MOST_QUERY: Final = 16_384


@dataclass(frozen=True)
class ListRequest:
    """A list as it was asked for."""

    size: int
    #: None where pages are taken by cursor.
    page: int | None
    cursor: str | None
    descending: bool
    full: bool
    fields: frozenset[str]
    mode: ResponseMode
    #: What is no paging, in the order of the query.
    filters: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, target: Target, request: Request, *, by_cursor: bool) -> ListRequest:
        """Read the query. Raises Refusal 400, which names the parameter."""
        if len(request.url.query) > _MOST_QUERY:
            raise Refusal(400, f"The query is longer than {_MOST_QUERY} bytes; shorten its filter.", field="filter")
        pairs = request.query_params.multi_items()
        paging: dict[str, list[str]] = {}
        for name, value in pairs:
            if name in PAGING_KEYS:
                paging.setdefault(name, []).append(value)
        by_cursor = by_cursor or _one_of(paging, "pagination", ("page", "cursor")) == "cursor"
        size = _number(paging, "page_size", _number(paging, "per_page", _USUAL_ROWS, 10**9), 10**9)
        fields = frozenset(_words(paging, "fields"))
        return cls(
            size=min(size, MOST_IDS if fields == {"id"} else MOST_ROWS),
            page=None if by_cursor else _number(paging, "page", 1, _MOST_PAGES),
            cursor=paging.get("cursor", [""])[-1] or None,
            descending=_descending(target, paging),
            full=not {"data", "data_unit"}.isdisjoint(_words(paging, "expand")),
            fields=fields,
            mode=response_mode(paging),
            filters=tuple((name, value) for name, value in pairs if name not in PAGING_KEYS),
        )


def response_mode(paging: Mapping[str, list[str]]) -> ResponseMode:
    """Read how large payloads are sent. Raises Refusal 400."""
    return "presigned" if _one_of(paging, "response_mode", get_args(ResponseMode)) == "presigned" else "inline"


def mode_of(request: Request) -> ResponseMode:
    """Read how large payloads are sent, where nothing else is paged. Raises Refusal 400."""
    return response_mode({"response_mode": found} if (found := request.query_params.getlist("response_mode")) else {})


def origin_of(request: Request) -> str:
    """Give scheme, host and port that the request came in on; the host was checked before."""
    return str(request.base_url).rstrip("/")


def url_with(request: Request, **changed: str | int) -> str:
    """Give the absolute URL of this request with some parameters changed and all others as they were."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    kept += [(name, str(value)) for name, value in changed.items()]
    return f"{origin_of(request)}{request.url.path}?{urlencode(kept)}"


def _words(paging: Mapping[str, Iterable[str]], name: str) -> list[str]:
    return [word.strip() for value in paging.get(name, ()) for word in value.split(",") if word.strip()]


def _one_of(paging: Mapping[str, list[str]], name: str, allowed: tuple[str, ...]) -> str:
    value = paging.get(name, [allowed[0]])[-1]
    if value not in allowed:
        raise Refusal(400, f"{name} takes {' or '.join(allowed)}.", field=name)
    return value


def _number(paging: Mapping[str, list[str]], name: str, usual: int, most: int) -> int:
    text = paging.get(name, [str(usual)])[-1]
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= most):
        raise Refusal(400, f"{name} takes a whole number from 1.", field=name)
    return int(text)


def _descending(target: Target, paging: Mapping[str, list[str]]) -> bool:
    name = "sort" if "sort" in paging else "ordering"
    wanted = paging.get(name, [f"-{target.key_name}"])[-1]
    if wanted.removeprefix("-") != target.key_name:
        message = f"{name} takes {target.key_name} or -{target.key_name}, the one unique order of these rows."
        raise Refusal(400, message, field=name)
    return wanted.startswith("-")
