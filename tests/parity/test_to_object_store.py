"""Exports to a storage in S3: complete with their manifest, never mixed, gone on with after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store
from tests.parity.backends import serving
from tests.parity.killing import disturbed, finished
from tests.parity.relay import Harm, Relay, relaying
from tests.parity.ways import WAYS, Found, command, found_in, offline
from tests.server.process import Announced
from tests.services import Bucket

pytestmark = pytest.mark.parity

ACTIONS = Path(__file__).parents[2] / "fixtures" / "actions"
MANIFEST = "exportkit-manifest.json"


@pytest.fixture(scope="module")
def relay(s3: Bucket) -> Iterator[Relay]:
    """Between the exporter and the store."""
    with relaying(int(s3.endpoint.rpartition(":")[2])) as between:
        yield between


@pytest.fixture(scope="module")
def account(bundle: Path, s3: Bucket, relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Announced]:
    options = ("--storage", f"s3://{s3.name}/to?endpoint={relay.url}")
    folder = tmp_path_factory.mktemp("served")
    with serving(folder, *options, bundle=bundle, environment=s3.environment) as served:
        yield served.account


@pytest.fixture(scope="module")
def reference(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return found_in(offline("source", bundle, "task", ["coco"], tmp_path_factory.mktemp("reference")))


class Shelf:
    """What lies below one path of the storage."""

    def __init__(self, s3: Bucket, account: Announced, path: str) -> None:
        self.store = S3Store(
            s3.name,
            prefix=f"to/storage/1/{path}",
            endpoint=s3.endpoint,
            region="us-east-1",
            access_key_id=s3.access_key,
            secret_access_key=s3.secret_key,
            client_options={"allow_http": True},
        )

    def listed(self) -> list[str]:
        return sorted(found["path"] for batch in obstore.list(self.store) for found in batch)

    def names(self) -> set[str]:
        return {key.split("/")[0] for key in self.listed()}

    def fetched(self, name: str, folder: Path) -> Path:
        for key in self.listed():
            if key.startswith(f"{name}/"):
                place = folder / key
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(bytes(obstore.get(self.store, key).bytes()))
        return folder / name


@pytest.fixture
def path(request: pytest.FixtureRequest) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in request.node.name)


@pytest.fixture
def shelf(s3: Bucket, account: Announced, path: str) -> Shelf:
    return Shelf(s3, account, path)


def words_of(account: Announced, way: str, path: str, **more: Any) -> tuple[list[str], dict[str, str]]:
    return (
        command(account, way, "task", None, formats=["coco"], path=path, **more),
        {**account.environment, **WAYS[way].environment},
    )


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.mark.parametrize("way", ["bulk", "delegated"])
def test_a_dataset_becomes_objects_and_nothing_else(
    account: Announced, shelf: Shelf, state: Path, path: str, way: str, reference: Found, tmp_path: Path
) -> None:
    words, environment = words_of(account, way, path)

    ended = finished(words, environment)

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["output_path"] == f"s3://tests/to/storage/1/{path}/x"
    assert shelf.names() == {"x"}
    assert found_in(shelf.fetched("x", tmp_path)).digest == reference.digest
    assert not [found for found in state.rglob("*") if found.is_file()]


def test_a_name_that_is_taken_gives_way_to_the_next(account: Announced, shelf: Shelf, state: Path, path: str) -> None:
    words, environment = words_of(account, "bulk", path)
    for _ in range(2):
        assert finished(words, environment).returncode == 0

    assert shelf.names() == {"x", "x(1)"}
    assert f"x(1)/{MANIFEST}" in shelf.listed()


def test_a_name_that_another_run_has_claimed_is_left_alone(
    account: Announced, shelf: Shelf, state: Path, path: str
) -> None:
    obstore.put(shelf.store, "x/.exportkit-claim", b"of another machine")
    words, environment = words_of(account, "bulk", path)

    assert finished(words, environment).returncode == 0

    assert [key for key in shelf.listed() if key.startswith("x/")] == ["x/.exportkit-claim"]
    assert f"x(1)/{MANIFEST}" in shelf.listed()


def test_objects_that_belong_to_no_export_are_not_mixed_with_it(
    account: Announced, shelf: Shelf, state: Path, path: str
) -> None:
    obstore.put(shelf.store, "x/annotations/instances_train.json", b"old")
    words, environment = words_of(account, "bulk", path)

    ended = finished(words, environment)

    assert ended.returncode == 2
    assert "belong to no export" in ended.stderr
    assert shelf.listed() == ["x/annotations/instances_train.json"]


@pytest.mark.parametrize("at", ["PUT 1", "PUT 20", "after the manifest"])
def test_killed_while_objects_are_put_it_goes_on(
    account: Announced, relay: Relay, shelf: Shelf, state: Path, path: str, at: str, reference: Found, tmp_path: Path
) -> None:
    words, environment = words_of(account, "bulk", path)
    puts: list[str] = []

    def judge(process: subprocess.Popen[str], _count: int, request: str) -> Harm:
        is_over = any(put.endswith(MANIFEST) for put in puts)
        if request.startswith("PUT ") and f"/{path}/" in request:
            puts.append(request)
        if is_over if at.startswith("after") else f"PUT {len(puts)}" == at:
            process.kill()
            return "cut"
        return "pass"

    assert disturbed(relay, judge, words, environment).returncode == -signal.SIGKILL
    assert (f"x/{MANIFEST}" in shelf.listed()) == at.startswith("after")

    assert finished(words, environment).returncode == 0

    assert shelf.names() == {"x"}
    assert found_in(shelf.fetched("x", tmp_path)).digest == reference.digest


def test_a_template_exporter_writes_objects_too(account: Announced, shelf: Shelf, state: Path, path: str) -> None:
    given = json.loads((ACTIONS / "my_export" / "params.json").read_text()) | account.params("task", path=path)
    words = command(account, "bulk", "task", None, path=path)
    words[words.index("--params") + 1] = json.dumps(given)

    ended = finished([*words, "--plugin", str(ACTIONS / "my_export")], account.environment)

    assert ended.returncode == 3, "pictures that lie nowhere are told"
    assert f"x/{MANIFEST}" in shelf.listed()
    assert len([key for key in shelf.listed() if "/origin_files/" in key]) == 45
