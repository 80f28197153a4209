"""What an export is asked to do, judged before it begins."""

from __future__ import annotations

import difflib
import warnings
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from exportkit.actions.output_words import judged_name, judged_path
from exportkit.actions.target_factory import TargetHandlerFactory

__all__ = ["KNOBS", "ExportParams"]

#: Keys that may stand at the top level, in extra_params or in the action's configuration.
KNOBS: Final = frozenset(
    {
        *("export_shard_size", "export_shard_max_parallel", "export_disable_sharding"),
        *("export_progress_flush_interval", "export_progress_flush_min_seconds"),
        "export_delegate_poll_activity_based",
        "export_delegate_poll_inactivity_deadline_seconds",
        "export_delegate_poll_wall_clock_ceiling_seconds",
        *("export_page_size", "export_throttle_seconds", "export_page_retries", "export_page_retry_backoff"),
        *("export_read_timeout", "export_async_job_size_threshold", "export_disable_async_delegate"),
        *("bundle_format", "allow_partial_results", "data_expand", "export_acquisition"),
        *("on_error", "max_errors", "export_log_files", "download_workers"),
        # These choose writers.
        *("format", "formats"),
    }
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
        unknown = sorted(set(self.model_extra or {}) - KNOBS)
        if not unknown:
            return self
        known = [*type(self).model_fields, *KNOBS]
        message = " ".join(_sentence(key, known) for key in unknown)
        if (info.context or {}).get("strict"):
            raise ValueError(message)
        warnings.warn(message, UserWarning, stacklevel=2)
        return self


def _client_of(info: ValidationInfo) -> Any:
    context = info.context if isinstance(info.context, dict) else {}
    action = context.get("action")
    client = getattr(action, "client", None) if action is not None else None
    return client if client is not None else context.get("client")


def _sentence(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    hint = f" did you mean {close[0]!r}?" if close else " parameters of your own belong into extra_params."
    return f"The parameter {key!r} is not known;{hint}"
