"""How many cores this process may use, which in a container is fewer than the machine has."""

import os
from pathlib import Path

import psutil

CORES = "MTL_CORES"
"""The environment variable that says how many cores a process may use, where several processes share a machine."""
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Physical cores, as far as affinity, the container's quota and `MTL_CORES` allow; at least 1."""
    counts = [psutil.cpu_count(logical=False) or psutil.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):
        counts.append(len(os.sched_getaffinity(0)))
    try:
        limit, period = quota.read_text(encoding="utf-8").split()
        counts.append(int(limit) // int(period))
    except (OSError, ValueError):  # no such file, or "max": no quota
        pass
    if (named := os.environ.get(CORES, "")).isdecimal():
        counts.append(int(named))
    return max(1, min(counts))
