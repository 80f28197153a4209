"""Exporters composed in Python: a source, what is done to its records, and the formats that it becomes."""

from __future__ import annotations

import pickle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import ValidationError

from exportkit.conversion import ConversionRequest, ConversionResult, OutputRequest, convert
from exportkit.conversion.lists import ERRORS
from exportkit.conversion.manifest import equations
from exportkit.conversion.output_words import output_requests, refuse_twins
from exportkit.conversion.splits import SplitBy, SplitRequest
from exportkit.errors import UsageError
from exportkit.normalize import InputOptions, read_skeleton
from exportkit.plugins import PluginManager
from exportkit.transforms import Transform
from exportkit.writing import FormatChoice, Writer
from exportkit.writing.ledger import codes_by_class

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Export"]


class Export(msgspec.Struct, frozen=True):
    """A conversion in the making; every method gives a new one and leaves this one as it is.

    ``Export("bundle").filter(has_people).to(Coco(), Yolo(task="segment")).write("out")`` writes the bytes that
    ``exportkit convert`` writes with the same options, and nothing is read before :meth:`write`.
    """

    #: Folder of a raw bundle, or one ``.jsonl`` file.
    source: str | Path
    transforms: tuple[Transform, ...] = ()
    outputs: tuple[FormatChoice | type[Writer] | str, ...] = ()
    assignment: SplitRequest | None = None
    reading: InputOptions = msgspec.field(default_factory=InputOptions)

    def read(self, **options: Any) -> Export:
        """How the source is to be read: the options after ``--input`` (``group_by=``, ``skeleton=`` …)."""
        skeleton = options.pop("skeleton", None)
        if isinstance(skeleton, (str, Path)):
            skeleton = read_skeleton(Path(skeleton))
        given = {**self.reading.model_dump(exclude_defaults=True, exclude={"skeleton"}), **options}
        try:
            reading = InputOptions.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(f"The input option {first['loc'][0] if first['loc'] else ''!s}: {first['msg']}.") from None
        found = skeleton if skeleton is not None else self.reading.skeleton
        return msgspec.structs.replace(self, reading=reading.model_copy(update={"skeleton": found}))

    def filter(self, *transforms: Transform) -> Export:
        """Keep, change or drop records, in this order: a function of a record that gives a bool, or a new record.

        Annotations that a new record lacks are ``S_FILTERED`` in the account. Functions are called twice for each
        record, in any order, and must depend on it alone; one that other processes cannot import (a lambda) makes the
        run use one process.
        """
        return msgspec.structs.replace(self, transforms=(*self.transforms, *transforms))

    def map(self, *transforms: Transform) -> Export:
        """The same as :meth:`filter`, for functions that give a new record."""
        return self.filter(*transforms)

    def split(self, shares: str, by: SplitBy = "hash", *, seed: int = 0) -> Export:
        """Assign splits: ``"train=0.8,val=0.2"``."""
        return msgspec.structs.replace(self, assignment=SplitRequest.parse(shares, by, seed))

    def split_as(self, file: str | Path) -> Export:
        """Assign splits as an earlier run did, from its ``exportkit-splits.jsonl``."""
        return msgspec.structs.replace(self, assignment=SplitRequest.read(Path(file)))

    def to(self, *outputs: FormatChoice | type[Writer] | str) -> Export:
        """Add formats: ``Coco(ids="source")``, the words after ``--to`` (``"yolo:task=pose"``), or a writer class."""
        return msgspec.structs.replace(self, outputs=(*self.outputs, *outputs))

    def write(self, directory: str | Path, **options: Any) -> ConversionResult:
        """Convert, and publish all outputs in one rename.

        ``options`` are fields of :class:`exportkit.conversion.ConversionRequest` (``media``, ``workers``,
        ``overwrite`` …). Raises the errors of :mod:`exportkit.errors`.
        """
        if not self.outputs:
            raise UsageError("Nothing to write: name at least one format with .to(), for example .to('coco').")
        plugins = PluginManager.load()
        requests = tuple(_request(output, plugins) for output in self.outputs)
        refuse_twins(request.label for request in requests)
        return self._run("write", plugins, requests, Path(directory), options)

    def to_dataframe(self, **options: Any) -> DataFrame:
        """All records as one pandas DataFrame: a row for each annotation, one for each picture without any.

        The columns are those of the long table (docs, "CSV"), typed as in its Parquet twin; nothing is copied or
        published, and what :meth:`to` has named is left aside. ``options`` are as for :meth:`write` (``classes``,
        ``invalid``, ``workers`` …). ``frame.attrs["exportkit"]`` is the account: records, annotations, codes, and the
        errors by record, so that nothing is lost in silence. Raises the errors of :mod:`exportkit.errors`.
        """
        if _PLACE & set(options):
            raise UsageError(f"to_dataframe() has no option {min(_PLACE & set(options))!r}: it publishes nothing.")
        plugins = PluginManager.load()
        entries = (entry for owners in plugins.writers().values() for entry in owners)
        tables = ((entry, entry.cls.table_options) for entry in entries)
        entry, chosen = next(((entry, chosen) for entry, chosen in tables if chosen is not None), (None, None))
        if entry is None or chosen is None:
            raise UsageError("No installed format is a table, so there is no DataFrame; unblock the plugin of csv.")
        wanted = OutputRequest(entry.cls, chosen, entry.distribution, entry.version, entry.name)
        with TemporaryDirectory(prefix="exportkit-") as folder:
            place = Path(folder) / "table"
            result = self._run("to_dataframe", plugins, (wanted,), place, {"media": "none", **options})
            frame: DataFrame = entry.cls.read_table(place)
            errors = [msgspec.json.decode(line) for line in (place / ERRORS).read_bytes().splitlines()]
        counts = result.outputs[0].counts
        frame.attrs["exportkit"] = {**equations(counts), "codes": codes_by_class(counts), "errors": errors}
        return frame

    def _run(
        self,
        asked: str,
        plugins: PluginManager,
        outputs: tuple[OutputRequest, ...],
        directory: Path,
        options: dict[str, Any],
    ) -> ConversionResult:
        unknown = set(options) - set(ConversionRequest.__struct_fields__) | set(options) & _OWN
        if unknown:
            raise UsageError(f"{asked}() has no option {min(unknown)!r}; see ConversionRequest.")
        if options.get("engine", "local") == "local" and not _can_be_shared(self.transforms):
            options["workers"] = 1
        request = ConversionRequest(
            bundle=Path(self.source),
            outputs=outputs,
            directory=directory,
            split=self.assignment,
            transforms=self.transforms,
            input=self.reading,
            **options,
        )
        return convert(request, plugins)


#: Options about a published directory, of which a DataFrame has none.
_PLACE = frozenset({"media", "sink", "overwrite", "keep_old", "dry_run"})
_OWN = frozenset({"bundle", "outputs", "directory", "split", "transforms", "input", "blocked"})


def _request(output: FormatChoice | type[Writer] | str, plugins: PluginManager) -> OutputRequest:
    if isinstance(output, str):
        (request,) = output_requests([output], plugins)
        return request
    if isinstance(output, FormatChoice):
        writer, options, label = output.writer, output.options, output.label
    else:
        writer, options, label = output, output.options_model(), output.name
    entries = [entry for owners in plugins.writers().values() for entry in owners if entry.cls is writer]
    owner, version = (entries[0].distribution, entries[0].version) if entries else (writer.__module__, "")
    return OutputRequest(writer, options, owner, version, label)


def _can_be_shared(transforms: tuple[Transform, ...]) -> bool:
    try:
        pickle.dumps(transforms)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True
