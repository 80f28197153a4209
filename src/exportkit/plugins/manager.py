"""The plugins of this process: found, judged, and asked by the rest of exportkit."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, Literal

from exportkit.errors import UsageError
from exportkit.normalize import Normalizer
from exportkit.plugins.admission import ROLES, Admission, Refusal, admit, registrar
from exportkit.plugins.chains import Announcement, Chain, HookFault, Inquiry
from exportkit.plugins.discovery import Blocking, Candidate, canonical, installed
from exportkit.plugins.registry import CheckerEntry, Entry, Registry, WriterEntry
from exportkit.records import Record, quoted
from exportkit.writing import AcquisitionNeeds, AcquisitionRequest, Checker, Writer

__all__ = ["Plugin", "PluginManager", "Status"]

#: Name of the plugin that the core itself brings.
_BUILTINS = "exportkit:builtins"

Status = Literal["loaded", "broken", "blocked"]


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin and what became of it."""

    name: str
    distribution: str
    version: str
    entry_point: str
    status: Status
    #: Why it is not loaded, as the second half of a sentence that begins with its name; empty when it is loaded.
    reason: str = ""
    #: Version of the plugin interface that it states; 0 where it is not known.
    api_version: int = 0
    #: Registered names by role.
    registers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Hooks other than registration that it implements.
    hooks: tuple[str, ...] = ()


