"""Running a server: made ready, filled, announced, and ended cleanly."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import uvicorn
from sqlalchemy import Connection, insert, select

from exportkit.errors import LocalIOError, UsageError
from exportkit.server.app import create_app
from exportkit.server.backend import Backend
from exportkit.server.chaos_rules import ChaosPlan, read_chaos
from exportkit.server.heap import keep_heap_small
from exportkit.server.loading import Loaded, load_bundle
from exportkit.server.principals import Principal, grant_token, tenant_account
from exportkit.server.schema import upgrade
from exportkit.server.settings import ServerSettings
from exportkit.server.supervisor import Supervisor
from exportkit.server.tables import storage
from exportkit.storage.objects import S3Location
from exportkit.storage.refusals import refusals_of

__all__ = ["Announcement", "ServeOptions", "default_storage", "serve"]

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
#: Time that open requests get to end, in seconds; streams end at once.
_GRACE_SECONDS: Final = 5


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says."""

    load: Path | None = None
    target: str | None = None
    host: str = "127.0.0.1"
    port: int = 8800
    data: Path | None = None
    database: str | None = None
    storage: str | None = None
    tenant: str = "local"
    token: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    key: Path | None = None
    hosts: tuple[str, ...] = ()
    workers: int = 1
    chaos: Path | None = None


@dataclass(frozen=True)
class Announcement:
    """Where a server is, and what was loaded; told once it answers."""

    url: str
    token: str = field(repr=False)
    tenant: str
    storage_id: int
    loaded: Loaded | None
    data: Path


def serve(options: ServeOptions, announce: Callable[[Announcement], None]) -> None:
    """Serve until a signal ends it. Raises UsageError, BundleRefused, LocalIOError, RemoteIOError before it begins."""
    _refuse_public(options)
    keep_heap_small()
    chaos = read_chaos(options.chaos) if options.chaos is not None else None
    with _data_folder(options.data) as folder, _listening(options.host, options.port) as listener:
        settings = ServerSettings.from_environment(
            data=str(folder),
            database=options.database or f"sqlite:///{folder / 'exportkit.db'}",
            storage=options.storage,
        )
        backend = Backend.open(settings)
        try:
            upgrade(backend.database)
            prepared = _prepare(backend, options, listener)
            supervisor = Supervisor(backend, options.workers)
            backend.wake = supervisor.wake
            try:
                supervisor.start()
                _run(_config(backend, options, chaos), backend, listener, lambda: announce(prepared))
            finally:
                supervisor.close()
        finally:
            backend.close()


def _refuse_public(options: ServeOptions) -> None:
    if options.host in _LOOPBACK:
        return
    if not (options.certificate and options.key and options.token):
        message = f"The address {options.host} may be reached by others; give --tls-cert, --tls-key and --token-file."
        raise UsageError(message)


def _prepare(backend: Backend, options: ServeOptions, listener: socket.socket) -> Announcement:
    token = options.token or f"syn_{backend.signer.signature('token', options.tenant)}"
    with backend.database.writing() as connection:
        caller = tenant_account(connection, options.tenant)
        grant_token(connection, backend.database, caller.account_id, token)
        storage_id = default_storage(connection, backend.settings, caller)
    loaded = None
    if options.load is not None:
        loaded = load_bundle(backend, caller, options.load, options.target)
        # Connections that have seen all of a large transaction keep an index of its pages in memory.
        backend.database.dispose()
    scheme = "https" if options.certificate else "http"
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"{scheme}://{host}:{listener.getsockname()[1]}"
    return Announcement(url, token, options.tenant, storage_id, loaded, backend.settings.folder)


def default_storage(connection: Connection, settings: ServerSettings, caller: Principal) -> int:
    """Give the storage that exports of a tenant go to, made where it is not there yet."""
    if settings.storage is None:
        folder = settings.folder / "storage" / str(caller.tenant_id)
        with refusals_of("create the folder", folder):
            folder.mkdir(parents=True, exist_ok=True)
        provider, place = "file_system", str(folder)
    else:
        found = S3Location.from_url(settings.storage)
        provider, place = (
            "s3",
            settings.storage.replace(
                f"s3://{found.bucket}/{found.prefix}".rstrip("/"),
                f"s3://{found.bucket}/{found.prefix}".rstrip("/") + f"/storage/{caller.tenant_id}",
                1,
            ),
        )
    wanted = (storage.c.tenant_id == caller.tenant_id, storage.c.place == place)
    known = connection.execute(select(storage.c.id).where(*wanted)).scalar()
    if known is not None:
        return int(known)
    values = {"tenant_id": caller.tenant_id, "name": "default", "provider": provider, "place": place}
    return int(connection.execute(insert(storage).values(values).returning(storage.c.id)).scalar_one())


@contextmanager
def _data_folder(given: Path | None) -> Iterator[Path]:
    """Give the folder of the server's data. One that nobody named is removed again, unless exports lie in it."""
    if given is not None:
        with refusals_of("create the folder", given):
            given.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield given.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="exportkit-serve-")).resolve()
    try:
        yield folder
    finally:
        if not any(path.is_file() for path in (folder / "storage").rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only sockets that are told to be of TCP send what they have at once; others wait 40 ms for more to come.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            reason = f"{error.strerror}; choose another with --port, or --port 0 for any free one"
            raise LocalIOError(f"Cannot listen on port {port} of {host}: {reason}.") from error
        yield listener
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Tells when it answers, and lets streams end as soon as it is asked to."""

    def __init__(self, config: uvicorn.Config, backend: Backend, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._backend = backend
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End streams, wait for the rest; a second signal waits for nothing. Ending so is the usual end."""
        del sig, frame
        self.force_exit = self._backend.ending.is_set()
        self.should_exit = True
        self._backend.ending.set()


def _run(config: uvicorn.Config, backend: Backend, listener: socket.socket, ready: Callable[[], None]) -> None:
    logging.getLogger("uvicorn.error").addFilter(_is_no_traceback)
    _Server(config, backend, ready).run(sockets=[listener])


def _config(backend: Backend, options: ServeOptions, chaos: ChaosPlan | None) -> uvicorn.Config:
    hosts = ("*",) if "*" in options.hosts else (*_LOOPBACK, options.host, *options.hosts)
    return uvicorn.Config(
        create_app(backend, hosts, chaos),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ssl_certfile=_text(options.certificate),
        ssl_keyfile=_text(options.key),
    )


def _is_no_traceback(record: logging.LogRecord) -> bool:
    """Errors were told in one line by the application; the server would tell them again with a traceback."""
    if record.exc_info and not os.environ.get("EXPORTKIT_DEBUG"):
        record.exc_info = None
    return True


def _text(path: Path | None) -> Any:
    return None if path is None else str(path)
