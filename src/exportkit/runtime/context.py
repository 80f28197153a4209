"""What a run has around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exportkit.runtime.environment import PluginEnvironment
from exportkit.runtime.log_entry import message_data
from exportkit.runtime.log_level import LogLevel
from exportkit.runtime.logger import BaseLogger
from exportkit.runtime.messages import (
    DEFAULT_LANGUAGE,
    CommonLogMessageCode,
    LocalizedMessage,
    LogMessageCode,
    fill,
    resolve_log_message,
)

__all__ = ["RuntimeContext"]


@dataclass
class RuntimeContext:
    """Handed to every action: where to log, what to read from outside, whom to ask for data."""

    logger: BaseLogger
    env: PluginEnvironment
    job_id: str | None = None
    #: Client of the first interface of the backend; any object with its methods.
    client: Any = None
    v2_client: Any = None
    agent_client: Any = None
    #: Model that training starts from.
    checkpoint: dict[str, Any] | None = None
    #: Language of messages (ISO 639-1); without it that of ``SYNAPSE_LANGUAGE``, then English.
    language: str | None = None

    @property
    def client_v1(self) -> Any:
        return self.client

    @property
    def client_v2(self) -> Any:
        return self.v2_client

    def log(self, event: str, data: dict[str, Any], file: str | None = None, level: LogLevel = LogLevel.INFO) -> None:
        self.logger.log(level, event, data, file)

    def set_progress(self, current: int, total: int, step: str | None = None) -> None:
        """Raises ``ValueError`` unless ``0 <= current <= total`` and ``total > 0``."""
        self.logger.set_progress(current, total, step)

    def report_progress(self, current: int, total: int, step: str | None = None) -> None:
        """Like :meth:`set_progress`, but tolerates a total that grows late, and never raises."""
        self.logger.report_progress(current, total, step)

    def set_metrics(self, value: dict[str, Any], step: str) -> None:
        self.logger.set_metrics(value, step)

    def log_message(
        self,
        message: str | dict[str, str] | LocalizedMessage | LogMessageCode,
        level: LogLevel = LogLevel.INFO,
        *,
        context: str | LogLevel | None = None,
        language: str | None = None,
        step: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Tell the user, in the language of the call, of the context, of ``SYNAPSE_LANGUAGE`` or in English.

        A message code brings its own level and is stored beside its text. ``kwargs`` fill placeholders; a missing
        one stays visible. ``context`` is the older name of ``level``.
        """
        level = LogLevel(level if context is None else context)
        key: str | None = None
        if isinstance(message, LogMessageCode):
            key = message.value
            text, level = resolve_log_message(message, self._language(language), **kwargs)
        elif isinstance(message, LocalizedMessage):
            text = message.format(self._language(language), **kwargs)
        elif isinstance(message, dict):
            text = LocalizedMessage(**message).format(self._language(language), **kwargs)
        else:
            text = fill(str(message), kwargs)
        self.logger.log(level, "message", message_data(text, key), step=step)

    def log_metric(self, category: str, key: str, value: float, **metrics: Any) -> None:
        self.logger.log_metric(category, key, value, **metrics)

    def log_visualization(self, category: str, group: str, index: int, image: str, **meta: Any) -> None:
        self.logger.log_visualization(category, group, index, image, **meta)

    def log_trials(
        self,
        data: dict[str, Any] | None = None,
        *,
        trials: dict[str, Any] | None = None,
        base: list[str] | None = None,
        hyperparameters: list[str] | None = None,
        metrics: list[str] | None = None,
        best_trial: str = "",
    ) -> None:
        self.logger.log_trials(
            data,
            trials=trials,
            base=base,
            hyperparameters=hyperparameters,
            metrics=metrics,
            best_trial=best_trial,
        )

    def log_dev_event(self, message: str, data: dict[str, Any] | None = None) -> None:
        """For the plugin's developer; users of the platform do not see it."""
        self.logger.log(LogLevel.DEBUG, "dev_event", {"message": message, "data": data})

    def end_log(self) -> None:
        """Say that the plugin is done."""
        self.log_message(CommonLogMessageCode.PLUGIN_RUN_COMPLETE)

    def _language(self, chosen: str | None) -> str:
        return chosen or self.language or self.env.get_str("SYNAPSE_LANGUAGE") or DEFAULT_LANGUAGE
