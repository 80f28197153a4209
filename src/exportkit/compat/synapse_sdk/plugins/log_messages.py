"""Message codes."""

from __future__ import annotations

from exportkit.runtime import CommonLogMessageCode, LogMessageCode, register_log_messages, resolve_log_message

__all__ = ["CommonLogMessageCode", "LogMessageCode", "register_log_messages", "resolve_log_message"]
