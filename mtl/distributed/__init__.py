"""Several processes that train one model: who they are, and what they tell each other."""

from mtl.distributed.sharding import is_shared, own_part, shard, shared_as, whole
from mtl.distributed.starting import close, start, world
from mtl.distributed.world import World, lost_as_error

__all__ = ["World", "close", "is_shared", "lost_as_error", "own_part", "shard", "shared_as", "start", "whole", "world"]
