"""How a process finds the others: by what `accelerate launch` or `torchrun` put into its environment."""

import os
from datetime import timedelta

import torch
import torch.distributed as dist

from mtl.device_name import device_name
from mtl.distributed.world import World
from mtl.errors import TrainingError

_STEP = timedelta(minutes=30)  # that one process may be ahead of another in a step
_WORK = timedelta(days=2)  # that the main process may work alone, such as to fill the cache
_OTHERS = {
    "DeepSpeed": "ACCELERATE_USE_DEEPSPEED",
    "Megatron-LM": "ACCELERATE_USE_MEGATRON_LM",
}
_worlds = [World()]  # the last one is the current one


def world() -> World:
    """The processes that were started; without `start` this one alone."""
    return _worlds[-1]


def start() -> World:
    """Meet the other processes of a launch, once; a process that was launched alone stays alone.

    Raises:
        TrainingError: they do not come together, or the launch wants what is not known here.
    """
    if _worlds[-1].size > 1 or int(os.environ.get("WORLD_SIZE") or 1) <= 1:
        return _worlds[-1]
    for name, variable in _OTHERS.items():
        if os.environ.get(variable, "").lower() == "true":
            message = f"a launch with --multi_gpu or --use_fsdp was expected, this one uses {name}"
            raise TrainingError(message)
    from accelerate import PartialState

    wanted = os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true" or device_name() == "cpu"
    cpu = wanted or not torch.cuda.is_available()
    try:
        state = PartialState(cpu=cpu, timeout=_STEP)
        control = dist.new_group(backend="gloo", timeout=_WORK)
    except (RuntimeError, ValueError) as error:
        message = f"the {os.environ['WORLD_SIZE']} processes of the launch were expected to meet, they do not: {error}"
        raise TrainingError(message) from error
    shards = os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"
    _worlds.append(World(state.process_index, state.num_processes, state.device, control, shards))
    return _worlds[-1]


def close() -> None:
    """Wait until every process has come to its end, and part."""
    if _worlds[-1].size > 1:
        _worlds[-1].table([0.0])
        _worlds.pop()
        dist.destroy_process_group()
