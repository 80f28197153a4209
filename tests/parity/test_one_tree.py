"""However a dataset comes about, it is one tree of bytes with one account (product description, promise 3).

Every pair of values of any two dimensions occurs; ``EXPORTKIT_PARITY=full`` takes all combinations.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import product
from pathlib import Path
from typing import Final

import psycopg
import pytest
from tests.parity.backends import PROGRAM, Account, Served, serving
from tests.parity.killing import kill_at_request, kill_once_begun
from tests.parity.pairwise import Case, pairwise
from tests.parity.relay import relaying
from tests.parity.ways import FORMATS, OFFLINE, WAYS, Found, command, found_in, offline, offline_command, run
from tests.services import Bucket

from exportkit.errors import BundleRefused

BUNDLES: Final = Path(__file__).parents[2] / "fixtures" / "bundles"
#: What rows cannot hold: the file and the line that --load names.
REFUSED: Final = {
    "dirty": ("task/part-00001.jsonl", 6),
    "mixed_layouts": ("assignment/part-00002.jsonl.gz", 1),
    "twins_ascending": ("task/part-00001.jsonl", 7),
    "twins_descending": ("task/part-00001.jsonl", 1),
    "twins_one_file": ("tasks.jsonl", 7),
    "twins_parts": ("task/part-00003.jsonl", 4),
    "twins_shuffled": ("task/part-00001.jsonl", 2),
}
DIMENSIONS: Final = {
    "bundle": sorted(path.name for path in BUNDLES.iterdir() if path.name not in REFUSED),
    "way": [*WAYS, *OFFLINE],
    "format": list(FORMATS),
    "target": ["task", "assignment", "ground_truth"],
    "database": ["sqlite", "postgresql"],
    "storage": ["folder", "s3"],
    "course": ["clean", "killed"],
}
#: Requests that a head makes at least: a kill falls among them.
_REQUESTS: Final = 4

pytestmark = pytest.mark.parity


def _cases() -> list[Case]:
    if os.environ.get("EXPORTKIT_PARITY") == "full":
        found = [dict(zip(DIMENSIONS, values, strict=True)) for values in product(*DIMENSIONS.values())]
        asks_nobody = {name: DIMENSIONS[name][0] for name in ("target", "database", "storage")}
        found = [case for case in found if case["way"] not in OFFLINE or case == case | asks_nobody]
    else:
        found = pairwise(DIMENSIONS)
    return sorted(found, key=lambda case: (case["database"], case["storage"], case["bundle"], case["format"]))


class Backends:
    """Four servers, each started when it is first needed, each bundle in a tenant of its own."""

    def __init__(self, folder: Path, opened: ExitStack, postgres: Callable[[], str], s3: Callable[[], Bucket]) -> None:
        self._folder = folder
        self._opened = opened
        self._postgres = postgres
        self._s3 = s3
        self._servers: dict[tuple[str, str], Served] = {}
        self._accounts: dict[tuple[str, str, str], Account] = {}

    def account(self, database: str, storage: str, bundle: str) -> Account:
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
            # This process loads bundles, and so writes to the store itself.
            os.environ.update(environment)
        return serving(self._folder / f"{database}-{storage}", *options, environment=environment)

    def _database(self, name: str) -> str:
        url = self._postgres()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "parity_{name}"')
        return url.rpartition("/")[0] + f"/parity_{name}"


@pytest.fixture(scope="module")
def backends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    before = dict(os.environ)
    with ExitStack() as opened:
        yield Backends(
            tmp_path_factory.mktemp("servers"),
            opened,
            lambda: request.getfixturevalue("postgres_url"),
            lambda: request.getfixturevalue("s3"),
        )
    os.environ.clear()
    os.environ.update(before)


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


def _name(case: Case) -> str:
    return "-".join(case.values())


@pytest.mark.parametrize("case", _cases(), ids=_name)
def test_one_tree(case: Case, backends: Backends, reference: Callable[[str, str], Found], tmp_path: Path) -> None:
    wanted = reference(case["bundle"], case["format"])

    made = _offline(case, tmp_path) if case["way"] in OFFLINE else _acquired(case, backends, tmp_path)

    found = found_in(made)
    assert found.account == wanted.account
    assert found.digest == wanted.digest
    assert not list(made.parent.glob(".*")), "something is left beside the dataset"


def _offline(case: Case, folder: Path) -> Path:
    bundle, fmt = BUNDLES / case["bundle"], FORMATS[case["format"]]
    target = _target_of(bundle)
    if case["course"] == "killed":
        place = {"convert": folder / ".out.exportkit-run", "source": folder / "out/exports/.x.exportkit-run"}
        kill_once_begun(offline_command(case["way"], bundle, target, [fmt], folder / "out"), place[case["way"]])
    return offline(case["way"], bundle, target, [fmt], folder / "out")


def _target_of(bundle: Path) -> str:
    """The target whose rows a bundle holds."""
    held = [name for name in ("assignment", "ground_truth") if list(bundle.glob(f"{name}*"))]
    return held[0] if held else "task"


def _acquired(case: Case, backends: Backends, folder: Path) -> Path:
    account = backends.account(case["database"], case["storage"], case["bundle"])
    way, target, fmt = case["way"], case["target"], FORMATS[case["format"]]
    out = folder / "out"
    if case["course"] == "killed":
        with relaying(backends.server(case["database"], case["storage"]).port) as relay:
            behind = account.through(relay.url)
            words = command(behind, way, target, out, formats=[fmt])
            number = 1 + sum(_name(case).encode()) % _REQUESTS
            assert kill_at_request(relay, number, words, {**behind.environment, **WAYS[way].environment}) == -9
            run(behind, way, target, out, formats=[fmt])
    else:
        run(account, way, target, out, formats=[fmt])
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
