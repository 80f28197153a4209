"""One dataset under construction, as the process that steers the run sees it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from exportkit.conversion.archived_dataset import ArchivedDataset, MemberIndex
from exportkit.conversion.assemble import Assembly
from exportkit.conversion.dataset import DatasetDirectory, listed_files
from exportkit.conversion.encode import OutputShard
from exportkit.conversion.general_rules import conclude_general
from exportkit.conversion.lists import (
    ERRORS,
    FILES,
    IMAGES,
    LOSSES,
    MANIFEST,
    FileEntry,
    FileRun,
    StoredRun,
    merge_runs,
)
from exportkit.conversion.manifest import dataset_manifest, render_manifest
from exportkit.conversion.packing import open_archive, pack
from exportkit.conversion.request import OutputRequest
from exportkit.conversion.result import OutputResult
from exportkit.conversion.setup import OutputSetup
from exportkit.conversion.split_leaks import SplitKeys, leak_findings
from exportkit.errors import ConversionFailed
from exportkit.writing import CheckReport, Finding
from exportkit.writing.class_map import ClassMap
from exportkit.writing.codes import describe
from exportkit.writing.ledger import LISTED_PER_CODE, Counts, Entry, LossList

__all__ = ["Output"]

_SHOWN_ERRORS = 200
#: Beyond so many, the check looks at every picture by itself.
_OTHERS_REMEMBERED = 10_000
_ERROR_LIMIT_IN_MEMORY = 1 << 20


class _EntryList:
    """A list of entries on disk, in the order in which they are given; one without a message gets its code's."""

    def __init__(self, path: Path, per_code: int | None) -> None:
        self._file = path.open("xb")
        self._encode = msgspec.json.Encoder().encode
        self._per_code = per_code
        self.listed: dict[str, int] = {}

    def take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if self._per_code is not None:
                listed = self.listed.get(entry.code, 0)
                if listed >= self._per_code:
                    continue
                self.listed[entry.code] = listed + 1
            self._file.write(self._encode(_with_message(entry)) + b"\n")

    def close(self) -> None:
        self._file.close()


def _with_message(entry: Entry) -> Entry:
    return entry if entry.message else msgspec.structs.replace(entry, message=f"{describe(entry.code)}.")


