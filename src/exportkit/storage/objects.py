"""Objects by key, on a local folder or in S3: the few calls that a backend and an acquisition need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable
from urllib.parse import parse_qsl, urlsplit

from exportkit.errors import UsageError
from exportkit.storage.safe_path import judge_input_path

__all__ = [
    "CHUNK_BYTES",
    "ObjectExists",
    "ObjectMissing",
    "ObjectStore",
    "S3Location",
    "judged_key",
]

#: Contents are read in pieces of about this many bytes.
CHUNK_BYTES: Final = 1 << 20


class ObjectMissing(LookupError):
    """There is no object of this key."""


class ObjectExists(Exception):
    """An object of this key is there already, and was left as it is."""


@runtime_checkable
class ObjectStore(Protocol):
    """Objects below one root. Keys are relative POSIX paths; an unsafe one is a ValueError.

    Calls raise LocalIOError (a folder) or RemoteIOError (S3) where the store refuses; any thread may call.
    """

    @property
    def location(self) -> str:
        """Where the root is, for people: ``file:///…`` or ``s3://bucket/prefix``; no secrets."""
        ...

    @property
    def identity(self) -> str:
        """What tells the store from every other: the location, and the server where that does not name it."""
        ...

    def put(self, key: str, content: bytes | Path, *, if_absent: bool = True) -> None:
        """Store a whole object, or nothing; it is durable on return.

        With `if_absent` an object that is there raises ObjectExists and stays; else it is replaced.
        """
        ...

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Give the bytes from `start` to `end` (exclusive, by default all) in pieces. Raises ObjectMissing at once."""
        ...

    def size(self, key: str) -> int | None:
        """Give the bytes of an object, None where there is none."""
        ...

    def delete_prefix(self, prefix: str) -> None:
        """Remove every object whose key is `prefix` or begins with `prefix` and a slash; none is no error."""
        ...

    def presign(self, key: str, seconds: int) -> str | None:
        """Give a URL that anybody may GET for so long, None where the store itself serves none."""
        ...


@dataclass(frozen=True)
class S3Location:
    """A prefix of a bucket. Keys that are None come from the environment (`AWS_ACCESS_KEY_ID` …)."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"S3Location(bucket={self.bucket!r}, prefix={self.prefix!r}, endpoint={self.endpoint!r})"

    @classmethod
    def from_url(cls, url: str) -> S3Location:
        """Read ``s3://bucket/prefix?endpoint=http://host:port&region=name``. Raises UsageError."""
        try:
            parts = urlsplit(url)
            options = dict(parse_qsl(parts.query, keep_blank_values=True))
            server = urlsplit(options.get("endpoint", "https://s3"))
        except ValueError:
            raise UsageError("The storage URL is none; write s3://BUCKET/PREFIX?endpoint=URL&region=NAME.") from None
        if any(place.username is not None or place.password is not None for place in (parts, server)):
            raise UsageError("The storage URL holds credentials; give them in AWS_ACCESS_KEY_ID and its siblings.")
        unknown = sorted(set(options) - {"endpoint", "region"})
        if parts.scheme != "s3" or not parts.netloc or unknown:
            what = f"has the unknown option {unknown[0]!r}" if unknown else "is none of S3"
            raise UsageError(f"The storage URL {what}; write s3://BUCKET/PREFIX?endpoint=URL&region=NAME.")
        if server.scheme not in {"http", "https"} or not server.hostname:
            raise UsageError("The endpoint of the storage URL is no http:// or https:// URL of a server; correct it.")
        prefix = parts.path.strip("/")
        reason = judge_input_path(prefix) if prefix else None
        if reason:
            raise UsageError(f"The prefix of the storage URL {reason}; use plain names.")
        return cls(parts.netloc, prefix, options.get("endpoint"), options.get("region"))


def judged_key(key: str) -> str:
    """Give the key back. Raises ValueError, with the reason, for one that could leave its root."""
    reason = judge_input_path(key)
    if reason:
        raise ValueError(f"the key {key!r} {reason}")
    return key
