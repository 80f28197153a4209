"""The process of one worker: stdin brings its settings, then lines that wake it, and with its end the worker's."""

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

    worker = Worker(backend)

    def listen() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            worker.woken.set()
        backend.ending.set()
        worker.woken.set()

    Thread(target=listen, name="listen", daemon=True).start()
    try:
        worker.run()
    finally:
        backend.close()


if __name__ == "__main__":
    main()
