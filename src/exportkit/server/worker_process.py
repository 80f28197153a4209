"""The process of one worker: its settings come by stdin, and the end of stdin is its end."""

from __future__ import annotations

import logging
import os
import signal
import sys
from threading import Thread

import msgspec

from exportkit.server.backend import Backend
from exportkit.server.settings import ServerSettings
from exportkit.server.worker import Worker

__all__ = ["main"]


def main() -> None:
    """Work until the server that started this process closes the pipe, or dies and so closes it."""
    # Signals of the terminal are for the server, which ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(message)s")
    backend = Backend.open(msgspec.json.decode(sys.stdin.buffer.readline(), type=ServerSettings))

    def await_end() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        backend.ending.set()

    Thread(target=await_end, name="end", daemon=True).start()
    try:
        Worker(backend).run()
    finally:
        backend.close()


if __name__ == "__main__":
    main()