class PluginManager:
    """All plugins, in the order of (distribution, entry-point name), which no file system or import order changes.

    Make one with :meth:`load`. A pickled manager loads the same plugins again where it is unpickled, and
    refuses if they are not the same, so a worker process works with what the survey worked with.
    """

    def __init__(self, candidates: Iterable[Candidate], blocking: Blocking | None = None) -> None:
        """Load exactly these candidates. Nothing that a plugin does on the way raises."""
        self._blocking = blocking or Blocking()
        self._hooks = registrar()
        self._entries: dict[str, list[Entry[Any]]] = {role: [] for role in ROLES}
        ordered = sorted(candidates, key=lambda candidate: candidate.order)
        self._plugins, admissions = [], []
        for candidate in ordered:
            plugin, admission = self._settled(candidate)
            self._plugins.append(plugin)
            if admission is not None:
                admissions.append((candidate.name, admission.plugin))
        # pluggy asks the latest first.
        for name, plugin_object in reversed(admissions):
            self._hooks.register(plugin_object, name)

    @classmethod
    def load(cls, block: Iterable[str] = (), environ: Mapping[str, str] | None = None) -> PluginManager:
        """Load everything that is installed but what is blocked.

        ``block`` holds names of plugins: ``distribution:name`` or a plain entry-point name; those in the
        environment variable ``EXPORTKIT_BLOCK_PLUGINS`` are added.
        """
        return cls([*_builtins(), *installed()], Blocking.of(block, os.environ if environ is None else environ))

    def __reduce__(self) -> tuple[Any, ...]:
        return _reloaded, (self._blocking.names, self.identity)

    @property
    def identity(self) -> tuple[tuple[str, str], ...]:
        """(name, version) of each loaded plugin: what must be equal for two processes to give the same bytes."""
        return tuple((plugin.name, plugin.version) for plugin in self._plugins if plugin.status == "loaded")

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """Every plugin: loaded, broken or blocked."""
        return tuple(self._plugins)

    @property
    def problems(self) -> list[str]:
        """One sentence for each broken plugin, and for each name of the block list that blocks nothing."""
        broken = [
            f"The plugin {plugin.name} is not loaded: it {plugin.reason}."
            for plugin in self._plugins
            if plugin.status == "broken"
        ]
        present = {name for plugin in self._plugins for name in (plugin.name, plugin.entry_point)}
        idle = [
            f"No plugin is called {quoted(name)}, so nothing is blocked by that name."
            for name in self._blocking.names
            if name not in present
        ]
        return broken + idle

    # -- what is registered ----------------------------------------------------------------------------

    def writers(self) -> dict[str, list[WriterEntry]]:
        """Writers by name, each with its owners."""
        return self._writers.by_name()

    def writer(self, spec: str) -> WriterEntry:
        """The writer for ``NAME`` or ``NAME@DISTRIBUTION``.

        Raises :class:`~exportkit.errors.UsageError` where there is none (with the likely reason) or several.
        """
        return self._writers.find(spec)

    def checkers(self) -> dict[str, list[CheckerEntry]]:
        """Checkers by the name of their format, each with its owners."""
        return self._checkers.by_name()

    def checker(self, spec: str) -> CheckerEntry:
        """The checker for ``FORMAT`` or ``FORMAT@DISTRIBUTION``; raises as :meth:`writer` does."""
        return self._checkers.find(spec)

    def checker_of(self, writer: WriterEntry) -> CheckerEntry | None:
        """The checker that the owner of a writer brings for it, or None."""
        return self._checkers.owned(writer.name, writer.distribution)

    def normalizers(self) -> dict[str, list[Entry[Normalizer]]]:
        """Normalisers by name, each with its owners."""
        return self._registry("normalizers", "normaliser").by_name()

    def normalizers_in_turn(self) -> tuple[type[Normalizer], ...]:
        """Normalisers in the order in which a payload is offered to them: ours as we registered them, then others."""
        entries = sorted(self._entries["normalizers"], key=lambda entry: entry.plugin != _BUILTINS)
        return tuple(entry.cls for entry in entries)

    def normalizer(self, spec: str) -> Entry[Normalizer]:
        """The normaliser for ``NAME`` or ``NAME@DISTRIBUTION``; raises as :meth:`writer` does."""
        return self._registry("normalizers", "normaliser").find(spec)

    def readers(self) -> dict[str, list[Entry[Any]]]:
        """Readers by name, each with its owners."""
        return self._registry("readers", "reader").by_name()

    def reader(self, spec: str) -> Entry[Any]:
        """The reader for ``NAME`` or ``NAME@DISTRIBUTION``; raises as :meth:`writer` does."""
        return self._registry("readers", "reader").find(spec)

    def targets(self) -> dict[str, list[Entry[Any]]]:
        """Target handlers by name, each with its owners."""
        return self._registry("targets", "target").by_name()

    def target(self, spec: str) -> Entry[Any]:
        """The target handler for ``NAME`` or ``NAME@DISTRIBUTION``; raises as :meth:`writer` does."""
        return self._registry("targets", "target").find(spec)

    # -- hooks; None where nobody implements one -----------------------------------------------------------

    @cached_property
    def plan_hooks(self) -> Inquiry | None:
        """Asks what the chosen writers need before data are acquired."""
        caller = self._hooks.hook.exportkit_plan_acquisition
        return Inquiry(caller) if caller.get_hookimpls() else None

    def acquisition_needs(self, request: AcquisitionRequest) -> AcquisitionNeeds:
        """What all plugins together need of the items of an export.

        An answer is an :class:`~exportkit.writing.AcquisitionNeeds`, or a mapping of its fields to booleans. Raises
        UsageError, naming the plugin, for a hook that raises or answers otherwise.
        """
        try:
            answers = self.plan_hooks(request) if self.plan_hooks is not None else ()
        except HookFault as fault:
            raise UsageError(f"{fault} Report this to its author, or block the plugin.") from fault
        own = AcquisitionNeeds(originals=request.keeps_originals)
        return AcquisitionNeeds.together([own, *(_needs(answer, plugin) for plugin, answer in answers)])

    @cached_property
    def item_hooks(self) -> Chain[dict[str, Any]] | None:
        """Keeps, replaces or drops an acquired item; raises HookFault."""
        caller = self._hooks.hook.exportkit_item_acquired
        return Chain(caller, dict) if caller.get_hookimpls() else None

    @cached_property
    def record_hooks(self) -> Chain[Record] | None:
        """Keeps, replaces or drops a record before it is surveyed and encoded; raises HookFault."""
        caller = self._hooks.hook.exportkit_record_ready
        return Chain(caller, Record) if caller.get_hookimpls() else None

    @cached_property
    def published_hooks(self) -> Announcement | None:
        """Tells that an output is in place; gives the faults instead of raising them."""
        caller = self._hooks.hook.exportkit_dataset_published
        return Announcement(caller) if caller.get_hookimpls() else None

    # -- making ----------------------------------------------------------------------------------------

    def _settled(self, candidate: Candidate) -> tuple[Plugin, Admission | None]:
        owner = (candidate.name, candidate.distribution, candidate.version, candidate.entry_point)
        blocker = self._blocking.match(candidate)
        if blocker is not None:
            return Plugin(*owner, status="blocked", reason=f"is blocked by the name {blocker}"), None
        try:
            admission = admit(candidate)
            self._refuse_second_of_owner(candidate, admission)
        except Refusal as refusal:
            return Plugin(*owner, status="broken", reason=str(refusal)), None
        for role, classes in admission.classes.items():
            self._entries[role] += [
                Entry(cls.name, cls, candidate.distribution, candidate.version, candidate.name) for cls in classes
            ]
        registers = {role: tuple(cls.name for cls in classes) for role, classes in admission.classes.items()}
        return Plugin(*owner, "loaded", "", admission.api_version, registers, admission.hooks), admission

    def _refuse_second_of_owner(self, candidate: Candidate, admission: Admission) -> None:
        for role, classes in admission.classes.items():
            names = {cls.name for cls in classes}
            for entry in self._entries[role]:
                if entry.name in names and canonical(entry.distribution) == canonical(candidate.distribution):
                    raise Refusal(
                        f"registers {role} named '{entry.name}', as {entry.plugin} of its own distribution does"
                    )

    @cached_property
    def _writers(self) -> Registry[Writer]:
        return self._registry("writers", "format")

    @cached_property
    def _checkers(self) -> Registry[Checker]:
        return self._registry("checkers", "checker")

    def _registry(self, role: str, word: str) -> Registry[Any]:
        return Registry(word, self._entries[role], self._why_absent)

    def _why_absent(self, name: str) -> str | None:
        """Why a plugin of that name (plain or with its distribution) gives nothing, if there is such a plugin."""
        for plugin in self._plugins:
            if plugin.status != "loaded" and name in {plugin.name, plugin.entry_point}:
                return f"the plugin {plugin.name} {plugin.reason}"
        return None


def _needs(answer: Any, plugin: str) -> AcquisitionNeeds:
    if isinstance(answer, AcquisitionNeeds):
        return answer
    known = set(AcquisitionNeeds.__dataclass_fields__)
    if isinstance(answer, Mapping) and known.issuperset(answer) and all(type(need) is bool for need in answer.values()):
        return AcquisitionNeeds(**answer)
    raise UsageError(
        f"The hook exportkit_plan_acquisition of the plugin {plugin} must answer with AcquisitionNeeds or None, not "
        f"{type(answer).__name__}; report this to its author, or block the plugin."
    )


def _builtins() -> list[Candidate]:
    from exportkit import __version__

    module = "exportkit.plugins.builtins"
    return [Candidate("exportkit", __version__, "builtins", lambda: import_module(module), module)]


def _reloaded(blocked: tuple[str, ...], identity: tuple[tuple[str, str], ...]) -> PluginManager:
    manager = PluginManager.load(blocked, environ={})
    if manager.identity != identity:
        differing = ", ".join(sorted(f"{name} {version}" for name, version in {*identity} ^ {*manager.identity}))
        raise ImportError(f"This process does not have the plugins of the one that started it: {differing}.")
    return manager
