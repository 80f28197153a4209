"""What a running server may be told; everything has a usable default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from exportkit.errors import SettingRefused

__all__ = ["MOST_URL_SECONDS", "ServerSettings"]

#: No signed URL lives longer (wire contract, section 19).
MOST_URL_SECONDS: Final = 900
_PREFIX: Final = "EXPORTKIT_SERVER_"
_INLINE_LIMIT: Final = 65_536


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one server and of its workers. Times are seconds, sizes bytes."""

    #: Folder of everything that is not in the database: the secret, originals, and the local storage.
    data: str
    #: SQLAlchemy URL.
    database: str
    #: ``s3://…`` where originals and bundles lie in S3; None for a folder below `data`.
    storage: str | None = None
    task_inline_max_bytes: int = _INLINE_LIMIT
    assignment_inline_max_bytes: int = _INLINE_LIMIT
    ground_truth_inline_max_bytes: int = _INLINE_LIMIT
    url_seconds: int = MOST_URL_SECONDS
    #: A job whose worker is silent for so long is given to another.
    lease_seconds: int = 30
    #: A job that was given away so often fails.
    job_attempts: int = 3
    #: Between two signs of life of a stream.
    heartbeat_seconds: int = 15
    #: A progress stream is closed after this time, and its client comes again.
    stream_lifetime_seconds: int = 3600
    #: Streams that one account may hold open at a time.
    streams_per_account: int = 32
    #: Waiting and running jobs that one account may have at a time.
    jobs_per_account: int = 100
    request_max_bytes: int = 8 << 20
    records_per_part: int = 50_000

    @classmethod
    def from_environment(
        cls, *, data: str, database: str, storage: str | None, environment: Mapping[str, str] | None = None
    ) -> ServerSettings:
        """Read ``EXPORTKIT_SERVER_<NAME>``, and the inline limits also by their plain names. Raises SettingRefused."""
        names = os.environ if environment is None else environment
        numbers: dict[str, Any] = {}
        for field in cls.__struct_fields__[3:]:
            for name in (_PREFIX + field.upper(), field.upper() if field.endswith("inline_max_bytes") else ""):
                if field in numbers or not names.get(name):
                    continue
                numbers[field] = _whole_number(name, names[name], least=0 if "bytes" in field else 1)
        if numbers.get("url_seconds", 0) > MOST_URL_SECONDS:
            name = f"{_PREFIX}URL_SECONDS"
            raise SettingRefused(name, "the environment", numbers["url_seconds"], f"at most {MOST_URL_SECONDS}")
        return cls(data=data, database=database, storage=storage, **numbers)

    def inline_limit(self, target: str) -> int:
        """Give the size above which payloads of a target are not sent within rows."""
        return int(getattr(self, f"{target}_inline_max_bytes"))

    @property
    def folder(self) -> Path:
        return Path(self.data)


def _whole_number(name: str, text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise SettingRefused(name, "the environment", text, f"a whole number from {least}")
    return number
