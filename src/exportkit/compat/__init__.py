"""Plugins that were written for synapse-sdk run here unchanged."""

from __future__ import annotations

from exportkit.compat.alias import synapse_sdk_alias

__all__ = ["synapse_sdk_alias"]
