"""Single documents of the second interface, enveloped or not (wire contract, section 4)."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["read_object"]

_read = msgspec.json.Decoder(dict[str, Any]).decode


def read_object(content: bytes) -> dict[str, Any]:
    """The object in an envelope, or the bare one; a list is ``{results, next, previous}``.

    Unwraps only where both ``data`` and ``meta`` are there. Raises msgspec.DecodeError for anything else.
    """
    if not content:
        return {}
    body = _read(content)
    if "data" not in body or "meta" not in body:
        return body
    data, meta = body["data"], body["meta"]
    meta = meta if isinstance(meta, dict) else {}
    if isinstance(data, list):
        paging = meta.get("pagination")
        paging = paging if isinstance(paging, dict) else {}
        page = {"results": data, "next": paging.get("next_cursor"), "previous": paging.get("previous_cursor")}
        return {**page, "count": meta["count"]} if "count" in meta else page
    if not isinstance(data, dict):
        raise msgspec.DecodeError("the data of the envelope is no object")
    return {**data, "applied_filter": meta["applied_filter"]} if "applied_filter" in meta else data
