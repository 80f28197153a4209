"""One action of a plugin, run in this process: configuration, client, context, params, result."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from exportkit.actions.base import BaseAction
from exportkit.actions.base_export import BaseExportAction
from exportkit.actions.export_action import export_action_of
from exportkit.actions.exporter import BaseExporter
from exportkit.actions.format_exporter import FormatExporter
from exportkit.clients import Connection, ExportClient, FolderClient, OfflineClient
from exportkit.compat.alias import synapse_sdk_alias
from exportkit.engines import EngineName
from exportkit.errors import UsageError
from exportkit.running.backend import backend_clients
from exportkit.running.borrowed_process import borrowed_process
from exportkit.running.entry_point import load_entry_point, plugin_on_path
from exportkit.running.plugin_config import CONFIG_NAME, PluginConfig, read_plugin_config
from exportkit.runtime import BaseLogger, NoOpLogger, PluginEnvironment, RuntimeContext, Settings
from exportkit.storage.refusals import shown

__all__ = ["ActionOutcome", "run_action", "run_plugin"]

DEFAULT_OUTPUT = Path("exports")
_PREFIXES = ("SYNAPSE_", "EXPORTKIT_")


class ActionOutcome(msgspec.Struct):
    """What an action returned, and what it says went wrong on the way."""

    result: Any
    #: Texts that steps put into ``context.errors``.
    errors: tuple[str, ...] = ()
    #: Whether items failed, or something is missing from the result.
    is_partial: bool = False


def run_plugin(
    plugin: str | Path | None,
    action: str,
    params: Mapping[str, Any] | BaseModel | None = None,
    *,
    mode: str = "local",
    source: str | Path | None = None,
    output: str | Path = DEFAULT_OUTPUT,
    client: ExportClient | None = None,
    logger: BaseLogger | None = None,
    language: str | None = None,
) -> Any:
    """Run an action and return its own result, as ``exportkit run`` does.

    ``plugin`` is the folder of a ``config.yaml``; None means the built-in action ``export``. ``source`` is a bundle
    that answers in the place of a backend; without it and without a client there is nobody to ask for rows, so that
    only actions with rows of their own run. ``output`` is the folder that every storage then is. What the plugin
    changes in this process is undone afterwards. Raises UsageError for what is wrong with plugin or params, and what
    the action raises.
    """
    if mode != "local":
        raise UsageError(f"The mode {mode!r} needs a backend; in this process an action runs with mode 'local'.")
    given = params.model_dump() if isinstance(params, BaseModel) else dict(params or {})
    folder = Path(plugin) if plugin is not None else None
    return run_action(
        folder,
        action,
        given,
        source=Path(source) if source is not None else None,
        output=Path(output),
        client=client,
        logger=logger,
        language=language,
    ).result


def run_action(
    plugin: Path | None,
    name: str,
    params: Mapping[str, Any],
    *,
    source: Path | None = None,
    output: Path | None = None,
    client: ExportClient | None = None,
    logger: BaseLogger | None = None,
    language: str | None = None,
    strict: bool = False,
    connection: Connection | None = None,
    restart: bool = False,
    cancel_remote: bool = False,
    engine: EngineName = "local",
    ray_address: str | None = None,
) -> ActionOutcome:
    """As :func:`run_plugin`, with what the action reports beside its result.

    ``connection`` names a backend in the place of a bundle. With ``restart`` an unfinished run is forgotten instead of
    continued, and with ``cancel_remote`` an interrupt ends the jobs of the server, too.
    Datasets of registered formats are written by the ``engine``, as :class:`ConversionRequest` says.
    """
    logger = logger or NoOpLogger()
    here = Path.cwd()
    with ExitStack() as opened:
        opened.enter_context(borrowed_process())
        action_class, config, settings = opened.enter_context(_loaded(plugin, name, logger))
        os.chdir(here)  # where relative paths of the user begin, wherever the plugin went while it was imported
        v2_client = None
        if client is None and connection is not None and source is None:
            read = Settings(params, settings).get("export_read_timeout").value
            client, v2_client = opened.enter_context(backend_clients(connection.with_timeouts(read=read), output))
        if client is None:
            folder = output or DEFAULT_OUTPUT
            client = (
                FolderClient(folder)
                if source is None
                else opened.enter_context(OfflineClient(source.absolute(), folder))
            )
        env = PluginEnvironment.merge(
            PluginEnvironment.from_environ(prefixes=_PREFIXES),
            PluginEnvironment(config.env if config else {}),
        )
        context = RuntimeContext(logger=logger, env=env, client=client, v2_client=v2_client, language=language)
        action = _made(action_class, params, context, settings, strict=strict)
        if isinstance(action, BaseExportAction):
            action.restart, action.cancels_remote = restart, cancel_remote
            action.engine, action.ray_address = engine, ray_address
        result = action.run()
    return ActionOutcome(result, *_report(action, result))


@contextmanager
def _loaded(
    plugin: Path | None, name: str, logger: BaseLogger
) -> Iterator[tuple[type[BaseAction[Any]], PluginConfig | None, dict[str, Any]]]:
    """The action's class with the plugin's folder on the import path, and its settings."""
    if plugin is None:
        if name != "export":
            raise UsageError(
                f"There is no built-in action {name[:80]!r}, only 'export'; name the folder of a plugin with --plugin."
            )
        yield export_action_of(FormatExporter), None, {}
        return
    config, warnings = read_plugin_config(plugin)
    for warning in warnings:
        logger.warning(warning)
    if name not in config.actions:
        raise UsageError(
            f"The plugin {config.code!r} has no action {name[:80]!r}; it has: {', '.join(sorted(config.actions))}."
        )
    folder = plugin if plugin.is_dir() else plugin.parent
    chosen = config.actions[name]
    with synapse_sdk_alias(), plugin_on_path(folder):
        found = load_entry_point(chosen.entrypoint, f"{shown(folder / CONFIG_NAME)}, actions.{name}.entrypoint")
        if issubclass(found, BaseExporter):
            found = export_action_of(found, name=name)
        if not issubclass(found, BaseAction):
            raise UsageError(
                f"{shown(folder / CONFIG_NAME)}, actions.{name}.entrypoint: {found.__name__} is neither an action "
                "nor an exporter; derive it from BaseExportAction, ExportAction or BaseExporter."
            )
        if found.action_name is None:
            found.action_name = name
        if found.category is None:
            found.category = config.category
        yield found, config, chosen.config


def _made(
    action_class: type[BaseAction[Any]],
    params: Mapping[str, Any],
    context: RuntimeContext,
    settings: dict[str, Any],
    *,
    strict: bool,
) -> BaseAction[Any]:
    try:
        action = action_class(action_class.validated(params, context, config=settings, strict=strict), context)
    except ValidationError as error:
        mistakes = "; ".join(_mistake(detail) for detail in error.errors())
        raise UsageError(f"The params are wrong: {mistakes}.") from error
    action.config = dict(settings)
    return action


def _mistake(detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    text = "is missing" if detail["type"] == "missing" else str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{key}: {text}" if key else text


def _report(action: BaseAction[Any], result: Any) -> tuple[tuple[str, ...], bool]:
    context = getattr(action, "context", None)
    errors = tuple(str(text) for text in getattr(context, "errors", ()) or ())
    told = result if isinstance(result, Mapping) else {}
    partial = told.get("status") in {"partial", "incomplete"} or bool(told.get("failed_count"))
    return errors, bool(errors) or partial
