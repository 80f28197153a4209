"""What every worker needs: made once by the plan, stored beside the staged output, loaded once per process."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import msgspec

from exportkit.bundles import Part
from exportkit.conversion.splits import SplitRequest
from exportkit.engines.run_paths import dumps, loads
from exportkit.errors import UsageError
from exportkit.normalize import InputOptions
from exportkit.plugins.manager import PluginManager
from exportkit.storage.archive_layouts import SinkName
from exportkit.transforms import Transform
from exportkit.writing import Checker, Fragments, MediaMode, NamingRule, Plan, Writer, WriterOptions
from exportkit.writing.ledger import LossList

__all__ = ["EncodeSetup", "OutputSetup", "SurveySetup", "load_setup", "store_setup"]


class SurveySetup(msgspec.Struct, frozen=True):
    """The same for every survey job of a run."""

    bundle_root: Path
    parts: tuple[Part, ...]
    #: Whether files of the bundle are opened at all.
    probe: bool
    media: MediaMode
    target: str
    input: InputOptions
    strict_json: bool
    validate_full: bool
    rules: tuple[NamingRule, ...]
    plugins: PluginManager
    split: SplitRequest | None = None
    #: What is done to each record after the hooks of plugins.
    transforms: tuple[Transform, ...] = ()
    #: Whether an output asks for the numbers that the source gave its classes.
    class_numbers: bool = False


class OutputSetup(msgspec.Struct, frozen=True):
    """One output as the workers see it."""

    label: str
    writer: type[Writer]
    options: WriterOptions
    owner: str
    checker: type[Checker] | None
    #: Position of the writer's naming rule in ``SurveySetup.rules``.
    rule: int
    stage: Path
    #: Where the dataset will stand when it is published; relative links are made for it.
    final: Path
    plan: Plan
    #: Class names that this format cannot write: name → reason.
    bad_classes: dict[str, str]
    #: Streams that have a place in a file, by key.
    streams: dict[str, Fragments]
    #: What a checker may know of the dataset before its manifest is written.
    provisional: dict[str, Any]
    #: What the dataset's files become: an archive of this kind, or None for files in a folder.
    sink: SinkName | None = None
    #: Folder in which shards leave their parts of the archive.
    fragments: Path | None = None
    #: Format that pictures of other formats are turned into, or None.
    transcodes: str | None = None


class EncodeSetup(msgspec.Struct, frozen=True):
    """The same for every encode job of a run."""

    survey: SurveySetup
    outputs: tuple[OutputSetup, ...]
    loss_list: LossList
    #: Class names outside a fixed list fail their annotations.
    fixed_classes: bool
    #: Every box that stands for a region is measured, not only those of the sample.
    measures_all: bool = False
    #: Folder for attempts at shards, where a shard may be encoded twice; None: the first result is the only one.
    attempts: Path | None = None


_loaded: dict[Path, Any] = {}


def store_setup(path: Path, setup: Any, *, root: Path | None = None, shared: bool = True) -> Path:
    """Store a setup for the workers of this run; this process keeps it as it is, and needs no file if not ``shared``.

    Places below ``root`` are named relative to the setup, so that they may lie elsewhere for a worker.
    Raises UsageError where it holds a function that other processes cannot import.
    """
    if shared:
        try:
            path.write_bytes(dumps(setup, root or path.parent, path.parent))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise UsageError(
                f"A function cannot be handed to other processes ({error}); define it in a module, or use one worker."
            ) from None
    _loaded.clear()
    _loaded[path] = setup
    return path


def load_setup(path: Path) -> Any:
    """The setup stored at ``path``; read once per process.

    The file lies in the run directory (mode 0700) and was written by this very run.
    """
    if path not in _loaded:
        _loaded.clear()
        try:
            _loaded[path] = loads(path.read_bytes(), path.parent)
        except (ImportError, AttributeError) as error:
            raise UsageError(
                f"A worker cannot import what this run uses ({error}); put it into an installed module."
            ) from error
    return _loaded[path]
