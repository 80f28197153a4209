"""What goes wrong on the way is made good, or told; nothing wrong is ever published."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.parity.backends import Served, serving
from tests.parity.drawn import ROWS
from tests.parity.hostile import ignoring
from tests.parity.killing import finished
from tests.parity.relay import Harm, Relay, relaying
from tests.parity.ways import WAYS, Found, command, found_in, offline
from tests.server.process import Announced

from exportkit.server import tables

pytestmark = pytest.mark.parity

FORMATS = ["coco"]
HERE = ["stream", "bulk", "v1"]
FETCHES = {"bulk": "POST /v2/tasks/bulk-fetch/", "v1": "GET /sdk/tasks/", "stream": "GET /v2/tasks/stream/"}
#: How a row is asked for once more, beside the list.
REISSUES = {
    "bulk": re.compile("POST /v2/tasks/bulk-fetch/"),
    "stream": re.compile("POST /v2/tasks/bulk-fetch/"),
    "v1": re.compile(r"GET /sdk/tasks/\S*[?&]id=\d"),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture(scope="module")
def reference(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return found_in(offline("source", bundle, "task", FORMATS, tmp_path_factory.mktemp("reference")))


@pytest.fixture
def account(served: Served, bundle: Path, request: pytest.FixtureRequest) -> Announced:
    """Rows of this test alone."""
    return served.load(bundle, re.sub(r"\W", "-", request.node.name))


@pytest.fixture
def relay(served: Served) -> Iterator[Relay]:
    with relaying(served.port) as between:
        yield between


def export(account: Announced, way: str, out: Path, **params: Any) -> tuple[int, str, Path]:
    """Run it to its end: exit code, what it said, and where the dataset is."""
    words = command(account, way, "task", out, **{"formats": FORMATS, "export_page_size": 50, **params})
    ended = finished(words, {**account.environment, **WAYS[way].environment})
    return ended.returncode, ended.stderr, out / "exports" / "x"


def tenant_of(served: Served, account: Announced) -> int:
    with served.opened() as backend, backend.database.reading() as connection:
        wanted = select(tables.tenant.c.id).where(tables.tenant.c.code == account.tenant)
        return int(connection.execute(wanted).scalar_one())


def test_rows_deleted_between_list_and_fetch_are_gone_and_the_sums_balance(
    account: Announced, served: Served, relay: Relay, tmp_path: Path
) -> None:
    row, tenant = tables.task, tenant_of(served, account)
    doomed = (7, 70, 300)
    done = threading.Lock()

    def judge(_count: int, request: str) -> Harm:
        with done:
            if request.startswith(FETCHES["bulk"]):
                served.change(tables.assignment.delete().where(tables.assignment.c.tenant_id == tenant))
                served.change(row.delete().where(row.c.tenant_id == tenant, row.c.id.in_(doomed)))
        return "pass"

    relay.judge = judge
    code, err, made = export(account.through(relay.url), "bulk", tmp_path / "out")

    assert code == 0, err
    records = found_in(made).account["exportkit-manifest.json"]["records"]
    assert records == {"listed": ROWS, "written": ROWS - 3, "failed": 0, "gone": 3, "filtered": 0}


@pytest.mark.parametrize("way", HERE)
def test_rows_added_during_the_run_are_not_part_of_it(
    account: Announced, served: Served, relay: Relay, reference: Found, tmp_path: Path, way: str
) -> None:
    row, tenant = tables.task, tenant_of(served, account)
    added: list[int] = []

    def judge(_count: int, request: str) -> Harm:
        # The count and the newest id were asked for before; a list that begins with whole rows has one page by now.
        is_second = sum(asked.startswith(FETCHES[way]) for asked in relay.requests) >= (4 if way == "v1" else 1)
        if request.startswith(FETCHES[way]) and is_second and not added:
            added.append(ROWS + 1)
            columns = [column for column in row.c if column.name != "id"]
            newest = select(*columns).where(row.c.tenant_id == tenant, row.c.id == ROWS)
            with served.opened() as backend, backend.database.writing() as connection:
                values = dict(connection.execute(newest).mappings().one())
                connection.execute(insert(row).values({**values, "id": ROWS + 1}))
        return "pass"

    relay.judge = judge
    code, err, made = export(account.through(relay.url), way, tmp_path / "out")

    assert code == 0, err
    assert added
    assert found_in(made) == reference


@pytest.mark.parametrize("way", [*HERE, "delegated"])
def test_a_backend_that_gives_more_than_was_asked_for_gets_nothing_published(
    account: Announced, served: Served, tmp_path: Path, way: str
) -> None:
    with ignoring(served, "id__lte") as url:
        chosen = {"project": account.project_id, "id__lte": 100}
        code, err, made = export(account.through(url), way, tmp_path / "out", filter=chosen)

    assert code == 4, err
    assert not made.exists()


@pytest.mark.parametrize("way", HERE)
def test_urls_that_expire_are_issued_anew(bundle: Path, reference: Found, tmp_path: Path, way: str) -> None:
    environment = {"EXPORTKIT_SERVER_URL_SECONDS": "1", "EXPORTKIT_SERVER_TASK_INLINE_MAX_BYTES": "0"}
    with (
        serving(tmp_path / "server", bundle=bundle, environment=environment) as served,
        relaying(served.port) as relay,
    ):
        held = threading.Event()
        refused: list[str] = []

        def judge(_count: int, request: str) -> Harm:
            # The first object is held back until its URL is worn out, and every one behind it with it.
            if request.startswith(("GET /payloads/", "GET /files/")) and not held.is_set():
                refused.append(request)
                held.wait(1.5)
                held.set()
            return "pass"

        relay.judge = judge
        code, err, made = export(served.account.through(relay.url), way, tmp_path / "out")

    assert code == 0, err
    assert refused
    # The bulk style asks three times for all rows.
    again = [request for request in relay.requests if REISSUES[way].match(request)]
    assert len(again) > (3 if way == "bulk" else 0)
    assert found_in(made) == reference


@pytest.mark.parametrize("damage", ["truncated", "changed"])
def test_a_damaged_part_of_a_bundle_is_refused(
    account: Announced, served: Served, relay: Relay, tmp_path: Path, damage: str
) -> None:
    harmed: list[Path] = []

    def judge(_count: int, request: str) -> Harm:
        # The bundle is complete by the time its storage is opened for reading.
        if request.startswith("POST /storages/"):
            for part in (served.data / "storage").rglob("part-*.jsonl"):
                if f"/{tenant}/" in str(part):
                    text = part.read_bytes()
                    part.write_bytes(text[:-9] if damage == "truncated" else text.replace(b"class 1", b"class 2"))
                    harmed.append(part)
        return "pass"

    tenant = tenant_of(served, account)
    relay.judge = judge
    code, err, made = export(account.through(relay.url), "delegated", tmp_path / "out")

    assert harmed
    assert code == 4, err
    assert not made.exists()


@pytest.mark.parametrize("harm", ["swallow", "half"])
def test_a_lost_answer_to_the_request_for_a_job_makes_no_second_one(
    account: Announced, served: Served, relay: Relay, reference: Found, tmp_path: Path, harm: Harm
) -> None:
    lost: list[str] = []

    def judge(_count: int, request: str) -> Harm:
        if request.startswith("POST /v2/plugin_exports/") and not lost:
            lost.append(request)
            return harm
        return "pass"

    relay.judge = judge
    code, err, made = export(account.through(relay.url), "delegated", tmp_path / "out")

    assert code == 0, err
    assert lost
    assert len(served.jobs(account)) == 1
    assert found_in(made) == reference


def test_a_shard_that_fails_is_exported_again(
    account: Announced, served: Served, relay: Relay, reference: Found, tmp_path: Path
) -> None:
    failed: list[str] = []
    one_at_a_time = threading.Lock()

    def judge(_count: int, request: str) -> Harm:
        asked = re.fullmatch(r"GET /v2/async_jobs/([0-9a-f-]{36})/(?:\?.*)?", request)
        with one_at_a_time:
            if asked and not failed:
                failed.append(asked[1])
                values = {"status": "FAILED", "error": "the disk of the server is full"}
                served.change(update(tables.job).where(tables.job.c.id == asked[1]).values(values))
        return "pass"

    relay.judge = judge
    code, err, made = export(account.through(relay.url), "sharded", tmp_path / "out", export_shard_size=100)

    assert code == 0, err
    assert failed
    assert "is exported again" in err
    assert len(served.jobs(account)) == 6
    assert found_in(made) == reference


@pytest.mark.parametrize(("retries", "expected"), [(0, 5), (1, 0)])
def test_a_page_is_asked_for_again_as_often_as_the_knob_says(
    account: Announced, relay: Relay, tmp_path: Path, retries: int, expected: int
) -> None:
    lost: list[str] = []

    def judge(_count: int, request: str) -> Harm:
        if "page_size=50" in request and not lost:
            lost.append(request)
            return "cut"
        return "pass"

    relay.judge = judge
    code, err, _ = export(account.through(relay.url), "v1", tmp_path / "out", export_page_retries=retries)

    assert lost
    assert code == expected, err
    assert ("To go on, run: " in err) == (expected == 5)


@pytest.mark.parametrize("way", list(WAYS))
def test_connections_that_break_off_at_random_change_nothing(
    account: Announced, relay: Relay, reference: Found, tmp_path: Path, way: str
) -> None:
    chance = random.Random(way)
    harms: list[Harm] = ["cut", "swallow", "half"]
    done: list[Harm] = []

    def judge(_count: int, request: str) -> Harm:
        if len(done) < 6 and chance.random() < 0.25:
            done.append(chance.choice(harms))
            return done[-1]
        return "pass"

    relay.judge = judge
    more = {"export_shard_size": 100} if way == "sharded" else {}
    code, err, made = export(account.through(relay.url), way, tmp_path / "out", **more)

    assert code == 0, err
    assert done
    found = found_in(made)
    assert found == reference
    assert json.dumps(found.account) == json.dumps(reference.account)
