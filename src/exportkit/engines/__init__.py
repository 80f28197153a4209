"""Where work is done: in this process, in a pool of local processes, or as tasks of Ray."""

from exportkit.engines.engine import Engine, EngineName, open_engine
from exportkit.engines.in_process import InProcessEngine
from exportkit.engines.process_pool import ProcessPoolEngine

__all__ = ["Engine", "EngineName", "InProcessEngine", "ProcessPoolEngine", "open_engine"]
