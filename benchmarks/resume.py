"""A run killed three times at random steps and resumed, against one never interrupted: are the losses equal?

Run `python benchmarks/resume.py [--steps 200] [--freezing full] [--seed 0]`; it trains on the example data and exits 1
when one loss differs by one bit.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.runs import RunFolder, Step  # noqa: E402

RECIPE = ROOT / "examples" / "recipes" / "topic_and_entities.yaml"


def main() -> int:
    """Run both and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--freezing", default="full")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as home:
        os.environ["MTL_HOME"] = home
        whole, broken = RunFolder(Path(home) / "whole"), RunFolder(Path(home) / "broken")
        start(begin(args, whole)).wait()
        kills = sorted(draw.sample(range(args.steps // 10, args.steps), 3))
        command = begin(args, broken)
        for step in kills:
            process = start(command)
            wait_for(broken, step, process)
            process.kill()
            process.wait()
            command = ["--resume", str(broken.path)]
        start(command).wait()
        first, second = losses(whole), losses(broken)
    different = [step for step in first if first[step] != second.get(step)]
    print(f"{args.freezing}: killed near steps {kills}; {len(first)} losses, {len(different)} differ", different[:5])
    return 1 if different or len(first) != args.steps or len(second) != args.steps else 0


def begin(args: argparse.Namespace, folder: RunFolder) -> list[str]:
    """The arguments of a fresh run."""
    settings = (
        "{preset: last_layers, layers: 2}" if args.freezing == "last_layers" else f"{{preset: {args.freezing}}}",
        args.steps,
    )
    return [
        str(RECIPE),
        "--run-dir",
        str(folder.path),
        *("--set", f"freezing={settings[0]}", "--set", f"budget.max_steps={settings[1]}"),
        *("--set", "budget.epochs=1000", "--set", "evaluation.every=17"),
    ]


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    """A training process."""
    return subprocess.Popen(
        [sys.executable, "-m", "mtl", "train", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(folder: RunFolder, step: int, process: subprocess.Popen[bytes]) -> None:
    """Until a step is written, or the process ends."""
    while process.poll() is None and max(losses(folder), default=0) < step:
        time.sleep(0.02)


def losses(folder: RunFolder) -> dict[int, float]:
    """The loss of each step."""
    return {event.step: event.loss for event in folder.events() if isinstance(event, Step)}


if __name__ == "__main__":
    sys.exit(main())
