"""Runs that several processes share beside the same run of one process, and what becomes of a run that loses one.

    python benchmarks/processes.py [--steps 100] [--processes 2,4] [--presets …] [--fsdp] [--json FILE]

Every run is `accelerate launch … -m mtl train` on the examples (topic and entities, of unequal size), over gloo on
this machine, with all-MiniLM-L6-v2 without dropout. Printed are the largest differences of the losses of all steps and
of the metrics of all evaluations. Then one process of four is killed, and copies of its run go on in 1, 2 and 3.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.backbones.source import find_backbone  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402
from mtl.runs import Evaluated, RunFolder, Step  # noqa: E402
from tests.mtl.no_dropout import copy_without_dropout  # noqa: E402

PRESETS = {
    "full": {"preset": "full"},
    "last_layers": {"preset": "last_layers", "layers": 2},
    "lora": {"preset": "lora", "rank": 8},
}
KILLED, EVERY = 4, 20
HOW = ["--multi_gpu"]
ONE = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}


def main() -> None:
    """Run everything and print what is found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--processes", default="2,4")
    parser.add_argument("--presets", default=",".join(PRESETS))
    parser.add_argument("--fsdp", action="store_true", help="each process holds a part of the encoder")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.fsdp:
        HOW[:] = ["--use_fsdp", "--fsdp_version", "2"]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        backbone = copy_without_dropout(find_backbone(DEFAULT_BACKBONE).folder, place / "backbone")
        found: dict[str, object] = {"steps": arguments.steps}
        for preset in arguments.presets.split(","):
            recipe = write_recipe(place / f"{preset}.yaml", backbone, PRESETS[preset], arguments.steps)
            alone = train(recipe, place / f"{preset}-1", 1)
            for count in map(int, arguments.processes.split(",")):
                shared = train(recipe, place / f"{preset}-{count}", count)
                found[f"{preset}, {count} processes"] = told = differences(alone, shared)
                print(f"{preset:12} {count} processes: {told}", flush=True)
        preset = arguments.presets.split(",")[0]
        killed, seconds = lose_one(place / f"{preset}.yaml", place / "killed")
        print(f"killed one of {KILLED}: {seconds:.1f} s later {killed.read_status()}", flush=True)
        found["killed"] = {"seconds to the end": seconds, "message": killed.read_status().message}
        for count in (1, 2, 3):
            again = place / f"again-{count}"
            shutil.copytree(killed.path, again)
            resumed = train(None, again, count)
            found[f"resumed in {count}"] = told = differences(RunFolder(place / f"{preset}-1"), resumed)
            print(f"resumed in {count}: {told}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def write_recipe(file: Path, backbone: Path, freezing: dict[str, object], steps: int) -> Path:
    """A recipe of two tasks; their heads have no dropout either."""
    examples, head = ROOT / "examples", {"dropout": 0.0}
    tasks = {
        "topic": {"kind": "classification", "max_rows": 200, "head": head},
        "entities": {"kind": "tagging", "head": head},
    }
    for name, ending in (("topic", "csv"), ("entities", "conll")):
        tasks[name] |= {part: str(examples / name / f"{part}.{ending}") for part in ("train", "dev")}
    content = {
        "backbone": str(backbone),
        "tasks": tasks,
        "freezing": freezing,
        "budget": {"epochs": 1000, "max_steps": steps, "batch_tokens": 256},
        "evaluation": {"every": EVERY},
        "precision": "fp32",
    }
    file.write_text(yaml.safe_dump(content))
    return file


def command(recipe: Path | None, folder: Path, count: int) -> list[str]:
    """One process is begun as ever, several by `accelerate launch`."""
    launch = ["-m", "accelerate.commands.launch", *HOW, "--num_processes", str(count), "--num_machines", "1"]
    launch += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    run = ["--resume", str(folder)] if recipe is None else [str(recipe), "--run-dir", str(folder)]
    return [sys.executable, *(launch if count > 1 else ()), "-m", "mtl", "train", *run]


def train(recipe: Path | None, folder: Path, count: int) -> RunFolder:
    """Run to the end."""
    environment = {**os.environ, **ONE, "MTL_HOME": str(folder.parent / f"home-{folder.name}")}
    done = subprocess.run(command(recipe, folder, count), env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{folder.name}: status {done.returncode}\n{done.stderr[-3000:]}")
    return RunFolder(folder)


def differences(alone: RunFolder, shared: RunFolder) -> dict[str, float]:
    """The largest ones of losses and metrics."""
    expected, found = ({(e.step, e.task): e.loss for e in r.events() if isinstance(e, Step)} for r in (alone, shared))
    metrics, others = (
        {(e.step, name): value for e in r.events() if isinstance(e, Evaluated) for name, value in e.metrics.items()}
        for r in (alone, shared)
    )
    if expected.keys() != found.keys() or metrics.keys() != others.keys():
        sys.exit(f"{shared.path.name}: other steps than alone")
    return {
        "losses": max(abs(expected[key] - found[key]) for key in expected),
        "metrics": max(abs(metrics[key] - others[key]) for key in metrics),
        "steps": len(expected),
    }


def lose_one(recipe: Path, folder: Path) -> tuple[RunFolder, float]:
    """Kill the third of four processes after a state was kept; returns the seconds until the launch has ended."""
    environment = {**os.environ, **ONE, "MTL_HOME": str(folder.parent / "home-killed")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    launch = subprocess.Popen(command(recipe, folder, KILLED), env=environment, **quiet)
    run = RunFolder(folder)
    while not any(isinstance(event, Step) and event.step > 1.5 * EVERY for event in run.events()):
        time.sleep(0.1)
    for child in psutil.Process(launch.pid).children(recursive=True):
        if child.environ().get("RANK") == "2":
            child.send_signal(signal.SIGKILL)
    began = time.monotonic()
    status = launch.wait(timeout=120)
    if not status:
        sys.exit("the launch did not notice that a process was killed")
    return run, time.monotonic() - began


if __name__ == "__main__":
    main()
