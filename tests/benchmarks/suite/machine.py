"""The machine of a run, as its page names it."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from tests.benchmarks.suite.results import Machine

__all__ = ["free_bytes", "this_machine"]


def this_machine() -> Machine:
    """Processor, memory, system and Python; nothing that names the machine itself."""
    return Machine(
        processor=_value("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        memory=f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GiB",
        system=f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
        python=platform.python_version(),
    )


def free_bytes(place: Path) -> int:
    """What can be written there; on a memory file system no more than there is memory."""
    free = shutil.disk_usage(place).free
    available = _value("/proc/meminfo", "MemAvailable").removesuffix(" kB")
    return min(free, int(available) * 1024) if place == Path("/dev/shm") and available else free


def _value(file: str, key: str) -> str:
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
