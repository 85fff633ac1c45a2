"""Several processes that train one model: who they are, and what they tell each other."""

from mtl.distributed.starting import close, start, world
from mtl.distributed.world import World

__all__ = ["World", "close", "start", "world"]
