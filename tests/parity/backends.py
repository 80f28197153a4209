"""Real servers that exports are run against: ``exportkit serve`` in a process of its own, filled with bundles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Executable, select
from tests.server.process import PROGRAM, Announced, ServerProcess

from exportkit.server.backend import Backend
from exportkit.server.loading import load_bundle
from exportkit.server.principals import grant_token, tenant_account
from exportkit.server.serving import default_storage
from exportkit.server.settings import ServerSettings
from exportkit.server.tables import job, tenant

__all__ = ["PROGRAM", "Served", "serving"]


@dataclass
class Served:
    """A server that answers. `options` and `environment` are what it was started with."""

    data: Path
    options: tuple[str, ...]
    environment: Mapping[str, str]
    #: What was loaded at its start.
    bundle: Path | None
    running: ServerProcess = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it, or start it again; returns once it answers."""
        loaded: list[str | Path] = [] if self.bundle is None else ["--load", self.bundle]
        self.running = ServerProcess.begun("--data", self.data, *self.options, *loaded, environment=self.environment)

    @property
    def account(self) -> Announced:
        """The tenant that its command line names."""
        return self.running.announced

    @property
    def port(self) -> int:
        found = urlsplit(self.account.url).port
        assert found is not None
        return found

    def kill(self) -> None:
        """End it, its workers included, as a power cut would."""
        self.running.kill()

    def jobs(self, account: Announced) -> list[str]:
        """Ids of all jobs that a tenant ever asked for."""
        with self.opened() as backend, backend.database.reading() as connection:
            wanted = (
                select(job.c.id).join(tenant, tenant.c.id == job.c.tenant_id).where(tenant.c.code == account.tenant)
            )
            return list(connection.execute(wanted).scalars())

    def change(self, statement: Executable) -> None:
        """Change its tables behind its back."""
        with self.opened() as backend, backend.database.writing() as connection:
            connection.execute(statement)

    @contextmanager
    def opened(self) -> Iterator[Backend]:
        """Its tables, seen from this process as one of its workers sees them."""
        words = dict(zip(self.options[::2], self.options[1::2], strict=True))
        settings = ServerSettings.from_environment(
            data=str(self.data.resolve()),
            database=words.get("--database") or f"sqlite:///{self.data.resolve() / 'exportkit.db'}",
            storage=words.get("--storage"),
            environment=self.environment,
        )
        with pytest.MonkeyPatch.context() as patched:
            for name, value in self.environment.items():
                patched.setenv(name, value)
            with closing(Backend.open(settings)) as backend:
                yield backend

    def load(self, bundle: Path, code: str | None = None) -> Announced:
        """Fill a tenant of its own with a bundle, while the server runs."""
        code = code or bundle.name
        token = f"syn_token_of_{code}"
        with self.opened() as backend:
            with backend.database.writing() as connection:
                caller = tenant_account(connection, code)
                grant_token(connection, backend.database, caller.account_id, token)
                storage_id = default_storage(connection, backend.settings, caller)
            loaded = load_bundle(backend, caller, bundle)
        return replace(
            self.account,
            token=token,
            tenant=code,
            project_id=loaded.project_id,
            storage_id=storage_id,
            dataset_version_id=loaded.dataset_version_id,
        )


@contextmanager
def serving(
    data: Path, *options: str, bundle: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """A server for the time of the block."""
    served = Served(data, options, environment or {}, bundle)
    try:
        yield served
    finally:
        served.running.stop()
