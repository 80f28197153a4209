"""An address is judged before Ray tries it, and before anything is made (product: exit codes)."""

from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conversion.workbench import Workbench, bench

from exportkit.engines import open_engine
from exportkit.errors import UsageError

__all__ = ["bench"]


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """The address of a server that says one thing to whoever connects first."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            thread.join()


def test_where_nobody_answers_the_run_ends_at_once(bench: Workbench) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else can take it
        address = f"127.0.0.1:{unheard.getsockname()[1]}"
        found = bench.convert(bench.pictures(1, 2), "--engine", "ray", "--ray-address", address)

    assert found.code == 5
    assert found.data["exit_error"]["message"] == (
        f"Nothing answers at --ray-address {address} (Connection refused); start the cluster, or correct the address."
    )


@pytest.mark.parametrize("answer", [b"HTTP/1.0 400 Bad Request\r\n\r\n", b"", b"\0\0"])
def test_a_server_of_something_else_is_no_cluster(bench: Workbench, answer: bytes) -> None:
    with answering(answer) as address:
        found = bench.convert(bench.pictures(1, 2), "--engine", "ray", "--ray-address", address)

    assert found.code == 5
    assert "is no Ray cluster" in found.data["exit_error"]["message"]


@pytest.mark.parametrize("address", ["ray://127.0.0.1:10001", "somewhere", "host:99999", ":6379", "a b:1", "host:"])
def test_what_is_no_address_is_a_mistake_of_the_command(bench: Workbench, address: str) -> None:
    found = bench.convert(bench.pictures(1, 2), "--engine", "ray", "--ray-address", address)

    assert found.code == 2
    assert "is no address of a Ray cluster" in found.data["exit_error"]["message"]


def test_an_address_goes_with_the_engine_that_has_one(bench: Workbench) -> None:
    found = bench.convert(bench.pictures(1, 2), "--ray-address", "127.0.0.1:6379")

    assert (found.code, found.data["exit_error"]["message"]) == (2, "--ray-address goes with --engine ray.")


def test_an_unknown_engine_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no engine 'dask'; choose local or ray"):
        open_engine(1, 0, name="dask", folder=tmp_path)  # type: ignore[arg-type]


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="the extra is installed here")
def test_without_the_extra_the_run_says_what_to_install(bench: Workbench) -> None:
    found = bench.convert(bench.pictures(1, 2), "--engine", "ray")

    assert found.code == 2
    assert "pip install 'exportkit[ray]'" in found.data["exit_error"]["message"]
