"""What two runs have in common when one of them may go on with what the other acquired."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from exportkit import __version__
from exportkit.acquisition import RunFacts
from exportkit.plugins import PluginManager
from exportkit.runtime.knobs import KNOBS

__all__ = ["run_facts"]

#: Params that can change no byte of the output: how an export is acquired, and when it is given up.
_VOLATILE: Final = {
    *KNOBS,
    *("max_errors", "export_log_files"),
    *("disable_async_delegate", "async_job_size_threshold", "description"),
}


def run_facts(context: Any, backend: str | None) -> RunFacts:
    """The facts of a run (reliability, section 2, R5): everything that can change a byte of what is acquired.

    `backend` says whose rows they are. Secrets are among the facts as parts of a digest alone.
    """
    params = context.params
    facts = {
        "params": _lasting(params),
        "extra_params": _lasting(params.get("extra_params") or {}),
        "config": _lasting(context.config or {}),
        "needs": asdict(context.needs),
        "backend": backend,
    }
    text = json.dumps(facts, sort_keys=True, default=str)
    versions = [__version__, *sorted(map(list, PluginManager.load().identity))]
    return RunFacts(hashlib.sha256(text.encode()).hexdigest(), json.dumps(versions))


def _lasting(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key not in _VOLATILE and key != "extra_params"}
