"""Real servers that exports are run against: ``exportkit serve`` in a process of its own, filled with bundles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import Executable, select

from exportkit.clients import Connection
from exportkit.server.backend import Backend
from exportkit.server.loading import load_bundle
from exportkit.server.principals import grant_token, tenant_account
from exportkit.server.serving import _storage
from exportkit.server.settings import ServerSettings
from exportkit.server.tables import job, tenant

__all__ = ["PROGRAM", "Account", "Served", "serving"]

PROGRAM: Final = (sys.executable, "-m", "exportkit")
_FILTERS: Final = {"task": "project", "assignment": "project", "ground_truth": "ground_truth_dataset_version"}


@dataclass(frozen=True)
class Account:
    """One tenant of a server with one loaded bundle: all that a client needs."""

    url: str
    token: str
    tenant: str
    project_id: int
    storage_id: int
    dataset_version_id: int

    @property
    def connection(self) -> Connection:
        return Connection(self.url, SecretStr(self.token), tenant=self.tenant)

    @property
    def environment(self) -> dict[str, str]:
        """For a process of its own."""
        return {
            **os.environ,
            "SYNAPSE_HOST": self.url,
            "SYNAPSE_ACCESS_TOKEN": self.token,
            "SYNAPSE_PLUGIN_RUN_TENANT": self.tenant,
        }

    def params(self, target: str, **more: Any) -> dict[str, Any]:
        """Params of an export of everything."""
        scope = self.dataset_version_id if target == "ground_truth" else self.project_id
        place = {"name": "x", "storage": self.storage_id, "path": "exports"}
        return {**place, "target": target, "filter": {_FILTERS[target]: scope}, **more}

    def through(self, url: str) -> Account:
        """The same behind another address."""
        return replace(self, url=url)


@dataclass
class Served:
    """A running server. `options` and `environment` are what it was started with."""

    data: Path
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    process: subprocess.Popen[str] | None = None
    #: What was loaded at its start.
    bundle: Path | None = None

    def start(self, bundle: Path | None = None, port: int = 0, *words: str) -> Account:
        """Start it, with a bundle loaded; returns once it answers."""
        command = [*PROGRAM, "serve", "--port", str(port), "--json", "--data", str(self.data), *self.options, *words]
        if bundle is not None:
            command += ["--load", str(bundle)]
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, (self.data / "server.log").read_text()[-2000:]
        told = json.loads(line)
        assert "url" in told, line
        self.account, self.bundle = Account(**told), bundle or self.bundle
        return self.account

    @property
    def port(self) -> int:
        assert self.account is not None
        found = urlsplit(self.account.url).port
        assert found is not None
        return found

    def kill(self) -> None:
        """End it, its workers included, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self._gone()

    def stop(self) -> None:
        """End it as Ctrl-C would; a server that then does not end is a failure."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self._gone()
            raise
        self._gone()

    def _gone(self) -> None:
        assert self.process is not None
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def jobs(self, account: Account) -> list[str]:
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
        with closing(Backend.open(settings)) as backend:
            yield backend

    def load(self, bundle: Path, code: str | None = None) -> Account:
        """Fill a tenant of its own with a bundle, while the server runs."""
        assert self.account is not None
        code = code or bundle.name
        token = f"syn_token_of_{code}"
        with self.opened() as backend:
            with backend.database.writing() as connection:
                caller = tenant_account(connection, code)
                grant_token(connection, backend.database, caller.account_id, token)
                storage_id = _storage(connection, backend.settings, caller)
            loaded = load_bundle(backend, caller, bundle)
        return Account(self.account.url, token, code, loaded.project_id, storage_id, loaded.dataset_version_id)


@contextmanager
def serving(
    data: Path, *options: str, bundle: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """A server for the time of the block."""
    served = Served(data, options, environment or {})
    served.start(bundle)
    try:
        yield served
    finally:
        served.stop()
