"""Pages with rows that are missing, doubled, foreign or out of order, and with numbers that are wrong."""

from __future__ import annotations

from typing import Any

import msgspec

from exportkit.server.chaos_rules import ChaosRule

__all__ = ["changed_page"]


class _Row(msgspec.Struct):
    id: Any = None


def changed_page(body: bytes, rule: ChaosRule) -> bytes:
    """Give the JSON of a page of either family as a rule changes it; payloads keep their bytes, other JSON all."""
    try:
        page = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        return body
    name = "results" if "results" in page else "data"
    if name in page and bytes(page[name]).startswith(b"["):
        rows = msgspec.json.decode(page[name], type=list[msgspec.Raw])
        page[name] = _raw(_changed_rows(rows, rule))
    for key in ("count", "applied_count"):
        if rule.count_error and key in page:
            page[key] = _raw(msgspec.json.decode(page[key], type=int) + rule.count_error)
    if rule.next is not None:
        if "results" in page:
            page["next"] = _raw(rule.next)
        elif "meta" in page:
            page["meta"] = _raw(_changed_meta(msgspec.json.decode(page["meta"]), rule))
    return msgspec.json.encode(page)


def _changed_rows(rows: list[msgspec.Raw], rule: ChaosRule) -> list[msgspec.Raw]:
    changed: list[msgspec.Raw] = []
    for row in rows:
        identity = msgspec.json.decode(row, type=_Row).id
        if identity in rule.drop_ids:
            continue
        changed += [row, row] if identity in rule.duplicate_ids else [row]
    for identity in rule.extra_ids if changed else ():
        members = msgspec.json.decode(changed[-1], type=dict[str, msgspec.Raw])
        changed.append(_raw({**members, "id": _raw(identity)}))
    return changed[::-1] if rule.reorder else changed


def _changed_meta(meta: dict[str, Any], rule: ChaosRule) -> dict[str, Any]:
    if isinstance(meta.get("pagination"), dict):
        meta["pagination"]["next_cursor"] = rule.next
    return meta


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
