"""A cluster of two nodes on this machine, one of which may be lost."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Self

from ray.cluster_utils import Cluster
from tests.ray.processes import Process, processes

#: Ray takes a node for lost when it is gone for three seconds, or silent for fifteen: on a busy machine all are slow.
_ALERT = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 4000,
    "health_check_failure_threshold": 3,
}
_OBJECTS = 80 << 20
#: How a worker calls itself that is at a task.
TASK = "ray::_on_this_machine"


class TwoNodes:
    """The first node is the one that programs connect to; the second only works."""

    def __init__(self) -> None:
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 1,
                "object_store_memory": _OBJECTS,
                "include_dashboard": False,
                "_system_config": _ALERT,
            },
        )
        self._stopped: int | None = None
        self._second = self._cluster.add_node(num_cpus=1, object_store_memory=_OBJECTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A process that is stopped does not hear that its node is gone.
        if self._stopped is not None:
            with suppress(ProcessLookupError):
                os.kill(self._stopped, signal.SIGKILL)
        self._cluster.shutdown()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def _raylet(self) -> int:
        (entry,) = self._second.all_processes["raylet"]
        return int(entry.process.pid)

    def stopped_at_work(self, out: Path, stage: str) -> Process | None:
        """A worker of the second node that is stopped while a file of its own for `out` is open for writing."""
        raylet = self._raylet()
        for worker in [found for found in processes() if found.parent == raylet and found.command.startswith(TASK)]:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGSTOP)
                if worker in processes() and _writes(worker.pid, out, stage):
                    self._stopped = worker.pid
                    return worker
                os.kill(worker.pid, signal.SIGCONT)
        return None

    def _gcs(self) -> int:
        (entry,) = self._cluster.head_node.all_processes["gcs_server"]
        return int(entry.process.pid)

    def lose_head(self) -> None:
        """Kill what the cluster cannot be without."""
        os.kill(self._gcs(), signal.SIGKILL)

    def signal_second(self, number: int) -> None:
        """Kill the second node as if its power were cut, stop it as if its network were, or let it go on."""
        os.kill(self._raylet(), number)


def _writes(pid: int, out: Path, stage: str) -> bool:
    place = f"{out.parent}/.out.exportkit-run/spool/"
    sign = "/survey-" if stage == "survey" else "/attempts/"
    with suppress(FileNotFoundError):
        links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
        return any(link.startswith(place) and sign in link for link in links)
    return False
