"""An export from a backend, up to the rows of an acquired bundle; the same for both heads from there on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property, partial
from typing import Any, Final

from exportkit.acquisition import (
    BOUNDARY_PARAMS,
    STATE_NAME,
    AskedIds,
    BundleArrivals,
    BundleCopy,
    DelegatedHead,
    ExportOrder,
    FileFacts,
    IdRange,
    InProcessHead,
    JobFacts,
    OriginalFiles,
    Pace,
    RowResolver,
    RunState,
    Spool,
    StoredRows,
    chosen_source,
    ranges_of,
    result_of,
    write_manifest,
)
from exportkit.actions.context import is_delegated
from exportkit.actions.head_settings import PollPatienceConfig, ShardConfig
from exportkit.actions.probe import probe_export_count
from exportkit.actions.run_identity import run_facts
from exportkit.actions.targets import plural_versions
from exportkit.clients import IdentitySelection
from exportkit.clients.backend import BackendClient, ListedRows
from exportkit.clients.job_outcome import DelegatedExportResult
from exportkit.clients.objects import ObjectFetcher
from exportkit.clients.payloads import PayloadFetcher
from exportkit.errors import BundleRefused, ExportkitError, IncompleteExport, UsageError
from exportkit.runtime import Settings
from exportkit.runtime.environment import TRUE_WORDS
from exportkit.storage.objects import ObjectStore
from exportkit.storage.opening import session_objects
from exportkit.storage.refusals import shown
from exportkit.storage.run_directory import ACQUIRED
from exportkit.wire import parse_manifest
from exportkit.wire.manifest import MANIFEST_NAME, RawManifest
from exportkit.writing import AcquisitionNeeds

__all__ = ["RemoteAcquisition"]

#: Params of a list that say of what its rows are, and how whole they are.
_SCOPE: Final = ("project", "ground_truth_dataset_versions", "expand")


class RemoteAcquisition:
    """The acquisition of one run. What it has committed lies in the run's folder, where the next run finds it."""

    def __init__(self, context: Any, client: BackendClient, v2_client: Any) -> None:
        """``context.output`` is open. Raises UsageError where an unfinished run of another kind lies there."""
        self._context = context
        self._client = client
        self._v2 = v2_client
        self._target: str = context.params["target"]
        self._opened = ExitStack()
        run = context.output.run
        self._folder = run.spool / ACQUIRED
        self._state = self._opened.enter_context(RunState(run.path / STATE_NAME))
        run.keeps = self._state.is_begun
        try:
            self._state.begin(run_facts(context, getattr(client, "address", None)))
            self._refuse_other_head("delegated" if is_delegated(context) else "in process")
        except BaseException:
            self.close()
            raise
        self._needs: AcquisitionNeeds = context.needs
        self._head: DelegatedHead | None = None
        self._selection = IdentitySelection({})
        #: None where everything was acquired before.
        self._arrivals: BundleArrivals | None = None
        # From now on the folder is worth going on with.
        run.keeps = True

    def _refuse_other_head(self, head: str) -> None:
        """Who acquires is decided once, when a run begins (SDK behaviour, section 13)."""
        begun = self._state.decide("head", head)
        if begun != head:
            raise UsageError(
                f"The unfinished run in {shown(self._folder.parent.parent)} acquires {begun} and this one {head}; "
                "repeat it as it was, or give --restart to begin anew."
            )

    def close(self) -> None:
        """Release everything; a second call does nothing."""
        self._opened.close()

    def takes(self, rows: Any) -> bool:
        """Whether rows are those of the backend's list, which nobody has changed."""
        return isinstance(rows, ListedRows)

    # -- in process --------------------------------------------------------------------------------------------

    def in_process(self, rows: ListedRows, filters: Mapping[str, Any], total: int | None) -> StoredRows:
        """Fetch what the rows stand for. Raises ClientError, IncompleteExport and LocalIOError."""
        state = self._state
        if not state.is_complete:
            source = chosen_source(
                self._client,
                self._v2,
                rows,
                state,
                style=self._setting("export_acquisition"),
                forced_v1=_forced_v1(),
                pace=Pace(
                    self._setting("export_page_retries"),
                    self._setting("export_page_retry_backoff"),
                    self._setting("export_throttle_seconds") or 0.0,
                ),
            )
            self._folder.mkdir(parents=True, exist_ok=True)
            with (
                self._fetching(rows) as (resolver, originals),
                closing(
                    Spool(
                        self._folder,
                        self._target,
                        state,
                        committed=_forgetting(originals),
                    )
                ) as spool,
            ):
                InProcessHead(source, spool, state, resolver, self._progress(total)).acquire()
                self._verify(total, sum(state.counts().values()), filters)
                spool.finish({} if state.watermark is None else {"watermark": state.watermark})
        return self._stored()

    @contextmanager
    def _fetching(self, rows: ListedRows | None) -> Iterator[tuple[RowResolver, OriginalFiles | None]]:
        """What fetches payloads and originals; `rows` are the list that gives fresh URLs."""
        fetcher = self._client.fetcher or ObjectFetcher.shared()
        reissue = self._reissue(rows) if rows is not None else lambda _row: None
        payloads = PayloadFetcher(fetcher, reissue)
        with ExitStack() as opened:
            originals = None
            if self._needs.source:
                originals = opened.enter_context(
                    closing(
                        OriginalFiles(
                            self._folder, self._state, fetcher, workers=self._setting("download_workers") or 8
                        )
                    )
                )
            yield opened.enter_context(closing(RowResolver(payloads.raw, originals, reissue))), originals

    def _reissue(self, rows: ListedRows) -> Any:
        """A row with fresh URLs, asked for by its key alone."""

        def reissued(row: Any) -> Any:
            if self._v2 is not None and not _forced_v1():
                return self._v2.records(self._target).again(row)
            scope = {key: rows.params[key] for key in _SCOPE if key in rows.params}
            # The key of an event is no filter, so the id of its record narrows the list.
            name = "ground_truth" if self._target == "ground_truth" else "id"
            params = {**scope, name: row["id"], "page_size": 1, "response_mode": "presigned"}
            return next(iter(self._client.rows(self._target, params)), None)

        return reissued

    # -- delegated ---------------------------------------------------------------------------------------------

    def enqueue(self, project_id: int | None, filters: Mapping[str, Any], total: int | None) -> list[str]:
        """Hand the export to the server; ids of the jobs that were made. Raises ClientError.

        Bundles are copied from when they are there.
        """
        shards = ShardConfig.from_params(self._context.params, self._context.config)
        self._selection = IdentitySelection(filters)
        head = self._delegated(project_id, filters, shards)
        ranges = partial(self._ranges, filters, total, shards)
        if self._state.is_complete:
            jobs = head.enqueue(ranges)
        else:
            self._arrivals = self._opened.enter_context(self._copying())
            # Nobody follows jobs any more when what takes their bundles is closed.
            self._opened.callback(head.stop)
            jobs = head.enqueue(ranges, self._arrivals.arrived)
        return [job.job_id for job in jobs if job.job_id is not None]

    def follow(self) -> list[DelegatedExportResult]:
        """Wait for the jobs. Raises DelegatedExportError and ClientError."""
        assert self._head is not None  # noqa: S101 - enqueued before
        return self._head.follow()

    @contextmanager
    def _copying(self) -> Iterator[BundleArrivals]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._fetching(None) as (resolver, originals):
            copy = BundleCopy(
                lambda: self._bundles,
                self._folder,
                self._target,
                self._state,
                resolver,
                originals=self._needs.source,
                committed=_forgetting(originals),
            )
            with closing(BundleArrivals(copy, self._bundle_of)) as arrivals:
                yield arrivals

    def _bundle_of(self, job: JobFacts) -> tuple[RawManifest, AskedIds | None]:
        result = result_of(job)
        if result.prefix is None:
            raise UsageError(f"The job {result.job_id} names no prefix of its bundle; update the server.")
        return parse_manifest(json.dumps(result.manifest).encode()), _asked_ids(self._selection, job.filter)

    def read(self, filters: Mapping[str, Any], total: int | None) -> StoredRows:
        """Bring the bundles of the jobs here. Raises BundleRefused and IncompleteExport."""
        if self._arrivals is None:
            return self._stored()
        write_manifest(self._folder, self._target, self._arrivals.parts())
        rows = self._stored()
        self._verify_declared(rows.listed)
        self._verify(total, rows.listed, filters)
        self._state.complete()
        return rows

    def cancel(self) -> None:
        """Have the jobs of this process end."""
        if self._head is not None:
            self._head.cancel()

    def clean_up(self) -> None:
        """Remove the bundles that the server made for this export, as far as they certainly are that (section 16)."""
        for job in self._state.jobs():
            if job.manifest is None:
                continue
            result = result_of(job)
            prefix = (result.prefix or "").rstrip("/")
            usual = f"{self._context.params['path'].strip('/')}/.async_jobs/exports/{result.job_id}"
            if result.is_snapshot or prefix != usual:
                continue
            try:
                self._bundles.delete_prefix(prefix)
            except (ExportkitError, OSError, ValueError) as error:  # the export is published, and this harms nobody
                self._context.log_message(f"The bundle of the job {result.job_id} stays on the storage: {error}")

    def _delegated(self, project_id: int | None, filters: Mapping[str, Any], shards: ShardConfig) -> DelegatedHead:
        params = self._context.params
        order = ExportOrder(
            storage_id=params["storage"],
            path=params["path"],
            target=self._target,
            include_original_files=bool(params.get("save_original_file", True)),
            requires_source=self._needs.source,
            filter=plural_versions(filters) if self._target == "ground_truth" else dict(filters),
            project_id=None if self._target == "ground_truth" else project_id,
        )
        self._head = head = DelegatedHead(
            self._v2,
            order,
            self._state,
            PollPatienceConfig.from_params(params, self._context.config),
            parallel=shards.max_parallel,
            progress=self._server_progress,
            tell=self._context.log_message,
        )
        return head

    def _ranges(
        self, filters: Mapping[str, Any], total: int | None, shards: ShardConfig, below: int | None
    ) -> Iterator[IdRange]:
        """Id ranges of a large export, lazily; none where one job does. Raises ClientError."""
        # What was begun in ranges goes on in ranges, whatever is counted now.
        is_one = shards.disabled or total is None or total <= shards.shard_size
        if self._target == "ground_truth" or (below is None and is_one):
            return
        asked = {**filters, **BOUNDARY_PARAMS, "page_size": self._v2.id_page_size}
        pages = self._client.pages(self._target, asked, behind=below)
        yield from ranges_of((identity for page in pages for identity in page.ids), shards.shard_size, below)

    @cached_property
    def _bundles(self) -> ObjectStore:
        """The storage on which the server puts its bundles."""
        session = self._client.open_storage(self._context.params["storage"], "read")
        self._opened.callback(session.close)
        return session_objects(session.as_storage())

    def _verify_declared(self, received: int) -> None:
        """Hold the lines, and what could not be had of them, against the counts of the jobs (wire contract, 16)."""
        counts = [result_of(job).record_count for job in self._state.jobs()]
        if None not in counts and sum(filter(None, counts)) != received:
            raise BundleRefused(
                "E_MANIFEST_COUNT",
                f"The bundles declare {sum(filter(None, counts))} records, but there are {received}; export again.",
                file=MANIFEST_NAME,
            )

    # -- both --------------------------------------------------------------------------------------------------

    def _stored(self) -> StoredRows:
        counts = self._state.counts()
        rows = StoredRows.opened(self._folder, self._target, self._state.failures(), counts.get("gone", 0))
        self._opened.callback(rows.close)
        return rows

    def _verify(self, total: int | None, received: int, filters: Mapping[str, Any]) -> None:
        """Hold what came against what was counted; rows may have come and gone meanwhile (SDK behaviour, 14)."""
        if total is None or received == total:
            return
        again = probe_export_count(self._client, target=self._target, filters=filters)
        if again is not None and min(total, again) <= received <= max(total, again):
            return
        self._context.status = "incomplete"
        raise IncompleteExport(
            f"The backend counted {total} rows and gave {received}; nothing was published. Run the export again.",
            expected=total,
            received=received,
        )

    def _progress(self, total: int | None) -> Any:
        context = self._context

        def tell(count: int) -> None:
            context.report_progress(count, max(count, total or 0))

        return tell

    def _server_progress(self, done: int, total: int) -> None:
        self._context.report_progress(done, total, "server_export")

    def _setting(self, name: str) -> Any:
        return Settings(self._context.params, self._context.config).get(name).value


def _forgetting(originals: OriginalFiles | None) -> Callable[[Sequence[FileFacts]], object]:
    return originals.forget if originals is not None else lambda _files: None


def _asked_ids(selection: IdentitySelection, shard: Mapping[str, Any]) -> AskedIds | None:
    """The ids that a job was asked for, or None where every id will do."""
    if not selection and not shard:
        return None
    return AskedIds(selection, IdRange(shard["_id_gte"], shard["_id_lt"]) if shard else None)


def _forced_v1() -> bool:
    return os.environ.get("SYNAPSE_FORCE_V1_EXPORT", "").strip().lower() in TRUE_WORDS
