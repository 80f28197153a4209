"""A cluster of two nodes on this machine, one of which may be lost."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest
from ray._private.node import Node
from ray.cluster_utils import Cluster
from tests.ray.processes import Process, is_stopped, processes

#: Ray takes a node for lost when it is gone for three seconds, or silent for fifteen: on a busy machine all are slow.
_ALERT = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 4000,
    "health_check_failure_threshold": 3,
}
_OBJECTS = 80 << 20
_STOPS = Path(__file__).with_name("stops")
#: How a worker calls itself that is at a task.
TASK = "ray::_on_this_machine"


class TwoNodes:
    """The first node is the one that programs connect to; the second only works."""

    def __init__(self, folder: Path) -> None:
        self._order = folder / "order"
        # Workers have the environment of whoever started their node.
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EXPORTKIT_TESTS_STOP", str(self._order))
            patch.setenv("PYTHONPATH", str(_STOPS), prepend=os.pathsep)
            self._start()

    def _start(self) -> None:
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
        # A process that is stopped does not hear that its node is gone, and a node that is asked to leave may take a
        # minute over it.
        raylets = [self._raylet(node) for node in (self._second, self._cluster.head_node)]
        for pid in [*raylets, *([self._stopped] if self._stopped else [])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._cluster.shutdown()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def order_stop(self, out: Path | None, stage: str) -> None:
        """Have a worker of the second node stop itself while a file of its own for `out` is open for writing.

        None stands for an output that workers do not see: they work in folders of their own. Workers of the first node
        wait at this place until it has stopped, so that it comes to be.
        """
        own_folder = f"{tempfile.gettempdir()}/exportkit-work-"
        order = {
            "raylets": [self._raylet(node) for node in (self._cluster.head_node, self._second)],
            "stopped": self._raylet(self._second),
            "place": own_folder if out is None else f"{out.parent}/.out.exportkit-run/spool/",
            "sign": {"survey": "/survey-", "encode": "/attempts/"}[stage],
        }
        self._order.symlink_to(json.dumps(order))

    def stopped(self) -> Process | None:
        """The worker of the second node that has stopped itself."""
        raylet = self._raylet(self._second)
        for found in processes():
            if found.parent == raylet and found.command.startswith(TASK) and is_stopped(found.pid):
                self._stopped = found.pid
                return found
        return None

    @staticmethod
    def _raylet(node: Node) -> int:
        (entry,) = node.all_processes["raylet"]
        return int(entry.process.pid)

    def _gcs(self) -> int:
        (entry,) = self._cluster.head_node.all_processes["gcs_server"]
        return int(entry.process.pid)

    def lose_head(self) -> None:
        """Kill what the cluster cannot be without."""
        os.kill(self._gcs(), signal.SIGKILL)

    def signal_second(self, number: int) -> None:
        """Kill the second node as if its power were cut, stop it as if its network were, or let it go on."""
        os.kill(self._raylet(self._second), number)
