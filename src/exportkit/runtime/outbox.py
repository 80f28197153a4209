"""What waits to be sent to a job: log entries in batches, snapshots of which only the newest counts."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Protocol

__all__ = ["JobClient", "Outbox"]

QUEUE_MAX = 2000
REQUEST_MAX = 1000
#: Seconds without an attempt after one that failed.
RETRY_SECONDS = 1.0
#: Seconds that closing waits for a request under way.
CLOSING_SECONDS = 30.0
_NEVER = float("-inf")


class Delivery(Enum):
    """What became of a request."""

    DONE = auto()
    LATER = auto()
    #: The server will never take it.
    REFUSED = auto()


class JobClient(Protocol):
    """The two calls of a backend client that a job's log needs (wire contract §14)."""

    def update_job(self, job_id: str, data: dict[str, Any]) -> Any: ...

    def create_logs(self, data: dict[str, Any] | list[dict[str, Any]]) -> Any: ...


class Outbox:
    """Bounded queue in front of a client, emptied by one thread that starts with the first entry.

    A full queue makes the caller wait up to ``patience`` seconds as long as sending works; when it does not, the
    oldest entry goes and ``lost`` is told. Entries leave in their order, those with a file alone. Without a thread
    (``background`` false) the caller sends what is due.
    """

    def __init__(
        self,
        client: JobClient,
        job_id: str,
        *,
        snapshot: Callable[[], dict[str, Any]],
        lost: Callable[[int], None],
        batch: int,
        entries_every: float,
        snapshots_every: float,
        background: bool,
        patience: float,
    ) -> None:
        """``snapshot`` answers the body of the update; ``…_every`` are seconds."""
        self._client = client
        self._job_id = job_id
        self._snapshot = snapshot
        self._lost = lost
        self._batch = max(1, batch)
        self._entries_every = max(0.0, entries_every)
        self._snapshots_every = max(0.0, snapshots_every)
        self._background = background
        self._patience = max(0.0, patience)
        self._entries: deque[dict[str, Any]] = deque()
        self._stale = False
        self._state = threading.Condition()
        self._sending = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._failing = False
        self._retry_at = _NEVER
        self._entries_sent_at = time.monotonic()
        self._snapshot_sent_at = _NEVER

    def put(self, entry: dict[str, Any]) -> None:
        """Queue one entry."""
        with self._state:
            self._wait_for_room()
            if len(self._entries) >= QUEUE_MAX:
                self._entries.popleft()
                self._lost(1)
            self._entries.append(entry)
            waiting = len(self._entries)
        if not self._background or waiting == 1 or waiting % self._batch == 0:
            self._wake()

    def refresh(self) -> None:
        """Have the newest snapshot sent, together with those asked for until then."""
        with self._state:
            known, self._stale = self._stale, True
        if not self._background or not known:
            self._wake()

    def close(self) -> None:
        """Send all that waits, once; what is then left is lost. A client that hangs is waited for half a minute."""
        with self._state:
            self._closing = True
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join(CLOSING_SECONDS)
        if self._sending.acquire(blocking=self._thread is None):
            self._sending.release()
            self._send(final=True)
        with self._state:
            if self._entries:
                self._lost(len(self._entries))
                self._entries.clear()

    def _wait_for_room(self) -> None:
        if not self._background or threading.current_thread() is self._thread:
            return
        deadline = time.monotonic() + self._patience
        while len(self._entries) >= QUEUE_MAX and not self._failing and not self._closing:
            self._state.notify_all()
            if not self._state.wait(deadline - time.monotonic()) and time.monotonic() >= deadline:
                self._failing = True

    def _wake(self) -> None:
        if not self._background:
            self._send()
            return
        with self._state:
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="exportkit-job-log", daemon=True)
                self._thread.start()
            else:
                self._state.notify_all()

    def _run(self) -> None:
        while True:
            with self._state:
                while not self._closing and (pause := self._pause()) > 0:
                    self._state.wait(None if pause == float("inf") else pause)
                if self._closing:
                    return
            self._send()

    def _pause(self) -> float:
        """Seconds until something is due; 0 or less is now."""
        now = time.monotonic()
        pauses = [float("inf")]
        if self._entries:
            full = len(self._entries) >= self._batch and not self._failing
            pauses.append(0.0 if full else self._entries_sent_at + self._entries_every - now)
        if self._stale:
            pauses.append(self._snapshot_sent_at + self._snapshots_every - now)
        return max(min(pauses), self._retry_at - now)

    def _send(self, *, final: bool = False) -> None:
        if not final and time.monotonic() < self._retry_at:
            return
        with self._sending:
            self._send_snapshot(final=final)
            self._send_entries(final=final)

    def _send_snapshot(self, *, final: bool) -> None:
        with self._state:
            due = self._snapshot_sent_at + self._snapshots_every <= time.monotonic()
            if not self._stale or not (due or final):
                return
            self._stale = False
            self._snapshot_sent_at = time.monotonic()
        outcome = self._delivered(self._client.update_job, self._job_id, self._snapshot())
        if outcome is Delivery.LATER and not final:
            with self._state:
                self._stale = True
        elif outcome is not Delivery.DONE:
            self._lost(1)

    def _send_entries(self, *, final: bool) -> None:
        with self._state:
            late = self._entries_sent_at + self._entries_every <= time.monotonic()
            full = len(self._entries) >= self._batch and not self._failing
            if not self._entries or not (late or full or final):
                return
        while batch := self._take():
            outcome = self._delivered(self._client.create_logs, batch if len(batch) > 1 else batch[0])
            with self._state:
                self._failing = outcome is Delivery.LATER
                self._entries_sent_at = time.monotonic()
                if outcome is Delivery.REFUSED:
                    self._lost(len(batch))
                elif outcome is Delivery.LATER:
                    self._put_back(batch)
                self._state.notify_all()
            if outcome is Delivery.LATER:
                return

    def _put_back(self, batch: list[dict[str, Any]]) -> None:
        self._entries.extendleft(reversed(batch))
        while len(self._entries) > QUEUE_MAX:
            self._entries.popleft()
            self._lost(1)

    def _take(self) -> list[dict[str, Any]]:
        with self._state:
            batch: list[dict[str, Any]] = []
            while self._entries and len(batch) < REQUEST_MAX:
                if batch and ("file" in self._entries[0] or "file" in batch[-1]):
                    break
                batch.append(self._entries.popleft())
            return batch

    def _delivered(self, call: Callable[..., Any], *arguments: object) -> Delivery:
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 - a log that cannot be sent must not fail an export
            status = getattr(error, "status_code", None)
            if isinstance(status, int) and 400 <= status < 500 and status not in {408, 429}:
                return Delivery.REFUSED
            self._retry_at = time.monotonic() + RETRY_SECONDS
            return Delivery.LATER
        return Delivery.DONE
