"""The ways by which a bundle becomes a dataset: both heads in their styles, offline, and by ``convert``."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from tests.server.process import PROGRAM, Announced

from exportkit.cli import main
from exportkit.running.runner import ActionOutcome, run_action
from exportkit.testing import lists_as_data, tree_digest

__all__ = [
    "FORCED_V1",
    "FORMATS",
    "OFFLINE",
    "WAYS",
    "Found",
    "Way",
    "command",
    "found_in",
    "offline",
    "offline_command",
    "run",
]

FORMATS: Final = {
    "coco": "coco",
    "yolo": "yolo:task=segment",
    "voc": "voc",
    "csv": "csv",
}
#: Keys and notices that tell what the source was, beside those of promise 3 of the product description: its target, and
#: whether the bundle had a manifest, as every bundle of a head has.
_OF_THE_SOURCE: Final = frozenset({"source", "target", "N_NO_MANIFEST"})


@dataclass(frozen=True)
class Way:
    """Params and environment that lead an export along one way."""

    params: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


#: Holds exports in process to the first interface, which has pages only.
FORCED_V1: Final = {"SYNAPSE_FORCE_V1_EXPORT": "1"}
_HERE: Final = {"disable_async_delegate": True}
WAYS: Final = {
    #: By a stream, wherever the server offers one.
    "stream": Way(_HERE),
    "bulk": Way({**_HERE, "export_acquisition": "bulk"}),
    "v1": Way(_HERE, FORCED_V1),
    "delegated": Way(),
    "sharded": Way({"export_shard_size": 2}),
}
#: Ways that ask nobody.
OFFLINE: Final = ("source", "convert")


@dataclass(frozen=True)
class Found:
    """What lies in a folder: the digest of its tree, and its account as data."""

    digest: str
    account: Mapping[str, Any]


def found_in(folder: Path) -> Found:
    return Found(tree_digest(folder), _plain(lists_as_data(folder)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items() if key not in _OF_THE_SOURCE}
    if isinstance(value, list):
        return [_plain(part) for part in value if not _is_of_the_source(part)]
    return value


def _is_of_the_source(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("code") in _OF_THE_SOURCE


def run(
    account: Announced,
    way: str,
    target: str,
    output: Path,
    *,
    environment: Mapping[str, str] | None = None,
    **params: Any,
) -> ActionOutcome:
    """Export in this process; the dataset is then ``output/exports/x``."""
    chosen = WAYS[way]
    with pytest.MonkeyPatch.context() as patched, warnings.catch_warnings():
        for name, value in {**chosen.environment, **(environment or {})}.items():
            patched.setenv(name, value)
        warnings.simplefilter("ignore", DeprecationWarning)
        return run_action(
            None,
            "export",
            account.params(target, **{**chosen.params, **params}),
            connection=account.connection,
            output=output,
        )


def command(account: Announced, way: str, target: str, output: Path | None, **params: Any) -> list[str]:
    """The same as a command line."""
    given = json.dumps(account.params(target, **{**WAYS[way].params, **params}))
    words = [*PROGRAM, "run", "export", "--params", given]
    return words if output is None else [*words, "-o", str(output)]


def offline(way: str, bundle: Path, target: str, formats: list[str], output: Path) -> Path:
    """Make a dataset of a bundle in this process without a backend; where it lies."""
    if way == "convert":
        with pytest.raises(SystemExit) as ended:
            main(offline_command(way, bundle, target, formats, output)[len(PROGRAM) :])
        assert ended.value.code in {0, 3}
        return output
    run_action(None, "export", _offline_params(target, formats), source=bundle, output=output)
    return output / "exports" / "x"


def offline_command(way: str, bundle: Path, target: str, formats: list[str], output: Path) -> list[str]:
    """The same as a command line."""
    if way == "convert":
        wanted = [word for text in formats for word in ("--to", text)]
        return [*PROGRAM, "convert", str(bundle), *wanted, "-o", str(output), "--quiet"]
    given = json.dumps(_offline_params(target, formats))
    return [*PROGRAM, "run", "export", "--source", str(bundle), "--params", given, "-o", str(output)]


def _offline_params(target: str, formats: list[str]) -> dict[str, Any]:
    return {"name": "x", "storage": 1, "path": "exports", "target": target, "filter": {}, "formats": formats}
