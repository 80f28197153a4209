"""The name under which a worker holds its jobs: which machine, which process, and which of its lives."""

from __future__ import annotations

import os
import platform
import secrets

__all__ = ["new_worker_name", "process_on_this_host"]

_LONGEST_HOST = 40


def new_worker_name() -> str:
    """Name a worker of this process, unlike every other one that ever was."""
    return f"{_host()}:{os.getpid()}:{secrets.token_hex(4)}"


def process_on_this_host(name: str) -> int | None:
    """Give the process of a worker, None where it runs on another machine: there the number means another process."""
    host, process, _life = name.rsplit(":", 2)
    return int(process) if host == _host() else None


def _host() -> str:
    return platform.node()[:_LONGEST_HOST]
