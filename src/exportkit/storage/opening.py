"""Which store is meant: by a folder, by a URL, or by the session of a storage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exportkit.errors import UsageError
from exportkit.storage.folder_objects import FolderObjects
from exportkit.storage.objects import ObjectStore, S3Location

__all__ = ["open_objects", "session_objects"]


def open_objects(place: str | Path) -> ObjectStore:
    """Open a folder, made if need be, or an ``s3://`` URL. Raises UsageError and LocalIOError."""
    if isinstance(place, str) and place.startswith("s3://"):
        from exportkit.storage.s3_objects import S3Objects

        return S3Objects(S3Location.from_url(place))
    return FolderObjects(Path(place))


def session_objects(session: Mapping[str, Any]) -> ObjectStore:
    """Open what a storage session names (wire contract, section 15). Raises UsageError for another provider."""
    provider, configuration = session.get("provider"), session.get("configuration") or {}
    if provider in {"local", "file_system"} and isinstance(configuration.get("location"), str):
        return open_objects(Path(configuration["location"]))
    if provider == "s3" and isinstance(configuration.get("bucket"), str):
        from exportkit.storage.s3_objects import S3Objects

        known = {key: configuration.get(key) for key in ("endpoint", "region", "access_key", "secret_key")}
        location = S3Location(
            configuration["bucket"],
            str(configuration.get("prefix") or "").strip("/"),
            **known,
            session_token=configuration.get("session_token"),
        )
        return S3Objects(location)
    raise UsageError(f"The storage has the provider {provider!r}, which is not local, file_system or s3.")
