"""The machine that a choice is made for."""

import hashlib
import platform
from pathlib import Path

from mtl.inference.backends.cores import usable_cores


def machine_key(wanted: str) -> str:
    """A short hash of this machine's processor and of what was asked for."""
    parts = [wanted, platform.machine(), _processor(), str(usable_cores())]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """The processor's name and abilities: bf16 and int8 instructions decide what is fast."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features")
    return "|".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
