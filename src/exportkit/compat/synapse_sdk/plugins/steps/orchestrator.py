"""Runs steps."""

from __future__ import annotations

from exportkit.steps import Orchestrator

__all__ = ["Orchestrator"]
