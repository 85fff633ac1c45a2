"""The machine that a choice is made for, and whether it is calm enough to measure on."""

import hashlib
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mtl.device_name import DEVICE
from mtl.inference.backends.cores import usable_cores

CALM = 0.9
"""The least share of its cores that a process gets on a calm machine."""
_PROBE_SECONDS = 0.05
_GPUS = "/proc/driver/nvidia/gpus"
_BLOCK = bytes(1 << 20)  # Python lets other threads run while it is hashed

clock, now = time.perf_counter, time.time


def core_share() -> float:
    """The share of its cores that this process gets, 0 to 1: less than 1 where other work takes them."""
    cores = usable_cores()
    with ThreadPoolExecutor(cores) as pool:
        return sum(pool.map(lambda _: _thread_share(), range(cores))) / cores


def _thread_share() -> float:
    begun, used = time.perf_counter(), time.thread_time()
    while (passed := time.perf_counter() - begun) < _PROBE_SECONDS:
        hashlib.sha256(_BLOCK)
    return min(1.0, (time.thread_time() - used) / passed)


def machine_key(wanted: str) -> str:
    """A short hash of this machine's processor and GPUs, of those that may be used, and of what was asked for."""
    parts = [wanted, platform.machine(), _processor(), str(usable_cores()), *_devices()]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _devices() -> list[str]:
    """What tells which device torch will take, without asking it."""
    try:
        gpus = sorted(os.listdir(_GPUS))
    except OSError:
        gpus = []
    return [*gpus, *(f"{name}={os.environ[name]}" for name in (DEVICE, "CUDA_VISIBLE_DEVICES") if name in os.environ)]


def _processor() -> str:
    """The processor's name and abilities: bf16 and int8 instructions decide what is fast."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features")
    return "|".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
