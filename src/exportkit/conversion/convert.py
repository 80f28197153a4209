"""One conversion, from the bundle to the published output: survey, plan, encode, assemble, check, publish."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from exportkit.bundles import Bundle
from exportkit.conversion.allowance import judge_account, stop_on_errors
from exportkit.conversion.drift import drift_notices
from exportkit.conversion.encode import EncodeJob, encode_shard
from exportkit.conversion.line_errors import line_errors
from exportkit.conversion.output import Output
from exportkit.conversion.plan_notices import absent_classes, bundle_notices, class_notices, split_notices
from exportkit.conversion.planning import (
    OrderedShard,
    main_skeleton,
    order_shards,
    plan_all_names,
    skeletons_by_class,
    source_numbers,
    split_facts,
)
from exportkit.conversion.publication import is_exportkit_dataset, publish
from exportkit.conversion.repeated import forget_repeated
from exportkit.conversion.request import ConversionRequest
from exportkit.conversion.result import ConversionResult
from exportkit.conversion.setup import EncodeSetup, OutputSetup, SurveySetup, store_setup
from exportkit.conversion.split_list import SPLITS, write_split_list
from exportkit.conversion.storage_rules import judge_link_mode, judge_places
from exportkit.conversion.survey import Survey, run_survey
from exportkit.conversion.transcode import ensure_pillow
from exportkit.conversion.unit_splits import ensure_grouped, settle_splits
from exportkit.engines import Engine, open_engine
from exportkit.errors import ConversionFailed, NothingToExport, UsageError
from exportkit.plugins.manager import PluginManager
from exportkit.plugins.registry import Entry as RegistryEntry
from exportkit.storage.archive_layouts import ARCHIVES
from exportkit.storage.object_note import remove_noted_objects
from exportkit.storage.publish import publish_directory
from exportkit.storage.run_directory import RunDirectory
from exportkit.writing import AcquisitionRequest, Fragments, Plan, Writer
from exportkit.writing.class_files import read_class_list, read_class_lock
from exportkit.writing.class_map import ClassMap, make_class_map
from exportkit.writing.ledger import Counts, Entry

__all__ = ["Advance", "Conversion", "convert"]

#: Called with the stage (``survey``, ``encode``), the bytes of input just done, and all there are.
Advance = Callable[[str, int, int], None]


def convert(
    request: ConversionRequest, plugins: PluginManager, advance: Advance = lambda _stage, _done, _all: None
) -> ConversionResult:
    """Convert one bundle into every output of the request, and publish all of them in one rename.

    Raises the errors of :mod:`exportkit.errors`; whatever happens, the former output is untouched, or the
    new one is complete.
    """
    with Conversion(request, plugins, advance) as conversion:
        conversion.plan()
        conversion.write()
        return conversion.publish()


class Conversion:
    """One run, a context manager: :meth:`plan`, :meth:`write` and :meth:`publish`, each called once, in this order.

    The three are the shared tail of every export (ConvertData, SaveFiles, Finalize). Leaving the block early, or by an
    exception, removes everything that was staged and leaves the former output as it was.
    """

    def __init__(
        self,
        request: ConversionRequest,
        plugins: PluginManager,
        advance: Advance = lambda _stage, _done, _all: None,
        run: RunDirectory | None = None,
    ) -> None:
        """``run`` is a folder for ``request.directory`` that the caller has entered, and leaves when all is done."""
        self._request = request
        self._plugins = plugins
        self._advance = advance
        self._is_guest = run is not None
        self._run = run or RunDirectory(request.directory)
        self._opened = ExitStack()
        self._rules = list(dict.fromkeys(o.writer.naming(o.options) for o in request.outputs))
        if request.bundle.is_dir() and self._run.target.is_relative_to(request.bundle.resolve()):
            raise UsageError(
                "The output lies inside the bundle, which is only ever read; choose a folder outside of it."
            )

        if request.sink not in {None, *ARCHIVES}:
            raise UsageError(f"There is no sink {request.sink!r}; choose tar or zip.")
        if request.sink is not None and request.media not in {"copy", "none"}:
            raise UsageError(
                f"--media {request.media} makes links, and archives hold none; with --sink use --media copy or none."
            )
        judge_link_mode(request)
        for wanted in request.outputs:
            wanted.writer.ensure_ready(wanted.options)

    def __enter__(self) -> Self:
        if not self._is_guest:
            self._opened.enter_context(self._run)
        try:
            request = self._request
            if (left := remove_noted_objects(self._run.path)) is not None:
                logging.getLogger(__name__).warning(left)
            self._lock = read_class_lock(request.lock) if request.lock else None
            self._listed = read_class_list(request.classes) if request.classes else None
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def plan(self) -> Plan:
        """Read every record once, and decide what has to be known before the first is written."""
        request = self._request
        self._bundle = bundle = Bundle.open(request.bundle, request.target, work=self._run.spool)
        if not request.is_acquired:
            # Nothing is acquired here, and plugins see the same calls as where something is.
            formats = tuple(output.writer.name for output in request.outputs)
            self._plugins.acquisition_needs(AcquisitionRequest(bundle.target, formats, request.media != "none"))
        self._size = size = sum(part.size for part in bundle.parts)
        self._work = work = self._run.spool / f"work-{secrets.token_hex(8)}"
        work.mkdir(0o700)
        self._engine = engine = self._opened.enter_context(self._opened_engine(bundle, size))
        self._survey_setup = setup = self._setup_survey(bundle)
        stored = store_setup(work / "survey.setup", setup, root=self._run.path, shared=not engine.in_process)
        survey = run_survey(bundle, stored, work, engine, lambda done: self._advance("survey", done, size))
        if not sum(survey.splits.values()) and request.error_on_empty:
            raise NothingToExport("The bundle has no record to export.")
        ordering = order_shards(survey.shards, survey.first_lines, work)
        gone = forget_repeated(ordering.repeated, survey, setup)
        self._shards = ordering.shards
        self._renamed = plan_all_names(self._rules, survey.shards, gone, ordering.shards)
        self._classes = classes = make_class_map(
            survey.labels, listed=self._listed, locked=self._lock.names if self._lock else ()
        )
        ensure_grouped(request.input.group_by, survey, ordering.shards, has_splits=request.split is not None)
        self._settle_splits(survey, ordering.shards, classes)
        self._plan = plan = self._make_plan(survey, classes)
        self._outputs = outputs = self._open_outputs(plan, classes, setup)
        notices = [
            *bundle_notices(bundle),
            *drift_notices(survey, ordering.shards, setup),
            *class_notices(classes),
            *absent_classes(classes, request.transforms, survey),
            *split_notices(request.split, survey),
        ]
        errors = [*line_errors(survey, ordering, bundle.parts, work), *_entries(request.lost)]
        for output in outputs:
            output.begin(errors, notices, gone=request.gone)
        stop_on_errors(self._request, self._outputs)
        return plan

    def write(self) -> None:
        """Encode every record, with its pictures, and join what comes of it, in a staging folder beside the output."""
        self._encode()
        if self._plan.has_splits:
            self._list_splits()

    def counts(self) -> tuple[Counts, ...]:
        """What became of records and annotations so far, for each output."""
        return tuple(output.counts for output in self._outputs)

    def publish(self, rename: Callable[[], Path] | None = None) -> ConversionResult:
        """Complete and check the staged datasets, judge their account, and rename them into place.

        ``rename`` does so where the caller chooses the place at the last moment, and gives the place.
        """
        request = self._request
        source = {"target": self._bundle.target, "schema": "raw_bundle_v1"}
        # What came in is told before what is wrong with what came out of it: an empty dataset has findings, too.
        for output in self._outputs:
            judge_account(request, output)
        results = [output.complete(request.byte_options(), source) for output in self._outputs]
        result = ConversionResult(self._run.target, results, source, dry_run=request.dry_run)
        if request.dry_run:
            return result
        publishing = partial(publish, self._run, self._outputs, source, lock=self._lock, classes=self._classes)
        if rename is None:
            result.warnings = list(publishing(rename=self._renamed_into_place))
        else:
            result.move_to(publishing(rename=rename))
        if self._plugins.published_hooks is not None:
            faults = self._plugins.published_hooks(result)
            result.warnings.extend(str(fault) for fault in faults)
        return result

    def _renamed_into_place(self) -> tuple[str, ...]:
        request, run = self._request, self._run
        return publish_directory(
            run.stage,
            run.target,
            overwrite=request.overwrite,
            keep_old=request.keep_old,
            is_ours=is_exportkit_dataset,
        )

    # -- plan ------------------------------------------------------------------------------------------

    def _opened_engine(self, bundle: Bundle, size: int) -> AbstractContextManager[Engine]:
        """The engine that the request names; what its workers read and write lies in one folder of this run.

        The folder's name is never used again, so that a worker of a killed run that is not dead yet finds nothing.
        """
        request = self._request
        reads = [bundle.root, *([request.originals] if request.originals is not None else [])]
        judge_places(request, self._run.path, [*reads, *(Path(part.root) for part in bundle.parts)])
        return open_engine(
            request.workers,
            size,
            name=request.engine,
            address=request.ray_address,
            folder=self._work,
            reads=reads,
            storage=request.ray_storage,
            root=self._run.path,
        )

    def _attempts(self) -> Path:
        folder = self._work / "attempts"
        folder.mkdir(0o700)
        return folder

    def _setup_survey(self, bundle: Bundle) -> SurveySetup:
        request = self._request
        root = request.originals or bundle.root
        has_files = (root / "files").is_dir()
        return SurveySetup(
            bundle_root=root,
            parts=bundle.parts,
            probe=request.media != "none" or has_files,
            media=request.media,
            target=bundle.target,
            input=request.input,
            strict_json=request.strict_json,
            validate_full=request.validate_full,
            rules=tuple(self._rules),
            plugins=self._plugins,
            split=request.split,
            transforms=request.transforms,
            class_numbers=any(output.writer.numbers_classes(output.options) for output in request.outputs),
        )

    def _settle_splits(self, survey: Survey, shards: Sequence[OrderedShard], classes: ClassMap) -> None:
        """Cut what only all records together decide, and refuse a split that leaves nothing to train on."""
        request = self._request.split
        if request is None:
            return
        if request.listed is None and request.by == "random":
            index = classes.index() if self._request.input.stratify is not None else None
            settle_splits(request, shards, survey, index)
        if sum(survey.splits.values()) and not survey.splits["train"]:
            raise ConversionFailed(
                "The split leaves no record in train, so nothing was published; use --split-by random, or other shares."
            )

    def _make_plan(self, survey: Survey, classes: ClassMap) -> Plan:
        request = self._request
        kinds: Counter[str] = Counter()
        for (_, kind), count in survey.kinds.items():
            kinds[kind] += count
        return Plan(
            classes=classes.names,
            class_index=classes.index(),
            splits=split_facts(survey.splits, survey.kinds),
            kinds=dict(sorted(kinds.items())),
            media=dict(sorted(survey.media.items())),
            records=sum(survey.splits.values()),
            ids_usable=survey.ids_usable,
            media_mode=request.media,
            has_splits=survey.own_split or request.split is not None,
            invalid=request.invalid,
            max_pixels=request.max_pixels,
            skeletons=skeletons_by_class(survey.skeletons),
            skeleton=main_skeleton(survey.skeletons),
            outlined=survey.outlined,
            class_numbers=source_numbers(survey.numbers, classes.index()),
        )

    def _open_outputs(self, plan: Plan, classes: ClassMap, survey: SurveySetup) -> list[Output]:
        request = self._request
        several = len(request.outputs) > 1
        outputs = []
        if request.media != "none" and any(wanted.writer.transcodes(wanted.options) for wanted in request.outputs):
            ensure_pillow()
        for number, wanted in enumerate(request.outputs):
            stage = self._run.stage / wanted.label if several else self._run.stage
            stage.mkdir(exist_ok=True)
            spool = self._run.spool / f"output-{number}"
            spool.mkdir()
            faults = ((name, wanted.writer.class_fault(name, wanted.options)) for name in classes.names)
            checker = self._plugins.checker_of(
                RegistryEntry(wanted.writer.name, wanted.writer, wanted.owner, wanted.version, "")
            )
            setup = OutputSetup(
                label=wanted.label,
                writer=wanted.writer,
                options=wanted.options,
                owner=wanted.owner,
                checker=checker.cls if checker is not None else None,
                rule=survey.rules.index(wanted.writer.naming(wanted.options)),
                stage=stage,
                final=self._run.target / wanted.label if several else self._run.target,
                plan=plan,
                bad_classes={name: fault for name, fault in faults if fault is not None},
                streams=_streams(wanted.writer(wanted.options, plan)),
                sink=request.sink,
                fragments=spool,
                transcodes=wanted.writer.transcodes(wanted.options) if request.media != "none" else None,
                provisional={
                    "writer": {"name": wanted.writer.name, "options": wanted.options.model_dump(mode="json")},
                    "media": request.media,
                },
            )
            output = Output(wanted, setup, spool, request.loss_list, classes)
            self._opened.callback(output.abandon)
            outputs.append(output)
        return outputs

    # -- encode ----------------------------------------------------------------------------------------

    def _jobs(self, setup: Path) -> Iterator[EncodeJob]:
        outputs = self._outputs
        numberings = [o.setup.writer.numberings(o.setup.options) for o in outputs]
        bases = [[0] * len(sets) for sets in numberings]
        ordinal = 0
        for shard in self._shards:
            end = ordinal + shard.records
            yield EncodeJob(
                setup=setup,
                rows=shard.rows,
                backwards=shard.backwards,
                line_base=shard.line_base,
                ordinal=ordinal,
                bases=tuple(tuple(b) for b in bases),
                renamed=tuple(
                    {n: plan[n] for n in range(ordinal, end) if n in plan} if plan else {} for plan in self._renamed
                ),
                listed=tuple(output.listed for output in outputs),
            )
            ordinal = end
            for output_bases, sets in zip(bases, numberings, strict=True):
                for position, kinds in enumerate(sets):
                    output_bases[position] += sum(n for kind, n in shard.kinds.items() if kind in kinds)

    def _encode(self) -> None:
        outputs, engine = self._outputs, self._engine
        setup = EncodeSetup(
            survey=self._survey_setup,
            outputs=tuple(output.setup for output in outputs),
            loss_list=self._request.loss_list,
            fixed_classes=self._listed is not None,
            measures_all=self._request.loss_iou == "all",
            attempts=self._attempts() if engine.repeats else None,
        )
        stored = store_setup(self._work / "encode.setup", setup, root=self._run.path, shared=not engine.in_process)
        share = self._size // (len(self._shards) or 1)
        for results in engine.map_ordered(encode_shard, self._jobs(stored)):
            for output, result in zip(outputs, results, strict=True):
                output.take(result)
            stop_on_errors(self._request, self._outputs)
            self._advance("encode", share, self._size)

    def _list_splits(self) -> None:
        entry, groups = write_split_list(self._run.spool / SPLITS, self._shards)
        for output in self._outputs:
            shutil.copyfile(self._run.spool / SPLITS, output.setup.stage / SPLITS)
            output.add_file(entry)
            output.groups = groups


def _entries(path: Path | None) -> Iterator[Entry]:
    if path is not None:
        with path.open("rb") as file:
            for line in file:
                yield msgspec.json.decode(line, type=Entry)


def _streams(writer: Writer) -> dict[str, Fragments]:
    return {part.key: part for file in writer.files() for part in file.parts if isinstance(part, Fragments)}
