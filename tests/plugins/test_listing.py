"""What `exportkit formats` and `exportkit plugins` tell about each plugin."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from pydantic import Field

from exportkit.plugins import PluginManager, hookimpl
from exportkit.plugins.discovery import Blocking, Candidate
from exportkit.plugins.listing import OptionEntry, formats, plugins
from exportkit.records import Record
from exportkit.writing import ActsIn, Encoded, Placement, Writer, WriterOptions


class TintedOptions(WriterOptions):
    """Options of several types."""

    fine: Annotated[bool, ActsIn(shade=("dark",))] = Field(False, description="Whether it is fine.")
    steps: Annotated[int, Field(ge=0, le=9)] | None = None
    shade: Literal["dark", "light"] = Field("dark", description="How dark it is.")
    depth: int
    limit: float | None = None
    tags: frozenset[str] = frozenset({"b", "a"})


class TintedWriter(Writer):
    """A writer with options."""

    name = "tinted"
    summary = "Tints"
    kinds: ClassVar = {"mask": "L_RASTERISED", "box": "written"}
    options_model = TintedOptions

    def encode(self, record: Record, placement: Placement) -> Encoded:
        return Encoded([])


class Tinted:
    """A plugin."""

    exportkit_api_version = 1

    @hookimpl
    def exportkit_register_writers(self) -> list[type[Writer]]:
        return [TintedWriter]

    @hookimpl
    def exportkit_record_ready(self, record: Record) -> None:
        """Keep the record."""


def fail() -> object:
    raise ImportError("no ink")


def loaded(*distributions: str) -> PluginManager:
    candidates = [Candidate(name, "2.0", "tint", Tinted) for name in distributions]
    return PluginManager(
        [*candidates, Candidate("dry", "0.1", "dry", fail), Candidate("out", "3", "out", fail)],
        Blocking(("out",)),
    )


def test_a_format_is_listed_with_owner_kinds_and_options() -> None:
    (entry,) = formats(loaded("ink"))

    assert (entry.name, entry.spec, entry.summary, entry.distribution, entry.version) == (
        "tinted",
        "tinted",
        "Tints",
        "ink",
        "2.0",
    )
    assert list(entry.kinds.items()) == [("box", "written"), ("mask", "L_RASTERISED")]
    assert (entry.media, entry.checked, entry.api_version) == (["image"], False, 1)
    assert entry.options == [
        OptionEntry("fine", "yes|no", False, False, "Whether it is fine.", ["shade=dark"]),
        OptionEntry("steps", "0…9", False, None, "", []),
        OptionEntry("shade", "dark|light", False, "dark", "How dark it is.", []),
        OptionEntry("depth", "whole number", True, None, "", []),
        OptionEntry("limit", "number", False, None, "", []),
        OptionEntry("tags", "text+text+…", False, ["a", "b"], "", []),
    ]


def test_formats_of_one_name_are_listed_with_the_word_that_chooses_them() -> None:
    assert [entry.spec for entry in formats(loaded("ink", "paint"))] == ["tinted@ink", "tinted@paint"]


def test_plugins_are_listed_loaded_broken_and_blocked() -> None:
    rows = {entry.name: (entry.status, entry.reason) for entry in plugins(loaded("ink"))}

    assert rows == {
        "dry:dry": ("broken", "It cannot be imported (ImportError: no ink)."),
        "ink:tint": ("loaded", ""),
        "out:out": ("blocked", "It is blocked by the name out."),
    }


def test_a_loaded_plugin_is_listed_with_what_it_registers_and_hooks() -> None:
    (entry,) = (entry for entry in plugins(loaded("ink")) if entry.status == "loaded")

    assert entry.registers == {"writers": ["tinted"]}
    assert entry.hooks == ["exportkit_record_ready"]
    assert entry.api_version == 1


def test_both_lists_are_plain_json() -> None:
    manager = loaded("ink")

    listed = msgspec.json.decode(msgspec.json.encode({"formats": formats(manager), "plugins": plugins(manager)}))

    assert listed["formats"][0]["options"][5] == {
        "name": "tags",
        "type": "text+text+…",
        "required": False,
        "default": ["a", "b"],
        "description": "",
        "acts_in": [],
    }
    assert len(listed["plugins"]) == 3
