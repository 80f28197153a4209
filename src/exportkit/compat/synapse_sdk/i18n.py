"""Messages in several languages."""

from __future__ import annotations

from exportkit.runtime import LocalizedMessage

__all__ = ["LocalizedMessage"]
