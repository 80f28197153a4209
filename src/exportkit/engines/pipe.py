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

__all__ = ["Message", "pack", "receive", "send", "unpack", "widen"]

#: An object as it goes through a pipe: its pickle, and the buffers that lie outside of that.
Message = Sequence[bytes | bytearray | memoryview]

_COUNT: Final = struct.Struct("<I")
#: A user has 64 MiB for all pipes together where Linux is set up as usual.
_CAPACITY: Final = 1 << 18


def widen(connection: Connection) -> None:
    """Let a pipe hold much, so that its ends wake each other seldom."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(connection.fileno(), fcntl.F_SETPIPE_SZ, _CAPACITY)


def pack(value: Any) -> Message:
    """An object as a message; a :class:`pickle.PickleBuffer` in it goes as it lies. Raises what pickle raises."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(value, 5, buffer_callback=buffers.append)
    return [head, *[buffer.raw() for buffer in buffers]]


def unpack(message: Message) -> Any:
    """The object of a message from a process that this one has started, or that has started this one."""
    return pickle.loads(message[0], buffers=message[1:])  # noqa: S301


def send(connection: Connection, message: Message) -> None:
    """Put a message into a pipe. Raises OSError where nobody reads any more."""
    parts = [memoryview(part) for part in message]
    sizes = struct.pack(f"<{len(parts)}Q", *[part.nbytes for part in parts])
    pipe = FileIO(connection.fileno(), "wb", closefd=False)
    # What is short is written at once, and nothing comes between.
    for part in (memoryview(b"".join((_COUNT.pack(len(parts)), sizes, parts[0]))), *parts[1:]):
        rest = part
        while rest.nbytes:
            rest = rest[pipe.write(rest) :]


def receive(connection: Connection) -> Message:
    """The next message of a pipe. Raises EOFError where there is none, or only a part of one."""
    pipe = FileIO(connection.fileno(), "rb", closefd=False)
    (count,) = _COUNT.unpack(_taken(pipe, _COUNT.size))
    sizes: Sequence[int] = struct.unpack(f"<{count}Q", _taken(pipe, 8 * count))
    return [_taken(pipe, size) for size in sizes]


def _taken(pipe: FileIO, size: int) -> bytearray:
    taken = bytearray(size)
    rest = memoryview(taken)
    while rest.nbytes:
        count = pipe.readinto(rest)
        if not count:
            raise EOFError
        rest = rest[count:]
    return taken
