"""What the tests of this room share: the existing package, and servers filled from bundles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.environment import EnvironmentMissing, sdk_python
from tests.sdk.existing import ExistingSdk, Family
from tests.server.served import Announced, start

#: Rows of the shared bundle, so many that every list has several pages.
COUNT = 1000
#: Payloads above this size, in bytes, come behind a URL.
INLINE_LIMIT = 200


def pytest_configure(config: pytest.Config) -> None:
    """Make the environment before any test runs: without it there is nothing to run, and no run passes."""
    if "sdk" in config.option.markexpr and not hasattr(config, "workerinput"):
        try:
            sdk_python()
        except EnvironmentMissing as missing:
            raise pytest.UsageError(str(missing)) from None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.sdk)


def payload_of(number: int) -> dict[str, Any]:
    """The payload of a row; every tenth is too large to come with it."""
    boxes = 12 if number % 10 == 0 else 1
    return {"annotations": [{"category": f"c{number % 7}", "bbox": [number, box, 3.5, 4]} for box in range(boxes)]}


#: Payloads by the id of their row; ids have gaps.
PAYLOADS = {3 * number: payload_of(number) for number in range(1, COUNT + 1)}


def write_bundle(folder: Path, payloads: Mapping[int, Any]) -> Path:
    """A bundle of tasks, one with each payload."""
    folder.mkdir(parents=True)
    lines = (json.dumps({"id": key, "data": data, "data_unit": {"id": key + 5}}) for key, data in payloads.items())
    (folder / "tasks.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps({"prefix": folder.name}), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def sdk() -> Iterator[ExistingSdk]:
    """The existing package, with an environment and a process of its own."""
    with ExistingSdk.started(sdk_python()) as started:
        yield started


@pytest.fixture(scope="session")
def backend(sdk: ExistingSdk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Announced]:
    """A server with a thousand rows."""
    bundle = write_bundle(tmp_path_factory.mktemp("bundle") / "thousand", PAYLOADS)
    data = tmp_path_factory.mktemp("served")
    limits = {f"{target}_INLINE_MAX_BYTES": str(INLINE_LIMIT) for target in ("TASK", "ASSIGNMENT", "GROUND_TRUTH")}
    with start("--load", bundle, "--data", data, environment=limits) as served:
        yield served.announced


@pytest.fixture(scope="session")
def idle_backend(sdk: ExistingSdk, checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Announced]:
    """A server without workers, whose jobs wait for ever."""
    bundle = checkout / "fixtures" / "bundles" / "seed_tasks"
    with start("--load", bundle, "--data", tmp_path_factory.mktemp("idle"), "--workers", "0") as served:
        yield served.announced


@pytest.fixture(scope="session")
def v1(sdk: ExistingSdk, backend: Announced) -> Family:
    return sdk.v1(backend)


@pytest.fixture(scope="session")
def v2(sdk: ExistingSdk, backend: Announced) -> Family:
    return sdk.v2(backend)
