"""One line of a job's log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NotRequired, TypedDict

from exportkit.runtime.log_level import LogLevel

__all__ = ["LogEntry", "MessageLogData", "message_data"]


class MessageLogData(TypedDict):
    """Data of a ``message``: the text, and the code where the text belongs to one."""

    content: str
    key: NotRequired[str]


@dataclass
class LogEntry:
    """What was logged; ``timestamp`` is in seconds since the epoch."""

    event: str
    data: dict[str, Any]
    timestamp: float = field(default_factory=time.time)
    #: Path of a picture or another file that belongs to the entry.
    file: str | None = None
    step: str | None = None
    level: LogLevel | None = None
    language: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the backend takes it (wire contract §14), without the job; what is unset is left out."""
        entry: dict[str, Any] = {
            "event": self.event,
            "data": self.data,
            "datetime": datetime.fromtimestamp(self.timestamp, UTC).isoformat(),
        }
        optional = {"step": self.step, "level": self.level and self.level.value, "file": self.file}
        return entry | {key: value for key, value in optional.items() if value}


def message_data(content: str, key: str | None = None) -> MessageLogData:
    """Data of a ``message`` or ``debug`` entry."""
    return {"content": content} if key is None else {"content": content, "key": key}
