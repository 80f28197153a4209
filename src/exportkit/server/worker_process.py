"""The process of one worker: stdin brings its settings, then lines that wake it, and with its end the worker's.

stdout takes the ids of jobs that have news, one a line.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
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
    os.set_blocking(sys.stdout.fileno(), False)
    backend = Backend.open(msgspec.json.decode(sys.stdin.buffer.readline(), type=ServerSettings))

    worker = Worker(backend, _tell)

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


def _tell(job_id: str) -> None:
    # A server that reads no more is about to end, or is gone.
    with suppress(OSError):
        os.write(sys.stdout.fileno(), f"{job_id}\n".encode())


if __name__ == "__main__":
    main()
