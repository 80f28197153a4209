"""What every action of a plugin is."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, Generic, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from exportkit.runtime import BaseLogger, CommonLogMessageCode, LogLevel, LogMessageCode, PluginCategory, RuntimeContext

__all__ = ["BaseAction", "NoResult", "P", "validate_result"]

P = TypeVar("P", bound=BaseModel)


class NoResult:
    """Stands for a result that no model describes."""


class BaseAction(ABC, Generic[P]):
    """One action: validated params in, a result out. ``P`` is the model of its params.

    A subclass names its params by ``BaseAction[Params]``, or by ``params_model`` in its body, which wins.
    """

    action_name: str | None = None
    category: PluginCategory | None = None
    #: Kinds of data that it takes and gives, for chains of actions.
    input_type: type[Any] | None = None
    output_type: type[Any] | None = None
    params_model: type[P]
    result_model: ClassVar[type[BaseModel | NoResult]] = NoResult

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "params_model" not in cls.__dict__:
            model = _declared_model(cls)
            if model is not None:
                cls.params_model = model

    def __init__(self, params: P, ctx: RuntimeContext) -> None:
        self.params = params
        self.ctx = ctx
        #: ``actions.<name>.config`` of the plugin's config.yaml.
        self.config: dict[str, Any] = {}

    @abstractmethod
    def execute(self) -> Any:
        """Do the work; answers something that JSON can hold."""

    def run(self) -> Any:
        """Called once to run the action; :meth:`execute` unless a subclass knows better."""
        return self.execute()

    @classmethod
    def dispatch(
        cls, params: Mapping[str, Any], ctx: RuntimeContext, *, config: Mapping[str, Any] | None = None
    ) -> Any:
        """Validate params, build the action, run it and compare the result with ``result_model``.

        Validators find the client in their context, as ``client`` and as ``action.client``. Raises pydantic's
        ``ValidationError`` for params that do not fit.
        """
        action = cls(cls.validated(params, ctx, config=config), ctx)
        action.config = dict(config or {})
        return validate_result(action.run(), cls.result_model, ctx.logger)

    @classmethod
    def validated(
        cls,
        params: Mapping[str, Any],
        ctx: RuntimeContext,
        *,
        config: Mapping[str, Any] | None = None,
        strict: bool = False,
    ) -> P:
        """The params as their model; with ``strict`` a key that nothing reads is an error."""
        if not isinstance(getattr(cls, "params_model", None), type):
            raise TypeError(f"{cls.__name__} has no params_model; subclass BaseAction[Params] or set it in the class.")
        action = SimpleNamespace(client=ctx.client, config=dict(config or {}))
        context = {"client": ctx.client, "action": action, "strict": strict}
        return cls.params_model.model_validate(dict(params), context=context)

    @classmethod
    def get_log_message_code_class(cls) -> type[LogMessageCode]:
        """The codes that this kind of action speaks in."""
        return CommonLogMessageCode

    @property
    def logger(self) -> BaseLogger:
        return self.ctx.logger

    def log(self, event: str, data: dict[str, Any], file: str | None = None) -> None:
        self.ctx.log(event, data, file)

    def set_progress(self, current: int, total: int, step: str | None = None, *, category: str | None = None) -> None:
        """Raises ``ValueError`` unless ``0 <= current <= total`` and ``total > 0``.

        ``category`` is the older name of ``step``.
        """
        self.ctx.set_progress(current, total, category if step is None else step)

    def set_metrics(self, value: dict[str, Any], step: str) -> None:
        self.ctx.set_metrics(value, step)

    def log_metric(self, category: str, key: str, value: float, **metrics: Any) -> None:
        self.ctx.log_metric(category, key, value, **metrics)

    def log_visualization(self, category: str, group: str, index: int, image: str, **meta: Any) -> None:
        self.ctx.log_visualization(category, group, index, image, **meta)

    def log_message(
        self,
        message: str | LogMessageCode,
        level: LogLevel = LogLevel.INFO,
        *,
        context: str | LogLevel | None = None,
        **kwargs: Any,
    ) -> None:
        self.ctx.log_message(message, level, context=context, **kwargs)


def validate_result(result: Any, result_model: type[BaseModel | NoResult], logger: Any = None) -> Any:
    """Compare a result with the model that its action declares. Only warns; answers the result as it is."""
    if not issubclass(result_model, BaseModel) or isinstance(result, result_model):
        return result
    log = logger if logger is not None else logging.getLogger(__name__)
    try:
        result_model.model_validate(result)
    except ValidationError as error:
        problems = "; ".join(_problem(detail) for detail in error.errors(include_url=False))
        log.warning(f"The result does not fit {result_model.__name__}: {problems}")
    return result


def _declared_model(cls: type) -> type[Any] | None:
    """The model in ``BaseAction[Model]`` among the bases of ``cls``; None for a type variable or another class."""
    for base in cls.__dict__.get("__orig_bases__", ()):
        origin = get_origin(base)
        if isinstance(origin, type) and issubclass(origin, BaseAction):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, BaseModel):
                    return argument
    return None


def _problem(detail: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    return f"{place}: {detail['msg']}" if place else str(detail["msg"])
