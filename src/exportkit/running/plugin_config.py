"""A plugin's ``config.yaml`` (wire contract, section 27), with the place of every mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from exportkit.errors import UsageError
from exportkit.runtime import AnnotationCategory, AnnotationTool, DataType, PluginCategory, RunMethod
from exportkit.storage.refusals import shown
from exportkit.storage.yaml_file import YamlFile, read_yaml

__all__ = ["CONFIG_NAME", "ActionConfig", "PluginConfig", "Requirements", "read_plugin_config"]

CONFIG_NAME = "config.yaml"
_VERSION = re.compile(r"\d+\.\d+\.\d+\Z")


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


Text = Annotated[str, AfterValidator(_not_blank)]


class _Section(BaseModel):
    """Unknown keys are kept, and warned about by :func:`read_plugin_config`."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class ActionConfig(_Section):
    """One entry under ``actions``."""

    entrypoint: Text
    description: str = ""
    method: RunMethod | None = None
    input_type: str | None = None
    output_type: str | None = None
    serve_options: dict[str, Any] = Field(default_factory=dict)
    annotation_types: list[AnnotationCategory] = Field(default_factory=list)
    #: The "action config" layer of settings; reaches ``action.config``.
    config: dict[str, Any] = Field(default_factory=dict)


class Requirements(_Section):
    """Version specifiers of what a plugin needs."""

    sdk: str | None = None
    python: str | None = None
    cuda: str | None = None


class PluginConfig(_Section):
    """A whole ``config.yaml``."""

    name: Text
    code: Text
    version: str = "0.1.0"
    variant: str | None = None
    category: PluginCategory = PluginCategory.CUSTOM
    description: str = ""
    readme: str = "README.md"
    package_manager: Literal["pip", "uv"] = "pip"
    package_manager_options: list[str] = Field(default_factory=list)
    wheels_dir: str = "wheels"
    env: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    runtime_env: dict[str, Any] = Field(default_factory=dict)
    data_type: DataType | None = None
    tasks: list[str] = Field(default_factory=list)
    supported_data_types: list[DataType] = Field(
        default_factory=list, validation_alias=AliasChoices("supported_data_types", "supported_data_type")
    )
    supported_annotation_tools: dict[AnnotationCategory, list[AnnotationTool]] = Field(default_factory=dict)
    annotation_category: AnnotationCategory | None = None
    annotation_type: str | None = None
    smart_tool: str | None = None
    requires: Requirements | None = None
    dependencies: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)
    actions: dict[str, ActionConfig] = Field(min_length=1)

    def method_of(self, action: str) -> RunMethod:
        """How an action is run: as it says, else ``job`` for exports and ``task`` for others."""
        default = RunMethod.JOB if self.category is PluginCategory.EXPORT else RunMethod.TASK
        return self.actions[action].method or default


def read_plugin_config(folder: Path) -> tuple[PluginConfig, tuple[str, ...]]:
    """The configuration in a plugin's folder (or in the file itself), and warnings about it.

    Raises UsageError, which names file, line and key of every mistake.
    """
    path = folder / CONFIG_NAME if folder.is_dir() else folder
    if not path.exists():
        raise UsageError(f"There is no {CONFIG_NAME} in {shown(folder)}; name the folder of a plugin with --plugin.")
    file = read_yaml(path, "The configuration")
    if not isinstance(file.value, dict):
        raise UsageError(f"The configuration {shown(path)} must be a map with name, code and actions.")
    try:
        config = PluginConfig.model_validate(_with_texts(file.value))
    except ValidationError as error:
        mistakes = "; ".join(_mistake(file, detail) for detail in error.errors())
        raise UsageError(f"{mistakes}.") from None
    return config, tuple(_warnings(file, config))


def _with_texts(value: dict[Any, Any]) -> dict[Any, Any]:
    """YAML reads ``version: 1.0`` as a number, but a version is text as it was written."""
    version = value.get("version")
    return {**value, "version": str(version)} if isinstance(version, (int, float)) else value


def _mistake(file: YamlFile, detail: Mapping[str, Any]) -> str:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    key = ".".join(str(part) for part in location)
    missing = detail["type"] == "missing"
    words = "is missing" if missing else f"is wrong: {str(detail['msg']).removeprefix('Value error, ').rstrip('.')}"
    return f"{file.place(location)}: the key {key[:120]!r} {words}"


def _warnings(file: YamlFile, config: PluginConfig) -> Iterator[str]:
    if not _VERSION.match(config.version):
        yield f"{file.place(('version',))}: the version {config.version[:40]!r} is not of the form X.Y.Z"
    yield from _unknown(file, config, ())
    if config.requires is not None:
        yield from _unknown(file, config.requires, ("requires",))
    for name, action in config.actions.items():
        yield from _unknown(file, action, ("actions", name))


def _unknown(file: YamlFile, section: _Section, location: tuple[str, ...]) -> Iterator[str]:
    known = [*type(section).model_fields, *({"supported_data_type"} if isinstance(section, PluginConfig) else ())]
    for key in section.model_extra or {}:
        near = get_close_matches(str(key), known, 1)
        hint = f"; did you mean {near[0]!r}" if near else ""
        place = (*location, str(key))
        yield f"{file.place(place)}: the key {'.'.join(place)[:120]!r} is not known{hint}"
