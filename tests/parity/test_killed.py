"""An export that is killed, and started again by the same command, ends as an undisturbed one.

``EXPORTKIT_SOAK_KILLS`` says how many exports are killed at requests, and how many after a time; without it these are
one along each way, and two.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parity.backends import Served, serving
from tests.parity.killing import disturbed, finished, kill_after, kill_at_request, kill_once_published
from tests.parity.relay import Harm, Relay, relaying
from tests.parity.ways import WAYS, Found, command, found_in, offline
from tests.server.process import Announced

pytestmark = pytest.mark.parity

ROUNDS = int(os.environ.get("EXPORTKIT_SOAK_KILLS", "0"))
#: (way, number): what is drawn depends on both.
DISTURBED = [(list(WAYS)[n % len(WAYS)], n) for n in range(ROUNDS or len(WAYS))]
FORMATS = ["coco", "csv"]
PARAMS: dict[str, Any] = {"formats": FORMATS, "export_page_size": 50}
SHARDS = {"export_shard_size": 100}
#: What may lie beside an export: bundles of the server, and a removed folder whose remover was killed.
LEFT_OVER = {".async_jobs", ".x.exportkit-old"}
#: Jobs of the server for the drawn bundle.
JOBS = {"delegated": 1, "sharded": 5}


@pytest.fixture(scope="module")
def served(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), bundle=bundle) as server:
        yield server


@pytest.fixture(scope="module")
def reference(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    made = tmp_path_factory.mktemp("reference")
    return found_in(offline("source", bundle, "task", FORMATS, made))


@pytest.fixture
def account(served: Served) -> Announced:
    return served.account


@pytest.fixture
def relay(served: Served) -> Iterator[Relay]:
    with relaying(served.port) as between:
        yield between


class Export:
    """One export as a command that can be repeated."""

    def __init__(self, account: Announced, way: str, folder: Path) -> None:
        self.words = command(account, way, "task", folder, **PARAMS, **(SHARDS if way == "sharded" else {}))
        self.environment = {**account.environment, **WAYS[way].environment}
        self.made = folder / "exports" / "x"

    def finish(self, *words: str) -> None:
        ended = finished([*self.words, *words], self.environment)
        assert ended.returncode == 0, ended.stderr

    @property
    def is_over(self) -> bool:
        """Whether everything was done: published, and nothing is left to be gone on with."""
        return self.made.is_dir() and not self.made.with_name(".x.exportkit-run").exists()

    def assert_whole(self, reference: Found) -> None:
        found = found_in(self.made)
        assert found.digest == reference.digest
        assert found.account == reference.account
        assert [path.name for path in self.made.parent.iterdir() if path.name not in LEFT_OVER] == ["x"]


@pytest.mark.parametrize(("way", "number"), DISTURBED)
def test_killed_at_any_request_it_goes_on(
    account: Announced,
    served: Served,
    relay: Relay,
    reference: Found,
    tmp_path: Path,
    way: str,
    number: int,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(number)
    export = Export(account.through(relay.url), way, tmp_path / "out")
    jobs = len(served.jobs(account))

    # The shortest way has five requests, so that the first kill comes before the end.
    codes = [kill_at_request(relay, chance.randrange(1, 5), export.words, export.environment)]
    while codes[-1] != 0 and len(codes) < 3 and not export.is_over:
        codes.append(kill_at_request(relay, chance.randrange(1, 12), export.words, export.environment))
    record_property("kills", codes.count(-signal.SIGKILL))
    assert codes[0] == -signal.SIGKILL
    if codes[-1] != 0 and not export.is_over:
        export.finish()

    export.assert_whole(reference)
    assert len(served.jobs(account)) - jobs == JOBS.get(way, 0)


def test_killed_while_it_splits_it_goes_on_in_ranges_though_it_would_not_split_now(
    account: Announced, relay: Relay, reference: Found, tmp_path: Path
) -> None:
    def judge(process: subprocess.Popen[str], _count: int, request: str) -> Harm:
        if not request.startswith("POST") or "plugin_exports" not in request:
            return "pass"
        # One range is known, and the rows below it are not.
        process.kill()
        return "cut"

    export = Export(account.through(relay.url), "sharded", tmp_path / "out")
    assert disturbed(relay, judge, export.words, export.environment).returncode == -signal.SIGKILL
    whole = command(account.through(relay.url), "sharded", "task", tmp_path / "out", **PARAMS, **SHARDS)
    at = whole.index("--params") + 1
    whole[at] = json.dumps({**json.loads(whole[at]), "export_disable_sharding": True})
    ended = finished(whole, export.environment)

    assert ended.returncode == 0, ended.stderr
    export.assert_whole(reference)


@pytest.mark.parametrize(("way", "number"), DISTURBED[-2:] if not ROUNDS else DISTURBED)
def test_killed_after_any_time_it_goes_on(
    account: Announced,
    served: Served,
    reference: Found,
    tmp_path: Path,
    way: str,
    number: int,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(number)
    export = Export(account, way, tmp_path / "out")
    jobs = len(served.jobs(account))

    code = kill_after(chance.uniform(0.5, 4), export.words, export.environment)
    record_property("kills", int(code == -signal.SIGKILL))
    if code != 0 and not export.is_over:
        export.finish()

    export.assert_whole(reference)
    assert len(served.jobs(account)) - jobs == JOBS.get(way, 0)


def killed_in_the_last_moment(export: Export) -> Path:
    """The folder of an export whose process was killed when it had just published."""
    assert kill_once_published(export.words, export.environment) == -signal.SIGKILL
    assert export.made.with_name(".x.exportkit-run").is_dir()
    return export.made


@pytest.mark.parametrize("way", ["bulk", "delegated"])
def test_killed_when_it_has_just_published_it_publishes_nothing_more(
    account: Announced, reference: Found, tmp_path: Path, way: str
) -> None:
    export = Export(account, way, tmp_path / "out")
    made = killed_in_the_last_moment(export)
    assert found_in(made).digest == reference.digest

    again = finished(export.words, export.environment)

    assert again.returncode == 0, again.stderr
    assert [path.name for path in made.parent.iterdir()] == ["x"]
    assert found_in(made) == reference


def test_what_somebody_changed_since_it_was_published_is_not_replaced(
    account: Announced, reference: Found, tmp_path: Path
) -> None:
    export = Export(account, "bulk", tmp_path / "out")
    made = killed_in_the_last_moment(export)
    (made / "notes.txt").write_text("mine")

    assert finished(export.words, export.environment).returncode == 0

    assert (made / "notes.txt").read_text() == "mine"
    assert found_in(made.with_name("x(1)")) == reference


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("way", ["bulk", "delegated"])
def test_after_a_signal_it_says_how_to_go_on(
    account: Announced, served: Served, relay: Relay, reference: Found, tmp_path: Path, way: str, number: int, code: int
) -> None:
    export = Export(account.through(relay.url), way, tmp_path / "out")
    jobs = len(served.jobs(account))
    at = {"bulk": "POST /v2/tasks/bulk-fetch/", "delegated": "GET /v2/async_jobs/"}[way]
    sent: list[str] = []

    def judge(process: subprocess.Popen[str], _count: int, request: str) -> Harm:
        if request.startswith(at) and not sent:
            sent.append(request)
            process.send_signal(number)
        return "pass"

    ended = disturbed(relay, judge, [*export.words, "--json"], export.environment)

    assert ended.returncode == code, ended.stderr
    failure = json.loads(ended.stdout)["exit_error"]
    assert failure["code"] == code
    assert failure["resume_command"].startswith("exportkit run export --params ")
    assert not export.made.exists()
    export.finish("--resume")
    export.assert_whole(reference)
    assert len(served.jobs(account)) - jobs == JOBS.get(way, 0)


def test_without_json_the_way_on_stands_on_stderr(account: Announced, relay: Relay, tmp_path: Path) -> None:
    export = Export(account.through(relay.url), "bulk", tmp_path / "out")

    def judge(process: subprocess.Popen[str], count: int, _request: str) -> Harm:
        if count == 3:
            process.send_signal(signal.SIGINT)
        return "pass"

    ended = disturbed(relay, judge, export.words, export.environment)

    assert ended.returncode == 130
    assert "To go on, run: exportkit run export --params " in ended.stderr


@pytest.mark.parametrize("way", ["bulk", "delegated"])
def test_restart_forgets_what_an_unfinished_run_has_acquired(
    account: Announced, served: Served, relay: Relay, reference: Found, tmp_path: Path, way: str
) -> None:
    export = Export(account.through(relay.url), way, tmp_path / "out")
    jobs = len(served.jobs(account))
    assert kill_at_request(relay, 6, export.words, export.environment) == -signal.SIGKILL

    export.finish("--restart")

    export.assert_whole(reference)
    assert len(served.jobs(account)) - jobs == 2 * JOBS.get(way, 0)


def test_other_params_do_not_go_on_with_an_unfinished_run(account: Announced, relay: Relay, tmp_path: Path) -> None:
    export = Export(account.through(relay.url), "bulk", tmp_path / "out")
    assert kill_at_request(relay, 5, export.words, export.environment) == -signal.SIGKILL
    other = command(account.through(relay.url), "bulk", "task", tmp_path / "out", **PARAMS | {"formats": ["voc"]})

    ended = finished(other, export.environment)

    assert ended.returncode == 2
    assert "--restart" in ended.stderr
    export.finish()


@pytest.mark.parametrize("way", ["stream", "bulk", "v1", "delegated"])
def test_a_server_killed_and_started_again_changes_nothing(
    bundle: Path, reference: Found, tmp_path: Path, way: str
) -> None:
    with serving(tmp_path / "server", bundle=bundle, environment={"EXPORTKIT_SERVER_LEASE_SECONDS": "2"}) as served:
        with relaying(served.port) as relay:
            export = Export(served.account.through(relay.url), way, tmp_path / "out")
            kills: list[int] = []

            def judge(count: int, _request: str) -> Harm:
                if count >= 5 and not kills:
                    kills.append(count)
                    served.kill()
                    served.start()
                    relay.upstream = served.port
                    return "cut"
                return "pass"

            relay.judge = judge
            codes = [finished(export.words, export.environment).returncode]
            while codes[-1] != 0 and len(codes) < 4:
                assert codes[-1] == 5
                codes.append(finished(export.words, export.environment).returncode)

        assert kills
        export.assert_whole(reference)
        assert len(served.jobs(served.account)) == JOBS.get(way, 0)
