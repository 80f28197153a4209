"""What every request and every worker may use: database, objects, secret, settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from exportkit.server.database import Database
from exportkit.server.job_news import JobNews
from exportkit.server.principals import Principal
from exportkit.server.rows import ResponseMode, RowWriter
from exportkit.server.settings import ServerSettings
from exportkit.server.signatures import Signer
from exportkit.server.signed_urls import SignedUrls
from exportkit.server.targets import Target
from exportkit.server.token_owners import TokenOwners
from exportkit.storage.objects import ObjectStore
from exportkit.storage.opening import open_objects

__all__ = ["Backend"]


@dataclass
class Backend:
    """One server, or one of its workers."""

    settings: ServerSettings
    database: Database
    signer: Signer
    #: Originals and snapshots.
    objects: ObjectStore
    owners: TokenOwners
    #: Set once the server ends: streams stop.
    ending: Event = field(default_factory=Event)
    #: Called after a job was put into the queue, so that no worker sleeps on.
    wake: Callable[[], None] = field(default=lambda: None)
    #: What this process hears of its workers' jobs.
    news: JobNews = field(default_factory=JobNews)

    @classmethod
    def open(cls, settings: ServerSettings) -> Backend:
        """Open everything that the settings name. Raises UsageError, LocalIOError."""
        signer = Signer.from_file(settings.folder / "secret")
        objects = open_objects(settings.storage or settings.folder / "objects")
        database = Database(settings.database)
        return cls(settings, database, signer, objects, TokenOwners(database))

    def urls(self, tenant_id: int, origin: str) -> SignedUrls:
        """Give the URLs of one answer."""
        return SignedUrls(self.signer, origin, tenant_id, self.objects, self.settings.url_seconds)

    def row_writer(self, target: Target, caller: Principal, origin: str, mode: ResponseMode) -> RowWriter:
        """Give what writes the rows of one answer."""
        return RowWriter(self.urls(caller.tenant_id, origin), mode, self.settings.inline_limit(target.name))

    def stream_writer(self, caller: Principal, origin: str) -> RowWriter:
        """Give what writes lines of a stream, in which payloads stand however large they are."""
        return RowWriter(self.urls(caller.tenant_id, origin), "presigned", sys.maxsize)

    def close(self) -> None:
        self.database.dispose()
