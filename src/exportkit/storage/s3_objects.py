"""Objects in a bucket of S3, or of a server that speaks like it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from exportkit.errors import RemoteIOError, UsageError
from exportkit.storage.objects import CHUNK_BYTES, ObjectExists, ObjectMissing, S3Location, judged_key
from exportkit.storage.refusals import shown

try:
    import obstore
    from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError
    from obstore.store import S3Store
except ImportError as error:
    raise UsageError("Storages in S3 need an extra; install it with: pip install 'exportkit[s3]'") from error

__all__ = ["S3Objects"]

#: What the store's answers mean to the user, by their kind.
_ADVICE: Final = {
    "Generic": "the store gives no answer that can be used; see that its server can be reached, and run it again",
    "NotFound": "the store answers that there is no such bucket; create it, or correct its name",
    "PermissionDenied": "the store refuses these credentials; give them the right to do so, or use others",
    "Unauthenticated": "the store wants credentials; give them in AWS_ACCESS_KEY_ID and its siblings",
}

#: Up to this size an object is sent in one request, which alone can be made conditional on absence.
_ONE_REQUEST: Final = 128 << 20
_LISTED: Final = 500
#: What tells the kind of an error that has none of its own: S3's codes in answers to a listing, and the place that is
#: asked for credentials where the environment has none.
_SIGNS: Final = {
    "<Code>NoSuchBucket</Code>": "NotFound",
    "<Code>AccessDenied</Code>": "PermissionDenied",
    "<Code>InvalidAccessKeyId</Code>": "PermissionDenied",
    "<Code>SignatureDoesNotMatch</Code>": "PermissionDenied",
    "/latest/api/token": "Unauthenticated",
}


class S3Objects:
    """Everything below one prefix of a bucket. Failed requests are repeated for up to a minute."""

    def __init__(self, place: S3Location) -> None:
        self._place = place
        given: dict[str, Any] = {
            "endpoint": place.endpoint,
            "region": place.region or ("us-east-1" if place.endpoint else None),
            "access_key_id": place.access_key,
            "secret_access_key": place.secret_key,
            "session_token": place.session_token,
        }
        options = {key: value for key, value in given.items() if value is not None}
        plain = (place.endpoint or "").startswith("http://")
        self._store = S3Store(
            place.bucket,
            prefix=place.prefix or None,
            client_options={"allow_http": True} if plain else None,
            retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=60)},
            **options,
        )

    @property
    def location(self) -> str:
        return f"s3://{self._place.bucket}/{self._place.prefix}".rstrip("/")

    @property
    def identity(self) -> str:
        variables = (os.environ.get(name) for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT"))
        server = self._place.endpoint or next(filter(None, variables), "AWS")
        return f"{self.location} at {server}"

    def put(self, key: str, content: bytes | Path, *, if_absent: bool = True) -> None:
        large = isinstance(content, Path) and content.stat().st_size > _ONE_REQUEST
        if large and if_absent and self.size(key) is not None:
            raise ObjectExists(f"{shown(key)} is there already")
        mode: Any = "create" if if_absent and not large else "overwrite"
        with self._refusals("write", key):
            try:
                obstore.put(self._store, judged_key(key), content, mode=mode, use_multipart=large)
            except (AlreadyExistsError, PreconditionError) as error:
                raise ObjectExists(f"{shown(key)} is there already") from error

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if end is not None and end <= start:
            return iter(())
        options: Any = {"range": (start, end)} if end is not None else {"range": {"offset": start}} if start else None
        with self._refusals("read", key):
            try:
                found = obstore.get(self._store, judged_key(key), options=options)
            except (NotFoundError, FileNotFoundError) as error:
                raise ObjectMissing(key) from error
        return self._pieces(key, found)

    def size(self, key: str) -> int | None:
        with self._refusals("read", key):
            try:
                return int(obstore.head(self._store, judged_key(key))["size"])
            except (NotFoundError, FileNotFoundError):
                return None

    def delete_prefix(self, prefix: str) -> None:
        with self._refusals("remove", prefix):
            for batch in obstore.list(self._store, prefix=judged_key(prefix), chunk_size=_LISTED):
                paths = [found["path"] for found in batch]
                if paths:
                    obstore.delete(self._store, paths)
            # A listing gives what lies below the prefix, not the object of that very name.
            with suppress(NotFoundError, FileNotFoundError):
                obstore.delete(self._store, judged_key(prefix))

    def presign(self, key: str, seconds: int) -> str | None:
        with self._refusals("sign", key):
            return obstore.sign(self._store, "GET", judged_key(key), timedelta(seconds=seconds))

    def _pieces(self, key: str, found: Any) -> Iterator[bytes]:
        with self._refusals("read", key):
            for piece in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(piece)

    @contextmanager
    def _refusals(self, doing: str, key: str) -> Iterator[None]:
        """Turn what the store raises into one sentence without its URLs, which may carry signatures."""
        try:
            yield
        except BaseError as error:
            kind = _kind_of(error)
            advice = _ADVICE.get(kind, f"the store answers {kind}; try again later")
            raise RemoteIOError(f"Cannot {doing} {shown(key)} in {self.location}: {advice}.") from error


def _kind_of(error: BaseError) -> str:
    text = str(error)
    named = (kind for sign, kind in _SIGNS.items() if sign in text)
    return next(named, type(error).__name__.removesuffix("Error"))
