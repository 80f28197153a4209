"""A cluster of two nodes on this machine, one of which may be lost."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Self

from ray.cluster_utils import Cluster
from tests.ray.processes import Process, processes

#: Ray takes a node for lost after a second without a sign of it.
_ALERT = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 250,
    "health_check_timeout_ms": 500,
    "health_check_failure_threshold": 3,
}
_OBJECTS = 80 << 20


class TwoNodes:
    """The first node is the one that programs connect to; the second only works."""

    def __init__(self, folder: Path) -> None:
        self._cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 1,
                "object_store_memory": _OBJECTS,
                "include_dashboard": False,
                "temp_dir": str(folder),
                "_system_config": _ALERT,
            },
        )
        self._second = self._cluster.add_node(num_cpus=1, object_store_memory=_OBJECTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.shutdown()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def _raylet(self) -> int:
        (entry,) = self._second.all_processes["raylet"]
        return int(entry.process.pid)

    def workers_of_second(self) -> list[Process]:
        """Processes of the second node that are at a job."""
        raylet = self._raylet()
        return [found for found in processes() if found.parent == raylet and found.command.startswith("ray::run_job")]

    def lose_second(self) -> None:
        """Have the second node vanish as if its power were cut."""
        os.kill(self._raylet(), signal.SIGKILL)

    def settings(self, **more: Any) -> dict[str, str]:
        """The environment of a program that may connect."""
        return {**os.environ, **more}
