"""Where work is done: in this process, or in a pool of local processes."""

from exportkit.engines.engine import Engine, open_engine
from exportkit.engines.in_process import InProcessEngine
from exportkit.engines.process_pool import ProcessPoolEngine

__all__ = ["Engine", "InProcessEngine", "ProcessPoolEngine", "open_engine"]
