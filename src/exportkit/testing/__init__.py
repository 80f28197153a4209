"""Tools for people who test formats, bundles and clients of their own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from exportkit.testing.fault_proxy import Fault, FaultProxy
from exportkit.testing.memory_client import MemoryClient
from exportkit.testing.tree_digest import lists_as_data, tree_digest

if TYPE_CHECKING:
    from exportkit.testing.faulty_transport import FaultyTransport
    from exportkit.testing.sample_bundle import make_bundle
    from exportkit.testing.writer_contract import WriterContract

__all__ = [
    "Fault",
    "FaultProxy",
    "FaultyTransport",
    "MemoryClient",
    "WriterContract",
    "lists_as_data",
    "make_bundle",
    "tree_digest",
]


def __getattr__(name: str) -> Any:
    if name == "make_bundle":
        return import_module("exportkit.testing.sample_bundle").make_bundle
    if name == "FaultyTransport":
        return import_module("exportkit.testing.faulty_transport").FaultyTransport
    # Late, since the suite alone needs pytest.
    if name != "WriterContract":
        raise AttributeError(f"module 'exportkit.testing' has no attribute {name!r}")
    try:
        module = import_module("exportkit.testing.writer_contract")
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        raise ImportError(
            "WriterContract runs under pytest; install it with: pip install 'exportkit[testing]'"
        ) from error
    return module.WriterContract
