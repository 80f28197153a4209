"""The base of every line shape: one definition that serves the fast decoder and pydantic alike."""

from __future__ import annotations

from collections.abc import Callable
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import inspect as described
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = ["Shape", "closed"]

_S = TypeVar("_S", bound="Shape")


class Shape(msgspec.Struct, frozen=True, gc=False):
    """A struct that ``msgspec.json.Decoder`` reads fast and ``pydantic.TypeAdapter`` can explain.

    The pydantic schema is made from the struct's own fields in strict mode (a bool is no int, text is no
    number), so that both accept the same JSON values. Unknown keys are ignored by both. A field of type
    ``msgspec.Raw`` takes any value and keeps its bytes; a field of type ``None`` takes nothing but null:
    it names a key that the fast path leaves to the general way.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return _struct(described.type_info(cls))


def closed(shape: type[_S]) -> type[_S]:
    """The same shape, and the same of every shape within it, with unknown keys refused by the fast decoder.

    A key that takes nothing but null is unknown to it, too; without those keys its structs are smaller and faster.
    """
    fields = [
        (field.name, _closed_type(field.type), field.default)
        for field in msgspec.structs.fields(shape)
        if field.type is not type(None) and field.type is not None
    ]
    made: Any = msgspec.defstruct(
        shape.__name__,
        [(name, kind) if default is msgspec.NODEFAULT else (name, kind, default) for name, kind, default in fields],
        frozen=True,
        gc=False,
        forbid_unknown_fields=True,
    )
    return cast("type[_S]", made)


def _closed_type(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Shape):
        return closed(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {list, dict}:
        return origin[tuple(_closed_type(part) for part in parts)]
    return Union[tuple(_closed_type(part) for part in parts)] if origin in {Union, UnionType} else kind  # noqa: UP007


def _struct(info: Any) -> CoreSchema:
    cls = info.cls
    fields = {
        field.encode_name: core_schema.typed_dict_field(_value(field.type), required=field.required)
        for field in info.fields
    }
    names = {field.encode_name: field.name for field in info.fields}

    def build(found: dict[str, Any]) -> Any:
        return cls(**{names[key]: value for key, value in found.items()})

    return core_schema.no_info_after_validator_function(
        build, core_schema.typed_dict_schema(fields, extra_behavior="ignore", strict=True)
    )


def _keep(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _union(info: Any) -> CoreSchema:
    choices = [_value(choice) for choice in info.types if not isinstance(choice, described.NoneType)]
    schema = choices[0] if len(choices) == 1 else core_schema.union_schema([*choices])
    return schema if len(choices) == len(info.types) else core_schema.nullable_schema(schema)


def _list(info: Any) -> CoreSchema:
    return core_schema.list_schema(_value(info.item_type), strict=True)


def _dict(info: Any) -> CoreSchema:
    return core_schema.dict_schema(_value(info.key_type), _value(info.value_type), strict=True)


def _tuple(info: Any) -> CoreSchema:
    # Not strict: a tuple comes as a JSON array, which is a list when the values are Python objects.
    return core_schema.tuple_schema([_value(item) for item in info.item_types])


_SCHEMAS: dict[type, Callable[[Any], CoreSchema]] = {
    described.StructType: _struct,
    described.UnionType: _union,
    described.ListType: _list,
    described.DictType: _dict,
    described.TupleType: _tuple,
    described.NoneType: lambda _: core_schema.none_schema(),
    described.BoolType: lambda _: core_schema.bool_schema(strict=True),
    described.IntType: lambda info: core_schema.int_schema(strict=True, ge=info.ge, le=info.le),
    described.FloatType: lambda info: core_schema.float_schema(
        strict=True, allow_inf_nan=False, ge=info.ge, le=info.le
    ),
    described.StrType: lambda info: core_schema.str_schema(strict=True, min_length=info.min_length),
    described.RawType: lambda _: core_schema.no_info_plain_validator_function(_keep),
}


def _value(info: Any) -> CoreSchema:
    return _SCHEMAS[type(info)](info)
