"""A pipe of objects between two processes of this machine; what is large is copied into the pipe and out of it only."""

from __future__ import annotations

import pickle
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from multiprocessing.connection import Connection
from typing import Any, Final

__all__ = ["receive", "send", "widen"]

_COUNT: Final = struct.Struct("<I")
#: The most that Linux gives anybody; other systems keep what they have.
_CAPACITY: Final = 1 << 20


def widen(connection: Connection) -> None:
    """Let a pipe hold much, so that its ends wake each other seldom."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(connection.fileno(), fcntl.F_SETPIPE_SZ, _CAPACITY)


def send(connection: Connection, value: Any) -> None:
    """Put an object into a pipe; a :class:`pickle.PickleBuffer` in it goes as it lies.

    Raises what pickle raises before anything is sent, and OSError where nobody reads any more.
    """
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, 5, buffer_callback=buffers.append)
    parts = [memoryview(head), *[buffer.raw() for buffer in buffers]]
    sizes = struct.pack(f"<{len(parts)}Q", *[part.nbytes for part in parts])
    pipe = FileIO(connection.fileno(), "wb", closefd=False)
    for part in (memoryview(_COUNT.pack(len(parts)) + sizes), *parts):
        rest = part
        while rest.nbytes:
            rest = rest[pipe.write(rest) :]


def receive(connection: Connection) -> Any:
    """The next object of a pipe. Raises EOFError where there is none, or only a part of one."""
    pipe = FileIO(connection.fileno(), "rb", closefd=False)
    (count,) = _COUNT.unpack(_taken(pipe, _COUNT.size))
    sizes: Sequence[int] = struct.unpack(f"<{count}Q", _taken(pipe, 8 * count))
    head, *buffers = [_taken(pipe, size) for size in sizes]
    # From a process that this one has started, or that has started this one.
    return pickle.loads(head, buffers=buffers)  # noqa: S301


def _taken(pipe: FileIO, size: int) -> bytearray:
    taken = bytearray(size)
    rest = memoryview(taken)
    while rest.nbytes:
        count = pipe.readinto(rest)
        if not count:
            raise EOFError
        rest = rest[count:]
    return taken
