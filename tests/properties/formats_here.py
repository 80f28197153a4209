"""Every writer that is installed, with every word of its options: formats that come later join by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from exportkit.conversion.output_words import output_requests
from exportkit.errors import UsageError
from exportkit.plugins import PluginManager

#: Options that choose what kind of dataset it is; each of their words is tried always.
_MAIN = ("task", "dialect")
#: Words that need a source of a certain kind, and are usage errors elsewhere.
_DEMANDING = {("ids", "source"), ("category_ids", "source")}


def words_of(field: FieldInfo) -> tuple[str, ...]:
    """The values of an option as words, as far as they can be listed."""
    return tuple(_words(field.annotation, field.metadata))


def _words(kind: Any, metadata: list[Any]) -> Iterator[str]:
    if get_origin(kind) is Literal:
        yield from map(str, get_args(kind))
    elif kind is bool:
        yield from ("yes", "no")
    elif kind is int or kind is float:
        yield from ("0", "1", "5")
    elif get_args(kind):
        for inner in get_args(kind):
            yield from _words(inner, metadata)


def options_of(name: str, manager: PluginManager) -> dict[str, tuple[str, ...]]:
    """Each option of a writer that has words, with them."""
    fields = manager.writer(name).cls.options_model.model_fields
    found = {(field.alias or key): words_of(field) for key, field in fields.items()}
    return {
        key: tuple(word for word in words if (key, word) not in _DEMANDING) for key, words in found.items() if words
    }


def is_possible(spec: str, manager: PluginManager) -> bool:
    """Whether the options go together."""
    try:
        output_requests([spec], manager)
    except UsageError:
        return False
    return True


def main_specs(manager: PluginManager) -> list[str]:
    """Every writer with each of its tasks and dialects."""
    found = []
    for name in sorted(manager.writers()):
        words = options_of(name, manager)
        found.append(name)
        for key in _MAIN:
            found += [f"{name}:{key}={word}" for word in words.get(key, ())]
    return [spec for spec in found if is_possible(spec, manager)]


@st.composite
def specs(draw: st.DrawFn, manager: PluginManager, count: int) -> list[str]:
    """So many outputs with options at random, each with a name of its own."""
    mains = main_specs(manager)
    found: list[str] = []
    for place in range(count):
        main = draw(st.sampled_from(mains))
        name, _, rest = main.partition(":")
        words = options_of(name, manager)
        chosen = {
            key: draw(st.sampled_from(words[key])) for key in draw(st.sets(st.sampled_from(sorted(words)), max_size=3))
        }
        given = dict([rest.split("=")]) if rest else {}
        spec = f"{name}:" + ",".join(f"{key}={word}" for key, word in {**chosen, **given}.items())
        found.append(
            f"{spec if is_possible(spec, manager) else main + ('' if rest else ':')},as=o{place}".replace(":,", ":")
        )
    return found


def labelled(mains: list[str]) -> list[str]:
    """Outputs with a folder name each."""
    return [f"{spec}{',' if ':' in spec else ':'}as=o{place}" for place, spec in enumerate(mains)]
