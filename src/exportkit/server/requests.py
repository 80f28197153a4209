"""Bodies of requests: bounded, JSON, of the shape that was asked for."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Depends
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from exportkit.server.refusals import Refusal

__all__ = ["BodyOf", "parsed_body", "validated"]

_Model = TypeVar("_Model", bound=BaseModel)


def parsed_body(body: bytes) -> Any:
    """Read a JSON body; an empty one is an empty object. Raises Refusal 400."""
    if not body.strip():
        return {}
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Refusal(400, "The body is not valid JSON.", field="body") from error


def validated(model: type[_Model], value: object) -> _Model:
    """Read a value of a given shape. Raises Refusal 400, which names the first wrong field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(part for part in first["loc"] if isinstance(part, str)) or "body"
        message = f"The body is wrong at {field}: {first['msg'].removeprefix('Value error, ')}."
        raise Refusal(400, message, field=field) from error


async def _body(request: Request) -> Any:
    return parsed_body(await request.body())


#: A parameter of this type is the JSON of the body.
BodyOf = Annotated[Any, Depends(_body)]
