"""The protocol of an engine, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from exportkit.engines.job_place import JobPlace
from exportkit.errors import UsageError

__all__ = ["POOL_THRESHOLD", "Engine", "EngineName", "open_engine"]

Job = TypeVar("Job")
Result = TypeVar("Result")

#: Where jobs run: on this machine, or as tasks of Ray.
EngineName = Literal["local", "ray"]
#: Below this many bytes of input a pool costs more than it brings.
POOL_THRESHOLD = 32 << 20


class Engine(Protocol):
    """Runs a pure function over jobs. Results come in the order of the jobs, whoever finishes first."""

    #: True where results need not cross a process border, so that bytes may be handed over as they are.
    in_process: bool
    #: True where a job may be done again, and its first attempt may still be writing when the second one is through.
    repeats: bool
    #: How many jobs run at once.
    workers: int

    def map_ordered(
        self, function: Callable[[Job], Result], jobs: Iterable[Job], window: int | None = None
    ) -> Iterator[Result]:
        """Yield ``function(job)`` for each job, in order.

        At most ``window`` jobs are under way or waiting to be taken, which bounds the memory for results.
        The first exception of a job ends the iteration and reaches the caller unchanged.
        """
        ...


def open_engine(
    workers: int,
    input_bytes: int,
    *,
    name: EngineName = "local",
    address: str | None = None,
    folder: Path | None = None,
    reads: Sequence[Path] = (),
    storage: str | None = None,
    root: Path | None = None,
) -> AbstractContextManager[Engine]:
    """The engine for this much input. ``local`` is a pool where several workers are asked for and worth it.

    ``workers`` 0 chooses: one process below :data:`POOL_THRESHOLD`, else one per available processor; with Ray as many
    as the cluster has. Only Ray looks at the rest: ``address`` is that of a cluster, ``folder`` an empty one that all
    its machines have to share, and ``reads`` what they have to see. With ``storage``, a URL of S3, they share nothing
    but that: jobs find the folder ``root``, below which all lies that they read and make, as one of their own machine.
    Raises UsageError.
    """
    if name == "ray":
        from exportkit.engines.ray_engine import RayEngine

        return RayEngine(workers, address, _place(folder, storage, root), reads)
    if name != "local":
        raise UsageError(f"There is no engine {name!r}; choose local or ray.")
    if address is not None:
        raise UsageError("--ray-address goes with --engine ray.")
    if storage is not None:
        raise UsageError("--ray-storage goes with --engine ray.")
    from exportkit.engines.in_process import InProcessEngine
    from exportkit.engines.process_pool import ProcessPoolEngine, available_processors

    count = workers or (available_processors() if input_bytes >= POOL_THRESHOLD else 1)
    return InProcessEngine() if count == 1 else ProcessPoolEngine(count)


def _place(folder: Path | None, storage: str | None, root: Path | None) -> JobPlace:
    if storage is None:
        from exportkit.engines.job_folder import JobFolder

        if folder is None:
            raise UsageError("The engine 'ray' needs a folder that all machines share.")
        return JobFolder(folder)
    from exportkit.engines.job_storage import JobStorage
    from exportkit.storage.objects import S3Location

    S3Location.from_url(storage)
    if root is None:
        raise UsageError("The engine 'ray' needs the folder of the run.")
    return JobStorage(storage, root)
