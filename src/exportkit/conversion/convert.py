"""One conversion, from the bundle to the published output: survey, plan, encode, assemble, check, publish."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from exportkit.bundles import Bundle
from exportkit.conversion.drift import drift_notices
from exportkit.conversion.encode import EncodeJob, encode_shard
from exportkit.conversion.line_errors import line_errors
from exportkit.conversion.output import Output
from exportkit.conversion.planning import (
    OrderedShard,
    main_skeleton,
    order_shards,
    plan_all_names,
    skeletons_by_class,
    source_numbers,
    split_facts,
)
from exportkit.conversion.publication import publish
from exportkit.conversion.repeated import forget_repeated
from exportkit.conversion.request import ConversionRequest
from exportkit.conversion.result import ConversionResult
from exportkit.conversion.setup import EncodeSetup, OutputSetup, SurveySetup, store_setup
from exportkit.conversion.split_list import SPLITS, write_split_list
from exportkit.conversion.survey import Survey, run_survey
from exportkit.conversion.transcode import ensure_pillow
from exportkit.conversion.unit_splits import settle_splits
from exportkit.engines import Engine, open_engine
from exportkit.errors import ConversionFailed, NothingToExport, UsageError
from exportkit.plugins.manager import PluginManager
from exportkit.plugins.registry import Entry
from exportkit.storage.run_directory import RunDirectory
from exportkit.writing import Fragments, Plan, Writer
from exportkit.writing.class_files import read_class_list, read_class_lock
from exportkit.writing.class_map import ClassMap, make_class_map

__all__ = ["Advance", "convert"]

#: Called with the stage (``survey``, ``encode``), the bytes of input just done, and all there are.
Advance = Callable[[str, int, int], None]


def convert(
    request: ConversionRequest, plugins: PluginManager, advance: Advance = lambda _stage, _done, _all: None
) -> ConversionResult:
    """Convert one bundle into every output of the request, and publish all of them in one rename.

    Raises the errors of :mod:`exportkit.errors`; whatever happens, the former output is untouched, or the
    new one is complete.
    """
    directory = RunDirectory(request.directory)
    if request.bundle.is_dir() and directory.target.is_relative_to(request.bundle.resolve()):
        raise UsageError("The output lies inside the bundle, which is only ever read; choose a folder outside of it.")
    for wanted in request.outputs:
        wanted.writer.ensure_ready(wanted.options)
    with directory as run:
        conversion = _Conversion(request, plugins, run, advance)
        return conversion.run()


class _Conversion:
    """One run: each method is one step, in the order of :meth:`run`."""

    def __init__(self, request: ConversionRequest, plugins: PluginManager, run: RunDirectory, advance: Advance) -> None:
        self._request = request
        self._plugins = plugins
        self._run = run
        self._advance = advance
        self._lock = read_class_lock(request.lock) if request.lock else None
        self._listed = read_class_list(request.classes) if request.classes else None
        self._rules = list(dict.fromkeys(o.writer.naming(o.options) for o in request.outputs))

    def run(self) -> ConversionResult:
        request = self._request
        bundle = Bundle.open(request.bundle, request.target, work=self._run.spool)
        size = sum(part.size for part in bundle.parts)
        with ExitStack() as opened, open_engine(request.workers, size) as engine:
            survey_setup = self._survey_setup(bundle)
            stored = store_setup(self._run.spool / "survey.setup", survey_setup, shared=not engine.in_process)
            survey = run_survey(
                bundle, stored, self._run.spool, engine, lambda done: self._advance("survey", done, size)
            )
            if not sum(survey.splits.values()) and request.error_on_empty:
                raise NothingToExport("The bundle has no record to export.")
            ordering = order_shards(survey.shards, survey.first_lines, self._run.spool)
            gone = forget_repeated(ordering.repeated, survey, survey_setup)
            renamed = plan_all_names(self._rules, survey.shards, gone, ordering.shards)
            classes = make_class_map(survey.labels, listed=self._listed, locked=self._lock.names if self._lock else ())
            self._settle_splits(survey, ordering.shards, classes)
            plan = self._plan(survey, classes)
            outputs = self._outputs(plan, classes, survey_setup, opened)
            notices = [
                *self._bundle_notices(bundle),
                *drift_notices(survey, ordering.shards, survey_setup),
                *self._class_notices(classes),
                *self._split_notices(survey),
            ]
            errors = list(line_errors(survey, ordering, bundle.parts, self._run.spool))
            for output in outputs:
                output.begin(errors, notices)
            self._stop_on_errors(outputs)
            self._encode(engine, outputs, ordering.shards, renamed, survey_setup, size)
            if plan.has_splits:
                self._list_splits(outputs, ordering.shards)
            return self._publish(bundle, outputs, classes)

    # -- plan ------------------------------------------------------------------------------------------

    def _survey_setup(self, bundle: Bundle) -> SurveySetup:
        request = self._request
        has_files = (bundle.root / "files").is_dir()
        return SurveySetup(
            bundle_root=bundle.root,
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

    def _split_notices(self, survey: Survey) -> Iterator[tuple[str, str]]:
        request = self._request.split
        for name, share in request.shares if request is not None else ():
            if not survey.splits[name] and (share or request.by == "field"):  # type: ignore[union-attr]
                yield "N_SPLIT_EMPTY", f"No record falls into the split {name!r}."

    def _plan(self, survey: Survey, classes: ClassMap) -> Plan:
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

    def _outputs(self, plan: Plan, classes: ClassMap, survey: SurveySetup, opened: ExitStack) -> list[Output]:
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
                Entry(wanted.writer.name, wanted.writer, wanted.owner, wanted.version, "")
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
                transcodes=wanted.writer.transcodes(wanted.options) if request.media != "none" else None,
                provisional={
                    "writer": {"name": wanted.writer.name, "options": wanted.options.model_dump(mode="json")},
                    "media": request.media,
                },
            )
            output = Output(wanted, setup, spool, request.loss_list, classes)
            opened.callback(output.abandon)
            outputs.append(output)
        return outputs

    def _bundle_notices(self, bundle: Bundle) -> Iterator[tuple[str, str]]:
        for notice in bundle.notices:
            yield notice.code, notice.message

    def _class_notices(self, classes: ClassMap) -> Iterator[tuple[str, str]]:
        if self._listed is None and any(entry.source == "observed" for entry in classes.entries):
            yield (
                "N_CLASS_OBSERVED",
                "The class list is what was observed, in code-point order; --lock keeps it stable.",
            )
        for group in classes.twins:
            shown = ", ".join(name.encode("unicode_escape").decode() for name in group)
            yield "N_CLASS_TWINS", f"These class names differ only by case, blanks or normalisation: {shown}."

    # -- encode ----------------------------------------------------------------------------------------

    def _jobs(
        self,
        setup: Path,
        outputs: Sequence[Output],
        shards: Sequence[OrderedShard],
        renamed: Sequence[dict[int, str]],
    ) -> Iterator[EncodeJob]:
        numberings = [o.setup.writer.numberings(o.setup.options) for o in outputs]
        bases = [[0] * len(sets) for sets in numberings]
        ordinal = 0
        for shard in shards:
            end = ordinal + shard.records
            yield EncodeJob(
                setup=setup,
                rows=shard.rows,
                backwards=shard.backwards,
                line_base=shard.line_base,
                ordinal=ordinal,
                bases=tuple(tuple(b) for b in bases),
                renamed=tuple(
                    {n: plan[n] for n in range(ordinal, end) if n in plan} if plan else {} for plan in renamed
                ),
                listed=tuple(output.listed for output in outputs),
            )
            ordinal = end
            for output_bases, sets in zip(bases, numberings, strict=True):
                for position, kinds in enumerate(sets):
                    output_bases[position] += sum(n for kind, n in shard.kinds.items() if kind in kinds)

    def _encode(
        self,
        engine: Engine,
        outputs: Sequence[Output],
        shards: Sequence[OrderedShard],
        renamed: Sequence[dict[int, str]],
        survey: SurveySetup,
        size: int,
    ) -> None:
        setup = EncodeSetup(
            survey=survey,
            outputs=tuple(output.setup for output in outputs),
            loss_list=self._request.loss_list,
            fixed_classes=self._listed is not None,
            measures_all=self._request.loss_iou == "all",
        )
        stored = store_setup(self._run.spool / "encode.setup", setup, shared=not engine.in_process)
        jobs = self._jobs(stored, outputs, shards, renamed)
        share = size // (len(shards) or 1)
        for results in engine.map_ordered(encode_shard, jobs):
            for output, result in zip(outputs, results, strict=True):
                output.take(result)
            self._stop_on_errors(outputs)
            self._advance("encode", share, size)

    def _stop_on_errors(self, outputs: Sequence[Output]) -> None:
        if self._request.on_error != "fail":
            return
        for output in outputs:
            if output.shown_errors:
                first = output.shown_errors[0]
                where = f"{first.file}, line {first.line}, record {first.id!r}, {first.json_path}"
                raise ConversionFailed(
                    f"Stopped at the first error ({first.code}): {first.message} ({where}); "
                    "mend it, or use --on-error skip."
                )

    def _list_splits(self, outputs: Sequence[Output], shards: Sequence[OrderedShard]) -> None:
        entry, groups = write_split_list(self._run.spool / SPLITS, shards)
        for output in outputs:
            shutil.copyfile(self._run.spool / SPLITS, output.setup.stage / SPLITS)
            output.add_file(entry)
            output.groups = groups

    # -- publish ---------------------------------------------------------------------------------------

    def _publish(self, bundle: Bundle, outputs: Sequence[Output], classes: ClassMap) -> ConversionResult:
        request = self._request
        source = {"target": bundle.target, "schema": "raw_bundle_v1"}
        # What came in is told before what is wrong with what came out of it: an empty dataset has findings, too.
        for output in outputs:
            self._judge_account(output)
        results = [output.complete(request.byte_options(), source) for output in outputs]
        result = ConversionResult(self._run.target, results, source, dry_run=request.dry_run)
        if request.dry_run:
            return result
        result.warnings = list(
            publish(
                self._run,
                outputs,
                source,
                overwrite=request.overwrite,
                keep_old=request.keep_old,
                lock=self._lock,
                classes=classes,
            )
        )
        if self._plugins.published_hooks is not None:
            faults = self._plugins.published_hooks(result)
            result.warnings.extend(str(fault) for fault in faults)
        return result

    def _judge_account(self, output: Output) -> None:
        """Stop where losses or errors are more than the user allows."""
        request, counts, label = self._request, output.counts, output.setup.label
        listed, failed = counts.records["listed"], counts.records["failed"]
        if listed and failed == listed:
            first = output.shown_errors[0]
            raise ConversionFailed(
                f"Every record failed in '{label}', so nothing was published; the first: "
                f"{first.code}: {first.message} ({first.file}, line {first.line})"
            )
        touched = failed + counts.touched
        if request.max_errors is not None and request.max_errors.passed(touched, listed):
            raise ConversionFailed(
                f"{touched} of {listed} records are touched by errors in '{label}', more than --max-errors allows; "
                "nothing was published."
            )
        if request.on_loss == "fail":
            lost = sorted({code for code, _ in counts.codes if code[0] in "LS" and code not in request.accept})
            if lost:
                raise ConversionFailed(
                    f"'{label}' cannot keep everything ({', '.join(lost)}), so nothing was published; "
                    "accept these codes with --accept, or choose another format."
                )


def _streams(writer: Writer) -> dict[str, Fragments]:
    return {part.key: part for file in writer.files() for part in file.parts if isinstance(part, Fragments)}
