"""What a call of the backend may end in, under the older name of the module."""

from __future__ import annotations

from exportkit.compat.synapse_sdk import exceptions
from exportkit.compat.synapse_sdk.exceptions import *  # noqa: F403 - the one list of names is over there

__all__ = exceptions.__all__
