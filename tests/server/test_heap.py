"""What a server frees goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

#: Frees megabytes again and again, and prints what of them stays, in bytes.
_PROGRAM = """
from pathlib import Path
from exportkit.server.heap import keep_heap_small

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

assert keep_heap_small()
before = resident()
for _ in range(3):
    buffers = [bytearray(1 << 20) for _ in range(8)]
    for buffer in buffers:
        buffer[:] = b"x" * len(buffer)
    kept = [bytes(600) for _ in range(100)]
    del buffers, buffer
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries cannot be told")
def test_large_buffers_that_were_freed_are_not_kept() -> None:
    told = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True)

    assert int(told.stdout) < 2 << 20
