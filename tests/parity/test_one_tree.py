"""However a dataset comes about, it is one tree of bytes with one account (product description, promise 3)."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Final

import psycopg
import pytest
from tests.parity import plan
from tests.parity.backends import PROGRAM, Served, serving
from tests.parity.killing import kill_at_request, kill_once_begun
from tests.parity.pairwise import Case
from tests.parity.plan import BUNDLES, REFUSED
from tests.parity.relay import relaying
from tests.parity.ways import FORCED_V1, FORMATS, Found, command, found_in, offline, offline_command, run
from tests.server.process import Announced
from tests.services import Bucket

from exportkit.errors import BundleRefused

#: A kill falls among so many requests, or those that there are.
_REQUESTS: Final = 4

pytestmark = pytest.mark.parity


class Backends:
    """Four servers, each started when it is first needed, each bundle in a tenant of its own."""

    def __init__(self, folder: Path, opened: ExitStack, postgres: Callable[[], str], s3: Callable[[], Bucket]) -> None:
        self._folder = folder
        self._opened = opened
        self._postgres = postgres
        self._s3 = s3
        self._servers: dict[tuple[str, str], Served] = {}
        self._accounts: dict[tuple[str, str, str], Announced] = {}

    def account(self, database: str, storage: str, bundle: str) -> Announced:
        key = (database, storage, bundle)
        if key not in self._accounts:
            self._accounts[key] = self.server(database, storage).load(BUNDLES / bundle)
        return self._accounts[key]

    def server(self, database: str, storage: str) -> Served:
        key = (database, storage)
        if key not in self._servers:
            self._servers[key] = self._opened.enter_context(self._started(*key))
        return self._servers[key]

    def _started(self, database: str, storage: str) -> AbstractContextManager[Served]:
        options: list[str] = []
        if database == "postgresql":
            options += ["--database", self._database(storage)]
        environment = {}
        if storage == "s3":
            bucket = self._s3()
            options += ["--storage", f"s3://{bucket.name}/{database}?endpoint={bucket.endpoint}"]
            environment = dict(bucket.environment)
        return serving(self._folder / f"{database}-{storage}", *options, environment=environment)

    def _database(self, name: str) -> str:
        url = self._postgres()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "parity_{name}"')
        return url.rpartition("/")[0] + f"/parity_{name}"


@pytest.fixture(scope="module")
def backends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    with ExitStack() as opened:
        yield Backends(
            tmp_path_factory.mktemp("servers"),
            opened,
            lambda: request.getfixturevalue("postgres_url"),
            lambda: request.getfixturevalue("s3"),
        )


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Found]:
    """What ``convert`` makes of a bundle in a format, once for all cases."""
    known: dict[tuple[str, str], Found] = {}

    def found(bundle: str, fmt: str) -> Found:
        if (bundle, fmt) not in known:
            out = tmp_path_factory.mktemp("reference") / "out"
            known[bundle, fmt] = found_in(offline("convert", BUNDLES / bundle, "task", [FORMATS[fmt]], out))
        return known[bundle, fmt]

    return found


@pytest.mark.parametrize("case", plan.online(), ids=plan.name_of)
def test_one_tree_from_a_server(
    case: Case, backends: Backends, reference: Callable[[str, str], Found], tmp_path: Path
) -> None:
    assert_one_tree(_acquired(case, backends, tmp_path), reference(case["bundle"], case["format"]))


@pytest.mark.parametrize("case", plan.offline(), ids=plan.name_of)
def test_one_tree_without_a_server(case: Case, reference: Callable[[str, str], Found], tmp_path: Path) -> None:
    assert_one_tree(_offline(case, tmp_path), reference(case["bundle"], case["format"]))


def assert_one_tree(made: Path, wanted: Found) -> None:
    found = found_in(made)
    assert found.account == wanted.account
    assert found.digest == wanted.digest
    assert not list(made.parent.glob(".*")), "something is left beside the dataset"


def _offline(case: Case, folder: Path) -> Path:
    bundle, fmt = BUNDLES / case["bundle"], FORMATS[case["format"]]
    target = _target_of(bundle)
    if case["course"] == "killed":
        place = {"convert": folder / ".out.exportkit-run", "source": folder / "out/exports/.x.exportkit-run"}
        words = offline_command(case["way"], bundle, target, [fmt], folder / "out")
        assert kill_once_begun(words) == -signal.SIGKILL
        assert place[case["way"]].is_dir()
    return offline(case["way"], bundle, target, [fmt], folder / "out")


def _target_of(bundle: Path) -> str:
    """The target whose rows a bundle holds."""
    held = [name for name in ("assignment", "ground_truth") if list(bundle.glob(f"{name}*"))]
    return held[0] if held else "task"


def _acquired(case: Case, backends: Backends, folder: Path) -> Path:
    account = backends.account(case["database"], case["storage"], case["bundle"])
    way, target, fmt = case["way"], case["target"], FORMATS[case["format"]]
    forced = FORCED_V1 if case["interface"] == "v1" else {}
    out = folder / "out"
    if case["course"] == "killed":
        with relaying(backends.server(case["database"], case["storage"]).port) as relay:
            behind = account.through(relay.url)
            words = command(behind, way, target, out, formats=[fmt])
            last = 1 + sum(plan.name_of(case).encode()) % _REQUESTS
            # Some make fewer requests: where there are no rows, nothing is fetched.
            for number in range(last, 0, -1):
                killed = kill_at_request(relay, number, words, {**behind.environment, **forced})
                if killed == -signal.SIGKILL:
                    break
                shutil.rmtree(out)
            assert killed == -signal.SIGKILL
            run(behind, way, target, out, environment=forced, formats=[fmt])
    else:
        run(account, way, target, out, environment=forced, formats=[fmt])
    return out / "exports" / "x"


@pytest.mark.parametrize("bundle", REFUSED)
def test_what_rows_cannot_hold_is_refused_with_file_and_line(bundle: str, backends: Backends) -> None:
    with pytest.raises(BundleRefused) as refused:
        backends.account("sqlite", "folder", bundle)

    assert (refused.value.file, refused.value.line) == REFUSED[bundle]
    assert f"ine {refused.value.line} of " in str(refused.value)


def test_a_server_does_not_start_with_what_rows_cannot_hold(tmp_path: Path) -> None:
    words = ["serve", "--load", str(BUNDLES / "twins_ascending"), "--port", "0", "--json", "--data", str(tmp_path)]

    ended = subprocess.run([*PROGRAM, *words], capture_output=True, text=True, check=False)

    told = json.loads(ended.stdout)["exit_error"]
    assert (ended.returncode, told["file"], told["line"]) == (4, "task/part-00001.jsonl", 7)
