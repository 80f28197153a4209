"""Runs the action of a plugin folder against a client, under the alias of the SDK."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from exportkit.actions import BaseExporter, TargetHandlerFactory, export_action_of
from exportkit.compat import synapse_sdk_alias
from exportkit.runtime import BaseLogger, NoOpLogger, PluginEnvironment, RuntimeContext

ACTIONS = Path(__file__).parents[2] / "fixtures" / "actions"
FOLDERS = sorted(path.name for path in ACTIONS.iterdir() if path.is_dir() and (path / "config.yaml").exists())


def params_of(name: str) -> dict[str, Any]:
    """The params that lie beside a plugin."""
    params: dict[str, Any] = json.loads((ACTIONS / name / "params.json").read_text(encoding="utf-8"))
    return params


@contextmanager
def action_class(name: str, action: str = "export") -> Iterator[type[Any]]:
    """The class that the config of a plugin names; its modules and handlers are forgotten afterwards."""
    folder = ACTIONS / name
    config = YAML(typ="safe").load((folder / "config.yaml").read_text(encoding="utf-8"))
    module, _, cls = config["actions"][action]["entrypoint"].replace(":", ".").rpartition(".")
    handlers = dict(TargetHandlerFactory._handlers)
    sys.path.insert(0, str(folder))
    try:
        with synapse_sdk_alias():
            found = getattr(importlib.import_module(module), cls)
            yield export_action_of(found) if issubclass(found, BaseExporter) else found
    finally:
        TargetHandlerFactory._handlers.clear()
        TargetHandlerFactory._handlers.update(handlers)
        sys.path.remove(str(folder))
        for loaded in [loaded for loaded in sys.modules if loaded == "plugin" or loaded.startswith("plugin.")]:
            del sys.modules[loaded]


def run_plugin_folder(
    name: str, client: object, params: Mapping[str, Any] | None = None, logger: BaseLogger | None = None
) -> Any:
    """The result of the plugin's action; ``params`` stand in for single ones of those beside it."""
    context = RuntimeContext(logger=logger or NoOpLogger(), env=PluginEnvironment(), client=client)
    with action_class(name) as cls:
        return cls.dispatch({**params_of(name), **(params or {})}, context)
