"""What a run that acquires has committed: one SQLite file that outlives the process (reliability, section 2)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Final, NamedTuple, Self

from exportkit.errors import LocalIOError, UsageError
from exportkit.storage.refusals import shown

__all__ = ["STATE_NAME", "CommittedGroup", "FileFacts", "ItemFacts", "JobFacts", "RunFacts", "RunState"]

STATE_NAME: Final = "state.db"
_SCHEMA: Final = 1
_CACHE_KIB: Final = 256
_TABLES: Final = f"""
CREATE TABLE run (params_hash TEXT, versions TEXT, decision TEXT, watermark TEXT, position TEXT,
    spool_offset INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0,
    planned INTEGER NOT NULL DEFAULT 0);
CREATE TABLE chunks (number INTEGER PRIMARY KEY, spool_offset INTEGER, sha256 TEXT);
CREATE TABLE items (id PRIMARY KEY, item_id, chunk INTEGER, status TEXT, attempts INTEGER, error TEXT) WITHOUT ROWID;
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, sha256 TEXT, source TEXT) WITHOUT ROWID;
CREATE TABLE jobs (shard INTEGER PRIMARY KEY, filter TEXT, idempotency_key TEXT, job_id TEXT, manifest TEXT);
PRAGMA user_version = {_SCHEMA};
"""


class RunFacts(NamedTuple):
    """What must be equal for a run to be continued."""

    #: Of everything that can change a byte of the output.
    params_hash: str
    #: exportkit, its plugins, and the form of the state.
    versions: str


class ItemFacts(NamedTuple):
    """A listed item without a line. ``status`` is ``failed`` or ``gone``; ``key`` is its place in the list."""

    key: int | str
    item_id: int | str
    status: str
    attempts: int = 1
    error: str | None = None


class FileFacts(NamedTuple):
    """One original in the spool: its path there, and what it was fetched from, without anything secret."""

    path: str
    size: int
    sha256: str
    source: str


class CommittedGroup(NamedTuple):
    """Chunks and files that are on the disk, and are committed together."""

    #: Keys of items whose lines are in the spool.
    stored: Sequence[int] = ()
    missed: Sequence[ItemFacts] = ()
    files: Sequence[FileFacts] = ()
    #: Key of the last listed item, behind which the list goes on.
    position: int | None = None
    #: Where the lines of the group begin and end in the spool, and the SHA-256 of the bytes between.
    offset: int = 0
    end: int = 0
    sha256: str = ""


class JobFacts(NamedTuple):
    """One export job of the server: a shard of the export, or all of it."""

    shard: int
    filter: dict[str, Any]
    idempotency_key: str
    job_id: str | None = None
    manifest: dict[str, Any] | None = None


class RunState:
    """Everything that the next process has to know; no secret and no signed URL is among it.

    A transaction is on the disk when its method returns. Bytes that a transaction speaks of are synced before it.
    Any thread may call.
    """

    def __init__(self, path: Path) -> None:
        """Open or create. Raises LocalIOError where the file cannot be used, UsageError for another form of it."""
        self._path = path
        # One connection for all threads holds one transaction at a time.
        self._lock = RLock()
        with self._refusals():
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the file, when no thread is in the middle of a transaction; a second call does nothing."""
        with self._lock:
            self._database.close()

    def _open(self) -> None:
        with self._refusals():
            self._database.execute("PRAGMA synchronous=FULL")
            # Keys come in order, so that few pages are ever looked at again; all else would grow with the run.
            self._database.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not self._rows("SELECT name FROM sqlite_master"):
            with self._transaction():
                for statement in filter(None, map(str.strip, _TABLES.split(";"))):
                    self._database.execute(statement)
        elif self._row("PRAGMA user_version") != (_SCHEMA,):
            raise UsageError(
                f"Another version of exportkit began the unfinished run in {shown(self._path.parent)}; go on with that "
                "one, or give --restart to begin anew."
            )

    # -- the run ---------------------------------------------------------------------------------------------

    @property
    def is_begun(self) -> bool:
        """Whether a run has left something that can be continued."""
        return self._row("SELECT params_hash FROM run") is not None

    def begin(self, facts: RunFacts) -> None:
        """Take note of a run, or make sure that the one that was begun is the same.

        Raises UsageError, with the way out, where it is another one.
        """
        known = self._row("SELECT params_hash, versions FROM run")
        if known is None:
            self._write("INSERT INTO run (params_hash, versions) VALUES (?, ?)", facts)
        elif known != tuple(facts):
            what = "other parameters" if known[0] != facts.params_hash else "other versions of exportkit or its plugins"
            raise UsageError(
                f"An unfinished run with {what} lies in {shown(self._path.parent)}; repeat it as it was, or give "
                "--restart to begin anew."
            )

    def decide(self, what: str, word: str) -> str:
        """Freeze a decision, or give the one that was frozen before."""
        known = self._row("SELECT decision FROM run")
        decisions: dict[str, str] = json.loads(known[0]) if known is not None and known[0] else {}
        if what not in decisions:
            decisions[what] = word
            self._write("UPDATE run SET decision = ?", (json.dumps(decisions),))
        return decisions[what]

    @property
    def is_complete(self) -> bool:
        """Whether everything was acquired."""
        return bool((self._row("SELECT complete FROM run") or (0,))[0])

    def complete(self) -> None:
        """Everything was acquired, and is on the disk."""
        self._write("UPDATE run SET complete = 1")

    @property
    def watermark(self) -> dict[str, Any] | None:
        """Which rows existed when the run began."""
        known = self._row("SELECT watermark FROM run")
        return json.loads(known[0]) if known and known[0] else None

    @watermark.setter
    def watermark(self, value: Mapping[str, Any]) -> None:
        self._write("UPDATE run SET watermark = ?", (json.dumps(value),))

    # -- items and files -------------------------------------------------------------------------------------

    @property
    def position(self) -> tuple[int | None, int]:
        """(key of the last listed item or None, committed bytes of the spool)."""
        known = self._row("SELECT position, spool_offset FROM run")
        if known is None:
            return None, 0
        return (json.loads(known[0]) if known[0] else None), known[1]

    def commit(self, group: CommittedGroup) -> None:
        """Take note of a group as a whole. Of items that were committed before, the former state stays."""
        with self._transaction() as database:
            chunk = database.execute(
                "INSERT INTO chunks (spool_offset, sha256) VALUES (?, ?)", (group.offset, group.sha256)
            ).lastrowid
            # One statement takes all keys without the lock of the interpreter, which others need meanwhile.
            database.execute(
                "INSERT OR IGNORE INTO items SELECT value, NULL, ?, 'stored', 1, NULL FROM json_each(?)",
                (chunk, json.dumps(list(group.stored))),
            )
            database.executemany(
                "INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?, ?, ?)",
                ((item.key, item.item_id, chunk, item.status, item.attempts, item.error) for item in group.missed),
            )
            database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", group.files)
            database.execute(
                "UPDATE run SET position = ?, spool_offset = ?",
                (None if group.position is None else json.dumps(group.position), group.end),
            )

    def known_keys(self, keys: Iterable[int]) -> set[int]:
        """Which of the keys were committed."""
        asked = list(keys)
        if not asked:
            return set()
        marks = ",".join("?" * len(asked))
        found = self._rows(f"SELECT id FROM items WHERE id IN ({marks})", asked)  # noqa: S608 - marks only
        return {key for (key,) in found}

    def counts(self) -> dict[str, int]:
        """Committed items by status."""
        return dict(self._rows("SELECT status, count(*) FROM items GROUP BY status"))

    def failures(self) -> list[tuple[int | str, str]]:
        """(id, reason) of items that were listed and could not be acquired, in the order of records."""
        return self._rows("SELECT item_id, error FROM items WHERE status = 'failed' ORDER BY item_id, id")

    def file(self, path: str) -> FileFacts | None:
        """The original at a path of the spool, if it was committed."""
        known = self._row("SELECT * FROM files WHERE path = ?", (path,))
        return FileFacts(*known) if known else None

    # -- jobs of the server ----------------------------------------------------------------------------------

    def jobs(self) -> list[JobFacts]:
        """All jobs of the run, by shard."""
        rows = self._rows("SELECT * FROM jobs ORDER BY shard")
        return [
            JobFacts(shard, json.loads(text), key, job, json.loads(manifest) if manifest else None)
            for shard, text, key, job, manifest in rows
        ]

    def plan_job(self, job: JobFacts) -> None:
        """Take note of a job, with its idempotency key, before it is asked for."""
        self._write("INSERT INTO jobs VALUES (?, ?, ?, ?, NULL)", (*_job_texts(job), job.job_id))

    @property
    def is_planned(self) -> bool:
        """Whether all jobs are known."""
        return bool((self._row("SELECT planned FROM run") or (0,))[0])

    def finish_plan(self, last: JobFacts | None = None) -> None:
        """There is no further job, but for this last one."""
        with self._transaction() as database:
            if last is not None:
                database.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, NULL)", (*_job_texts(last), last.job_id))
            database.execute("UPDATE run SET planned = 1")

    def record_job(self, shard: int, job_id: str | None, manifest: Mapping[str, Any] | None = None) -> None:
        """The server has taken the job, or it is over and this is its manifest."""
        text = json.dumps(manifest) if manifest is not None else None
        self._write("UPDATE jobs SET job_id = ?, manifest = ? WHERE shard = ?", (job_id, text, shard))

    def renew_job(self, shard: int, idempotency_key: str) -> None:
        """The job failed; the next attempt is another one."""
        self._write(
            "UPDATE jobs SET job_id = NULL, manifest = NULL, idempotency_key = ? WHERE shard = ?",
            (idempotency_key, shard),
        )

    # ----------------------------------------------------------------------------------------------------------

    def _rows(self, query: str, values: Iterable[Any] = ()) -> list[Any]:
        with self._refusals(), self._lock, closing(self._database.execute(query, tuple(values))) as found:
            return found.fetchall()

    def _row(self, query: str, values: Iterable[Any] = ()) -> tuple[Any, ...] | None:
        return next(iter(self._rows(query, values)), None)

    def _write(self, statement: str, values: Iterable[Any] = ()) -> None:
        with self._transaction() as database:
            database.execute(statement, tuple(values))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._refusals(), self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LocalIOError(
                f"The state of the run {shown(self._path)} cannot be used: {error}; see to its disk, or give "
                "--restart to begin anew."
            ) from error


def _job_texts(job: JobFacts) -> tuple[int, str, str]:
    return job.shard, json.dumps(job.filter), job.idempotency_key
