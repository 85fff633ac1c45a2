"""Prepare a model in a process of its own, so that torch and all it needs are gone again when the engine is loaded.

`python -m mtl.inference.preparing NAME PRECISION BACKEND`; the answer is the folder that it fills.
"""

import os
import subprocess
import sys
from pathlib import Path


def prepare_aside(name: str, precision: str, backend: str) -> None:
    """Prepare a model if that works; what is wrong with it is said by whoever loads it afterwards."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    subprocess.run(
        [sys.executable, "-m", __name__, name, precision, backend],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )


if __name__ == "__main__":
    import torch  # noqa: F401  that it is there says that this is the process to prepare in

    from mtl.inference.loading import open_model

    open_model(sys.argv[1], precision=sys.argv[2], backend=sys.argv[3], long_texts="windows")