class Output:
    """Collects what the shards give for one output, in record order, and completes the staged dataset."""

    def __init__(
        self, request: OutputRequest, setup: OutputSetup, spool: Path, loss_list: LossList, classes: ClassMap
    ) -> None:
        self.request = request
        self.setup = setup
        self.counts = Counts()
        self.shown_errors: list[Entry] = []
        self._classes = classes
        self._writer = setup.writer(setup.options, setup.plan)
        self._assembly = Assembly(self._writer, setup.stage, spool / "streams")
        self._spool = spool
        self._archive = open_archive(setup, spool)
        self._runs: list[StoredRun] = []
        self._files = 0
        self._bytes = 0
        self._images = (setup.stage / IMAGES).open("xb")
        self._errors = _EntryList(setup.stage / ERRORS, None)
        self._losses = _EntryList(setup.stage / LOSSES, {"first": LISTED_PER_CODE, "all": None, "none": 0}[loss_list])
        self._reports: list[CheckReport] = []
        self._findings: list[Finding] = []
        self._found: Counter[str] = Counter()
        self._pictures = 0
        self._contents: dict[str, array[int]] = {}
        #: Records of each split that this output has, where there are several.
        self._splits: Counter[str] = Counter()
        #: Pictures not known to be JPEGs to their last byte; None where they are too many, or none was looked at.
        self._others: set[str] | None = set() if setup.plan.media_mode != "none" else None
        #: Keys of groups by split, the same for every output.
        self.groups: SplitKeys = {}

    def begin(self, line_errors: Iterable[Entry], notices: Iterable[tuple[str, str]], *, gone: int = 0) -> None:
        """Start with what the whole run has: lines without a record, and notices of plan and writer.

        `gone` records were listed and came to no line.
        """
        self.counts.records["listed"] += gone
        self.counts.records["gone"] += gone
        for entry in line_errors:
            self.counts.records["listed"] += 1
            self.counts.records["failed"] += 1
            self.counts.codes[entry.code, None] += 1
            self._error(msgspec.structs.replace(entry, writer=self.setup.label))
        for code, message in [*notices, *self._writer.notices()]:
            self.counts.codes[code, None] += 1
            self._losses.take([Entry(None, "", 0, "plan", code, message, writer=self.setup.label, outcome="notice")])

    def _error(self, entry: Entry) -> None:
        entry = _with_message(entry)
        self._errors.take([entry])
        if len(self.shown_errors) < _SHOWN_ERRORS:
            self.shown_errors.append(entry)

    def add_file(self, entry: FileEntry) -> None:
        """List a file that stands in the staged dataset already."""
        self._store(FileRun.of([entry]))

    @property
    def listed(self) -> dict[str, int]:
        """How many losses and notices of each code are listed so far."""
        return dict(self._losses.listed)

    def take(self, shard: OutputShard) -> None:
        """Add the next shard."""
        self.counts.add(shard.counts)
        for entry in shard.errors:
            self._error(entry)
        self._losses.take(shard.losses)
        self._images.write(shard.images)
        self._pictures += shard.images_count
        self._assembly.take(shard.streams)
        if self._archive is not None and shard.fragment is not None:
            self._archive.append(shard.fragment)
        self._store(shard.files)
        self._findings.extend(f for f in shard.report.findings if self._has_room(f))
        shard.report.findings = []
        self._reports.append(shard.report)
        for split, keys in shard.contents.items():
            self._contents.setdefault(split, array("Q")).extend(keys)
        self._splits.update(shard.splits)
        if self._others is not None:
            self._others.update(shard.others)
            self._others = self._others if len(self._others) <= _OTHERS_REMEMBERED else None

    def _has_room(self, finding: Finding) -> bool:
        """Whether a finding is still listed; an error always is counted among the first, so that it stops the run."""
        self._found[finding.code] += 1
        return self._found[finding.code] <= LISTED_PER_CODE

    def complete(self, options: Mapping[str, Any], source: Mapping[str, Any]) -> OutputResult:
        """Assemble, check, reconcile, and write the lists and the manifest."""
        assembled = self._assembly.close()
        self._images.close()
        self._errors.close()
        self._losses.close()
        self._store(FileRun.of(assembled))
        with (self.setup.stage / FILES).open("xb") as file:
            file.writelines(merge_runs(self._runs))
        # Parts of the input may be cut anywhere; findings come by shards, each with its pictures before its labels.
        findings = [*sorted(self._findings, key=_place_of), *self._conclude()]
        self._reconcile()
        result = OutputResult(
            label=self.setup.label,
            format=self.setup.writer.name,
            path=self.setup.final,
            counts=self.counts,
            findings=findings,
            errors=self.shown_errors,
            files=self._files,
            bytes=self._bytes,
            classes=self._classes.names,
            splits=self._written_by_split(),
            pictures=self._pictures,
        )
        errors = [finding for finding in findings if finding.severity == "error"]
        if errors:
            raise ConversionFailed(_refusal(self.setup.label, errors))
        if self._archive is not None:
            pack(self._archive, self.setup.stage, self._writer.folders())
        manifest = dataset_manifest(
            stage=self.setup.stage,
            writer={
                "name": self.setup.writer.name,
                "owner": self.request.owner,
                "version": self.request.version,
                "options": self.setup.options.model_dump(mode="json"),
                **({"facts": dict(facts)} if (facts := self._writer.facts()) else {}),
            },
            options=options,
            plan=self.setup.plan,
            classes=self._classes,
            counts=self.counts,
            splits=result.splits,
            source=source,
            check=[msgspec.to_builtins(f) for f in findings[:1000]],
            files={"count": self._files, "bytes": self._bytes},
            archive=self._archive.path.name if self._archive is not None else None,
        )
        self.manifest = manifest
        (self.setup.stage / MANIFEST).write_bytes(render_manifest(manifest))
        return result

    def _written_by_split(self) -> dict[str, int]:
        names = [split.name for split in self.setup.plan.splits]
        return {name: self._splits[name] if len(names) > 1 else self.counts.records["written"] for name in names}

    def _store(self, run: FileRun) -> None:
        if run.count:
            path = self._spool / f"files-{len(self._runs):06d}.jsonl"
            path.write_bytes(run.lines)
            self._runs.append(StoredRun(path, run.first, run.last))
            self._files += run.count
            self._bytes += run.size

    def _conclude(self) -> Iterator[Finding]:
        dataset = self._staged_dataset()
        checked = self.setup.checker is not None
        yield from conclude_general(self.counts, self._pictures, self._reports, checked=checked)
        if self.setup.checker is not None:
            yield from self.setup.checker(dataset).conclude(self._reports)
        yield from leak_findings(self._contents, self.groups, listed_files(dataset))

    def _staged_dataset(self) -> DatasetDirectory:
        stage, archive = self.setup.stage, self._archive
        if archive is None:
            return DatasetDirectory(
                stage, self.setup.provisional, published=self.setup.final, other_pictures=self._others
            )
        try:
            index = MemberIndex(archive.members())
        except ValueError as error:
            raise ConversionFailed(
                f"The archive of '{self.setup.label}' is no dataset, so nothing was published: {error}; "
                "report this to the author of the writer."
            ) from error
        return ArchivedDataset(stage, archive.path, index, manifest=self.setup.provisional)

    def abandon(self) -> None:
        """Close what is still open; the staged files are removed with the run directory."""
        self._assembly.abandon()
        if self._archive is not None:
            self._archive.abandon()
        for file in (self._images, self._errors, self._losses):
            file.close()

    def _reconcile(self) -> None:
        annotations, records = self.counts.balance()
        if not annotations or not records:
            what = "annotations" if records else "records"
            raise ConversionFailed(
                f"The account of {what} in '{self.setup.label}' does not balance, so nothing was published; "
                "this is a defect of exportkit or of a plugin, please report it."
            )


def _place_of(finding: Finding) -> tuple[str, str, int, str, str]:
    return finding.code, finding.file or "", finding.line or 0, finding.json_path or "", finding.message


def _refusal(label: str, errors: list[Finding]) -> str:
    first = errors[0]
    where = f" in {first.file}" + (f", line {first.line}" if first.line else "") if first.file else ""
    more = f" (and {len(errors) - 1} more findings)" if len(errors) > 1 else ""
    return (
        f"The dataset '{label}' would not be taken by its consumers, so nothing was published: "
        f"{first.code}{where}: {first.message.rstrip('.')}{more}."
    )
