"""What heads ask of a real server, and what plugins see of the items that come."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.parity.backends import Served, serving
from tests.parity.relay import relaying
from tests.parity.ways import WAYS, run
from tests.server.process import Announced

from exportkit.actions.run_plugins import run_plugins
from exportkit.plugins import PluginManager
from exportkit.writing import AcquisitionNeeds

BUNDLE = Path(__file__).parents[2] / "fixtures" / "bundles" / "seed_tasks"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), bundle=BUNDLE) as server:
        yield server


@pytest.fixture
def account(served: Served) -> Announced:
    return served.account


def test_rows_are_streamed_where_the_server_offers_it_and_nobody_says_otherwise(
    served: Served, account: Announced, tmp_path: Path
) -> None:
    with relaying(served.port) as relay:
        outcome = run(
            account.through(relay.url), "stream", "task", tmp_path / "out", save_original_file=False, formats=["csv"]
        )

    assert not outcome.errors
    assert any(request.startswith("GET /v2/tasks/stream/") for request in relay.requests)
    assert not [request for request in relay.requests if "bulk-fetch" in request]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "stream"])
def test_plugins_see_the_same_items_where_originals_stay_where_they_are(
    account: Announced, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(PluginManager, "acquisition_needs", lambda _plugins, _request: AcquisitionNeeds())

    def items_of(chosen: str) -> dict[Any, dict[str, Any]]:
        found: dict[Any, dict[str, Any]] = {}
        monkeypatch.setattr(run_plugins(), "item_hooks", lambda item: found.setdefault(item["id"], item))
        outcome = run(account, chosen, "task", tmp_path / chosen, save_original_file=False, formats=["csv"])
        assert not outcome.errors
        return found

    wanted = items_of("stream")
    assert any("files_manifest" in item for item in wanted.values())
    assert items_of(way) == wanted
