"""Whether a Ray cluster answers at an address: asked before Ray itself tries, which takes minutes to give up."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from typing import Final

from exportkit.errors import RemoteIOError, UsageError

__all__ = ["LOCAL", "ensure_reachable"]

#: Addresses that stand for a cluster of this run alone, on this machine.
LOCAL: Final = frozenset({None, "local"})
_ADDRESS: Final = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})")
_SECONDS: Final = 5.0
#: How a client of HTTP/2, which gRPC speaks, begins: its preface and an empty frame of settings.
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_FRAME_HEAD: Final = 9
_SETTINGS: Final = 4


def ensure_reachable(address: str) -> None:
    """Raise UsageError for what is no address, RemoteIOError where nobody, or somebody else, answers there."""
    if address == "auto":
        return
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > 0xFFFF:
        hint = " (an address of Ray Client has no access to the folder of the run)" if "://" in address else ""
        raise UsageError(
            f"--ray-address {address[:120]!r} is no address of a Ray cluster{hint}; write HOST:PORT, auto or local."
        )
    try:
        with socket.create_connection((found["host"].strip("[]"), int(found["port"])), timeout=_SECONDS) as connection:
            connection.sendall(_PREFACE)
            head = _received(connection)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RemoteIOError(
            f"Nothing answers at --ray-address {address} ({reason}); start the cluster, or correct the address."
        ) from None
    if len(head) < _FRAME_HEAD or head[3] != _SETTINGS:
        raise RemoteIOError(
            f"What answers at --ray-address {address} is no Ray cluster; give the address that 'ray start' printed."
        )


def _received(connection: socket.socket) -> bytes:
    head = b""
    with suppress(ConnectionError):
        while len(head) < _FRAME_HEAD and (piece := connection.recv(_FRAME_HEAD - len(head))):
            head += piece
    return head
