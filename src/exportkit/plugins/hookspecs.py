"""The hooks that a plugin may implement.

A plugin is a module (or an object in one) named by an entry point of the group ``exportkit``::

    [project.entry-points.exportkit]
    lines = "exportkit_lines.plugin"

It states the version of this interface that it was written for in one attribute; without it, version 1::

    exportkit_api_version = 1

and implements hooks as functions marked with :data:`hookimpl`. In a plugin every function whose name begins
with ``exportkit_`` is a hook: an unknown or unmarked one refuses the plugin, since a filter that silently
never runs is worse than a plugin that is missing. A hook of a newer interface may be marked
``@hookimpl(optionalhook=True)``; hook wrappers are not taken.

Arguments are only ever added. Registration hooks return classes, make no instances and do no I/O. Record and
item hooks are pure functions of their argument: they run in any worker, in any order, once for the survey and
once for encoding. Plugins are asked in the order of (distribution, entry-point name), and each sees what the
one before it returned; ``tryfirst`` and ``trylast`` move one to the front or to the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exportkit.normalize import Normalizer
    from exportkit.records import Record
    from exportkit.writing import AcquisitionNeeds, AcquisitionRequest, Checker, Writer

__all__ = ["API_ATTRIBUTE", "API_VERSION", "ENTRY_POINT_GROUP", "hookimpl", "hookspec"]

ENTRY_POINT_GROUP = "exportkit"
#: Version of the plugin interface; a plugin made for a newer one is refused with its reason.
API_VERSION = 1
#: Attribute of a plugin that states the version it was written for, an int; absent means 1.
API_ATTRIBUTE = "exportkit_api_version"

hookspec = pluggy.HookspecMarker(ENTRY_POINT_GROUP)
hookimpl = pluggy.HookimplMarker(ENTRY_POINT_GROUP)


class ExportkitSpec:
    """Hook specifications."""

    @hookspec
    def exportkit_register_writers(self) -> Sequence[type[Writer]]:
        """Writer classes, each with its own ``name``."""
        raise NotImplementedError

    @hookspec
    def exportkit_register_readers(self) -> Sequence[type[Any]]:
        """Reader classes, each with its own ``name``."""
        raise NotImplementedError

    @hookspec
    def exportkit_register_normalizers(self) -> Sequence[type[Normalizer]]:
        """Normaliser classes: payload schema to records. Asked after the built-in ones."""
        raise NotImplementedError

    @hookspec
    def exportkit_register_targets(self) -> Sequence[type[Any]]:
        """Target handler classes, each with its own ``name``."""
        raise NotImplementedError

    @hookspec
    def exportkit_register_checkers(self) -> Sequence[type[Checker]]:
        """Checker classes, one per layout; a writer is checked by the checker of its name and distribution."""
        raise NotImplementedError

    @hookspec
    def exportkit_plan_acquisition(self, request: AcquisitionRequest) -> AcquisitionNeeds | None:
        """What the formats of this plugin need of originals, their content, sizes and classes.

        Asked once a run, before data are acquired; None where nothing of it is among ``request.formats``.
        """
        raise NotImplementedError

    @hookspec
    def exportkit_item_acquired(self, item: dict[str, Any]) -> dict[str, Any] | bool | None:
        """Keep (None or True), replace (a new item) or drop (False) one acquired item before it is stored."""
        raise NotImplementedError

    @hookspec
    def exportkit_record_ready(self, record: Record) -> Record | bool | None:
        """Keep (None or True), replace (a new record) or drop (False) one record before it is surveyed and encoded."""
        raise NotImplementedError

    @hookspec
    def exportkit_dataset_published(self, result: Any) -> None:
        """Called after the output has been renamed into place; an exception is reported and changes nothing."""
        raise NotImplementedError
