"""Run by the Python that has synapse-sdk: calls its clients, and runs its exports, as it is told line by line.

Each line of standard input is a JSON object ``{"do": name, …}``; each gets one line back, ``{"answer": …}``, or
``{"error": {"type", "status", "text"}}`` for what was raised.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache, reduce
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")


def sdk(module: str) -> Any:
    """A module of the package. By name: the environment in which types are checked does not have it."""
    return importlib.import_module(f"synapse_sdk.{module}")


@cache
def client(family: str, options: str) -> Any:
    """A client of one of the two interfaces."""
    if family == "v1":
        return sdk("clients.backend").BackendClient(**json.loads(options))
    return sdk("clients.backend_v2").BackendClientV2(**json.loads(options), allow_insecure=True)


def call(family: str, options: dict[str, Any], method: str, args: list[Any], keywords: dict[str, Any]) -> Any:
    """Call a method of a client, named by its path from there (``tasks.list``)."""
    found = reduce(getattr, method.split("."), client(family, json.dumps(options)))
    return plain(found(*args, **keywords))


def plain(value: Any) -> Any:
    """Turn an answer into JSON: models by their members, iterators as lists, pairs of rows and count as such."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, (list, tuple, Iterator)):
        return [plain(member) for member in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def convert(module: str, name: str, made_with: dict[str, Any] | None, method: str, keywords: dict[str, Any]) -> Any:
    """Call a function below ``utils``, or with ``made_with`` a method of an instance that is made with it."""
    found = getattr(sdk(f"utils.{module}"), name)
    return plain(found(**keywords) if made_with is None else getattr(found(**made_with), method)(**keywords))


def download(url: str) -> Any:
    """What lies behind a presigned URL, fetched as exports fetch it: without any header."""
    return sdk("utils.file.download").download_json(url)


def items(options: dict[str, Any], target: str, filters: dict[str, Any]) -> Any:
    """What an exporter would get in process: rows of the handler's own list, payloads resolved."""
    handler = sdk("plugins.actions.export.handlers").TargetHandlerFactory.get_handler(target)
    found = client("v1", json.dumps(options))
    handler.validate_filter(dict(filters), found)
    if target != "task":
        filters = {**filters, "expand": "data"}
    rows, count = handler.get_results(found, filters)
    return {"items": plain(handler.get_export_item(rows)), "count": count}


def session(options: dict[str, Any], storage_id: int, purpose: str, write: dict[str, str]) -> Any:
    """Open a storage as exports do, and leave files there."""
    provider = sdk("utils.storage.provider").BackendSessionProvider(client("v1", json.dumps(options)))
    with provider.open(storage_id, purpose=purpose) as opened:
        for path, text in write.items():
            place = opened.path(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return {"provider": opened.provider, "contract_version": opened.contract_version, "expires": opened.expires_at}


def export(
    options: dict[str, Any], v2_options: dict[str, Any], plugin: str, params: dict[str, Any], delegated: bool
) -> Any:
    """Run the export action of a plugin. The release never delegates by itself: its decision is replaced."""
    delegation = sdk("plugins.actions.export.delegation")
    module = sdk("plugins.actions.export.action")
    decide: Callable[..., Any] = delegation.resolve_delegation_decision

    def decided(**facts: Any) -> Any:
        return dataclasses.replace(decide(**facts), delegate=delegated)

    module.resolve_delegation_decision = decided
    context = sdk("plugins.context")
    runtime = context.RuntimeContext(
        logger=sdk("loggers").NoOpLogger(),
        env=context.PluginEnvironment({}),
        client=client("v1", json.dumps(options)),
        v2_client=client("v2", json.dumps(v2_options)),
    )
    if plugin not in sys.path:
        sys.path.insert(0, plugin)
    found = sdk("plugins.discovery").PluginDiscovery.from_path(Path(plugin))
    result = found.get_action_class("export").dispatch(params, runtime)
    return plain(result)


DOINGS: dict[str, Callable[..., Any]] = {
    "call": call,
    "convert": convert,
    "download": download,
    "items": items,
    "session": session,
    "export": export,
}


def main() -> None:
    """Answer until the other side closes its end. What the package prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"answer": DOINGS[asked.pop("do")](**asked)}
        except Exception as error:  # noqa: BLE001 - whatever a client raises is what its caller sees
            status = getattr(error, "status_code", None)
            answer = {"error": {"type": type(error).__name__, "status": status, "text": str(error)}}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
