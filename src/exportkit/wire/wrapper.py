"""Payload wrappers: where `data` is not the payload but says where the payload is (wire contract, section 7)."""

from __future__ import annotations

from typing import Any, Final, TypeGuard

__all__ = ["INLINE_KEYS", "MEDIA_KEYS", "MODE_WORD", "is_wrapper", "unwrap"]

#: Keys of a DM V2 payload that hold one list per medium.
MEDIA_KEYS: Final = frozenset({"images", "videos", "pcds", "texts", "audios", "prompts", "datas"})
#: What a wrapper says of itself; a payload without this word is none.
MODE_WORD: Final = b'"mode"'
_MODES: Final = frozenset({"presigned", "inline"})
#: Where an inline wrapper may hold its payload; the first that is there counts.
INLINE_KEYS: Final = ("data", "payload", "content")


def is_wrapper(data: object) -> TypeGuard[dict[str, Any]]:
    """Tell a wrapper from a genuine payload that happens to have a key `mode`."""
    if not isinstance(data, dict):
        return False
    mode = data.get("mode")
    return (
        isinstance(mode, str)
        and mode in _MODES
        and ("presigned_url" in data or isinstance(data.get("truncated"), bool))
        and "annotations" not in data
        and MEDIA_KEYS.isdisjoint(data)
    )


def unwrap(data: object) -> tuple[object, str | None]:
    """Return (payload, None), or (None, reason) where the payload cannot be had without a connection.

    The reason is one sentence for `E_WRAPPER`. What is no wrapper comes back as it is; a wrapper itself never
    does. Only one layer is taken off.
    """
    if not is_wrapper(data):
        return data, None
    if data["mode"] == "presigned" or data.get("truncated") is True:
        if not data.get("presigned_url"):
            return None, "The wrapper holds neither the payload nor its URL; export the bundle again."
        return (
            None,
            "The payload lies behind a presigned URL, which is not fetched here; export the bundle again inline.",
        )
    for key in INLINE_KEYS:
        if key in data:
            return data[key], None
    return None, "The inline wrapper holds no payload (data, payload or content); export the bundle again."
