"""What an export is asked to do, judged before it begins."""

from __future__ import annotations

import warnings
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from exportkit.actions.output_words import judged_name, judged_path
from exportkit.actions.target_factory import TargetHandlerFactory
from exportkit.runtime import Settings, unknown_keys

__all__ = ["EXPORT_KEYS", "ExportParams"]

#: Keys that exports read beside the knobs of the runtime; `format` and `formats` choose writers.
EXPORT_KEYS: Final = (
    "on_error",
    "max_errors",
    "export_log_files",
    "format",
    "formats",
)
#: Arguments of an exporter that no parameter may stand in for.
_RESERVED: Final = frozenset({"self", "ctx", "export_items", "path_root"})


class ExportParams(BaseModel):
    """Parameters of every :class:`~exportkit.actions.ExportAction`; plugins add fields in a subclass.

    With a client in the validation context (``action.client`` or ``client``) storage and filter are held against the
    backend. An unknown key at the top level is a warning that names it, and an error where the context says
    ``strict``.
    """

    model_config = ConfigDict(extra="allow")

    name: str
    description: str | None = None
    storage: int
    save_original_file: bool = True
    path: str
    target: str
    filter: dict[str, Any]
    extra_params: dict[str, Any] | None = None
    #: Has no effect.
    async_job_size_threshold: int | None = None
    disable_async_delegate: bool | None = None

    @field_validator("name")
    @classmethod
    def _name_is_safe(cls, value: str) -> str:
        return judged_name(value)

    @field_validator("path")
    @classmethod
    def _path_is_safe(cls, value: str) -> str:
        return judged_path(value)

    @field_validator("target")
    @classmethod
    def _target_exists(cls, value: str) -> str:
        TargetHandlerFactory.get_handler(value)
        return value

    @field_validator("extra_params")
    @classmethod
    def _extra_is_free(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        taken = sorted(_RESERVED & set(value or {}))
        if taken:
            raise ValueError(f"extra_params must not hold {', '.join(taken)}, which every exporter gets.")
        return value

    @field_validator("storage")
    @classmethod
    def check_storage_exists(cls, value: int, info: ValidationInfo) -> int:
        """The backend knows the storage."""
        client = _client_of(info)
        if client is None:
            return value
        try:
            client.get_storage(value)
        except Exception as error:
            raise PydanticCustomError("client_error", "Unable to get storage from Synapse backend.") from error
        return value

    @field_validator("filter")
    @classmethod
    def check_filter_by_target(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """The target's handler takes the filter."""
        client = _client_of(info)
        target = info.data.get("target")
        if client is None or target is None:
            return value
        config = getattr((info.context or {}).get("action"), "config", None)
        checked = TargetHandlerFactory.get_handler(target, config=config).validate_filter(value, client)
        return checked if isinstance(checked, dict) else value

    @model_validator(mode="after")
    def _tell_unknown_keys(self, info: ValidationInfo) -> ExportParams:
        given = {**(self.model_extra or {}), "extra_params": self.extra_params}
        sentences = unknown_keys(given, (*type(self).model_fields, *EXPORT_KEYS), {})
        if not sentences:
            return self
        if (info.context or {}).get("strict"):
            raise ValueError(" ".join(sentences))
        for sentence in sentences:
            warnings.warn(sentence, UserWarning, stacklevel=2)
        return self

    @model_validator(mode="after")
    def _knobs_are_usable(self) -> ExportParams:
        Settings({**(self.model_extra or {}), "extra_params": self.extra_params}, None, {}).all()
        return self


def _client_of(info: ValidationInfo) -> Any:
    context = info.context if isinstance(info.context, dict) else {}
    action = context.get("action")
    client = getattr(action, "client", None) if action is not None else None
    return client if client is not None else context.get("client")
