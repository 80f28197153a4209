"""What a server frees goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

#: Buffers of a size that the C library would keep from the second on; prints what of them stays, in bytes.
_PROGRAM = """
from pathlib import Path
from exportkit.server.heap import keep_heap_small

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

assert keep_heap_small()
small = [bytes(100_000) for _ in range(2)]
before = resident()
for size in (1 << 20, 4 << 20, 16 << 20):
    buffers = [b"x" * size for _ in range(3)]
    kept = b"y" * 1000
    del buffers
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep nothing, or cannot be told")
def test_large_buffers_that_were_freed_are_not_kept() -> None:
    told = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True)

    assert int(told.stdout) < 1 << 20
