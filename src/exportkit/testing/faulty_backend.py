"""The faults of ``exportkit serve --chaos``, for tests that wrap an application of their own.

``Chaos(app, ChaosPlan(rules=[ChaosRule(route="/v2/tasks/", status=[503, 200])]))`` is an ASGI application.
"""

from __future__ import annotations

from exportkit.server.chaos import Chaos
from exportkit.server.chaos_rules import ChaosPlan, ChaosRule, read_chaos

__all__ = ["Chaos", "ChaosPlan", "ChaosRule", "read_chaos"]
