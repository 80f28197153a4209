"""The served description (OpenAPI): what FastAPI finds, completed by what the routes read for themselves."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from exportkit.server.filters import filter_keys
from exportkit.server.tables import LARGEST_KEY
from exportkit.server.targets import Target

__all__ = ["describe", "json_body", "list_parameters"]

_SCHEMES: Final[Mapping[str, Any]] = {
    "AccessTokenAuth": {"type": "apiKey", "in": "header", "name": "Synapse-Access-Token"},
    "TokenAuth": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "OAuthBearerAuth": {"type": "http", "scheme": "bearer"},
    "Tenant": {"type": "apiKey", "in": "header", "name": "Synapse-Tenant"},
}
_CREDENTIALS: Final = ("AccessTokenAuth", "TokenAuth", "OAuthBearerAuth")
#: Paths that ask for no token: a signature does, or nothing is told.
_SIGNED: Final = ("/payloads/", "/files/", "/healthz", "/readyz")
_LIST: Final[Mapping[str, Any]] = {"type": "array", "items": {"type": "string"}}
_NUMBER: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 1, "maximum": 10**9}
_WORD: Final[Mapping[str, Any]] = {"type": "string"}


def describe(app: FastAPI) -> None:
    """Let the application serve its completed description."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            with warnings.catch_warnings():
                # One route for GET and HEAD gives both one name, which is put right afterwards.
                warnings.filterwarnings("ignore", "Duplicate Operation ID")
                found = get_openapi(title=app.title, version=app.version, routes=app.routes)
            app.openapi_schema = _completed(found)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def list_parameters(target: Target, *, paged: Iterable[str] = ()) -> dict[str, Any]:
    """Describe the query of a list: every filter that is applied, and the parameters of paging named in `paged`."""
    order = {"type": "string", "enum": [target.key_name, f"-{target.key_name}"]}
    paging: dict[str, Mapping[str, Any]] = {
        "page": _NUMBER,
        "page_size": _NUMBER,
        "per_page": _NUMBER,
        "pagination": {"type": "string", "enum": ["page", "cursor"]},
        "cursor": _WORD,
        "ordering": order,
        "sort": order,
        "expand": _LIST,
        "fields": _LIST,
        "response_mode": {"type": "string", "enum": ["inline", "presigned"]},
        "after": {"type": "integer", "minimum": -LARGEST_KEY, "maximum": LARGEST_KEY},
    }
    filters = [_parameter(key, _filter_schema(key)) for key in filter_keys(target)]
    return {"parameters": [*(_parameter(name, paging[name]) for name in paged), *filters]}


def json_body(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Describe a body that a route reads for itself."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"content": content, "required": required}}


def _parameter(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": dict(schema)}


def _filter_schema(key: str) -> Mapping[str, Any]:
    number = {"type": "integer", "minimum": -LARGEST_KEY, "maximum": LARGEST_KEY}
    if key in {"ids", "ids_ex"}:
        return {"type": "string", "pattern": "^[0-9]{1,18}(,[0-9]{1,18}){0,20}$"}
    if key.startswith("created"):
        return {"type": "string", "format": "date-time"}
    if key.startswith(("is_", "has_")) or key.endswith("is_discarded"):
        return {"type": "boolean"}
    if key in {"search", "status_label", "status_review"}:
        return {"type": "string", "minLength": 1, "pattern": r"^[^\x00]+$"}
    several = key.endswith(("__in", "_versions")) or key in {"tasks", "users", "assignments"}
    return {"type": "array", "items": number, "minItems": 1, "maxItems": 100} if several else number


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    components["securitySchemes"] = dict(_SCHEMES)
    for name in ("HTTPValidationError", "ValidationError"):
        components.get("schemas", {}).pop(name, None)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = f"{method}_{path.strip('/')}".replace("/", "_").replace("{", "").replace("}", "")
            for status, answer in operation["responses"].items():
                if not status.startswith("2") and "content" in answer:
                    # Refusals are JSON, whatever the answer itself would be.
                    answer["content"] = {"application/json": next(iter(answer["content"].values()))}
            if "HTTPValidationError" in str(operation["responses"].get("422", "")):
                del operation["responses"]["422"]
            if not path.startswith(_SIGNED):
                operation["security"] = [{name: [], "Tenant": []} for name in _CREDENTIALS]
    return document
