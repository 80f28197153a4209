"""Run by a benchmark in a process of its own: acquires an export by one head, and goes no further.

Reads ``{"connection": {…}, "params": {…}, "delegated": bool}`` and prints what it took as one JSON object. The start of
the process is no part of that, as it is none of what the head is compared with: a first export of one row loads the
modules that are loaded when they are needed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from typing import Any

from pydantic import SecretStr

from exportkit.actions import BaseExporter, DefaultExportAction
from exportkit.actions.delegation import DelegationDecision
from exportkit.clients import Connection
from exportkit.running.backend import backend_clients
from exportkit.runtime import NoOpLogger, PluginEnvironment, RuntimeContext
from exportkit.steps import StepRegistry


class _HeadAlone(DefaultExportAction):
    """The acquisition of an export, with everything that a real one does around it: probe, run state, verification."""

    entrypoint = BaseExporter
    delegated = False

    def setup_steps(self, registry: StepRegistry[Any]) -> None:
        super().setup_steps(registry)
        for name in ("prepare_export", "convert_data", "save_files", "finalize"):
            registry.unregister(name)

    def _resolve_delegation_decision(self) -> DelegationDecision:
        decision = super()._resolve_delegation_decision()
        reason = "" if self.delegated else "measured in process"
        return DelegationDecision(self.delegated, decision.count, decision.project_id, reason)


def acquired(connection: Connection, params: dict[str, Any]) -> Any:
    """Acquire with clients of its own."""
    with backend_clients(connection) as (v1, v2):
        context = RuntimeContext(logger=NoOpLogger(), env=PluginEnvironment(), client=v1, v2_client=v2)
        return _HeadAlone.dispatch(params, context)


def main() -> None:
    """Acquire and tell."""
    asked = json.load(sys.stdin)
    given, params = asked["connection"], asked["params"]
    _HeadAlone.delegated = asked["delegated"]
    connection = Connection(given["url"], access_token=SecretStr(given["token"]), tenant=given["tenant"])
    warnings.simplefilter("ignore")
    acquired(connection, params | {"path": f"{params['path']}/first", "filter": params["filter"] | {"ids": "1"}})
    print("begun", flush=True)
    begun, cpu = time.perf_counter(), time.process_time()
    result = acquired(connection, params)
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "cpu": used, "peak": peak << 10, "records": result["total_count"]}))


if __name__ == "__main__":
    main()
