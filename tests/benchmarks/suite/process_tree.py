"""Runs one command and prints what its whole process tree used, as one line of JSON.

    python -I -S process_tree.py SECONDS MIB COMMAND [WORD …]

It imports next to nothing and runs in a process of its own: the kernel counts the memory of whoever starts a program
as that program's own, so a large starter would hide a small program. Linux only.

CPU is that of the command and of all its descendants, of those too that outlive their parent. Memory is the peak of
the tree: the kernel's own mark of the largest process, and, where there are several, samples of the sum of their
proportional sets, in which pages that forks share count once.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time

_PAUSE = 0.02
#: A proportional set is summed by walking all pages, so no more than a fiftieth of the time goes into that.
_LEAST_BETWEEN_SUMS, _SHARE = 0.2, 50
#: How long daemons may take to end after the command has.
_PATIENCE = 10.0
#: Of prctl(2): PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER.
_DIE_WITH_PARENT, _ADOPT_ORPHANS = 1, 36


def main() -> None:
    """Run the command of the arguments; never fails because the command does."""
    seconds, mebibytes, command = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    system = ctypes.CDLL(None)
    system.prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)
    begun = time.perf_counter()
    started = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        # Whoever stops the suite stops what it measures.
        preexec_fn=lambda: system.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0),  # noqa: PLW1509 - without threads
    )
    watch = Watch(started.pid, begun + seconds, mebibytes * 1024)
    status, stopped = watch.until_it_ends()
    wall = time.perf_counter() - begun
    started.returncode = status
    _see_off_what_is_left()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "status": status,
        "stopped": stopped,
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "memory": max(watch.peak, used.ru_maxrss) / 1024,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


class Watch:
    """Samples the memory of a tree until its first process ends, and ends it at a limit."""

    def __init__(self, pid: int, deadline: float, most: float) -> None:
        self.peak = 0
        self._pid = pid
        self._deadline = deadline
        self._most = most
        self._next_sum = 0.0

    def until_it_ends(self) -> tuple[int, str]:
        """Exit status as subprocess tells it, and the limit that was reached, if any."""
        stopped = ""
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status), stopped
            self._sample()
            if not stopped and time.perf_counter() > self._deadline:
                stopped = "time"
            elif not stopped and self.peak > self._most:
                stopped = "memory"
            if stopped:
                os.killpg(self._pid, signal.SIGKILL)
            time.sleep(_PAUSE)

    def _sample(self) -> None:
        now = time.perf_counter()
        if now < self._next_sum:
            return
        tree = [self._pid, *descendants(self._pid)]
        if len(tree) == 1:
            self.peak = max(self.peak, kibibytes(self._pid, "status", "VmHWM:"))
            return
        self.peak = max(self.peak, sum(kibibytes(pid, "smaps_rollup", "Pss:") for pid in tree))
        done = time.perf_counter()
        self._next_sum = done + max(_LEAST_BETWEEN_SUMS, _SHARE * (done - now))


def descendants(pid: int) -> list[int]:
    """Children, their children, and so on; what ends meanwhile is left out."""
    found: list[int] = []
    ahead = [pid]
    while ahead:
        above = ahead.pop()
        try:
            for task in os.scandir(f"/proc/{above}/task"):
                with open(f"{task.path}/children", encoding="ascii") as file:
                    ahead += map(int, file.read().split())
        except OSError:
            pass
        found += [above] if above != pid else []
    return found


def kibibytes(pid: int, file: str, key: str) -> int:
    """One line of a file of ``/proc``; zero for a process that has ended."""
    try:
        with open(f"/proc/{pid}/{file}", encoding="ascii", errors="replace") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith(key)), 0)
    except OSError:
        return 0


def _see_off_what_is_left() -> None:
    """Wait for adopted orphans, so that their CPU counts; end those that do not end by themselves."""
    deadline = time.perf_counter() + _PATIENCE
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        if time.perf_counter() > deadline:
            for orphan in descendants(os.getpid()):
                os.kill(orphan, signal.SIGKILL)
        time.sleep(_PAUSE)


if __name__ == "__main__":
    main()
