"""What a small program would ask of us: how soon the first answer comes, and how much memory stays taken.

    python benchmarks/startup.py [--repeats 5] [--rows 10000,1000000]

Measures in processes of their own, as medians: from the start of Python to the first answer of the starter, when it was
prepared on this machine before and the very first time; how long the page loads a model that was not prepared, with a
process that has torch in memory as after a training, and without one; the answer of `mtl --help`; resident memory once
the starter has answered; and the peak memory of `mtl encode` over files of so many rows, whose sentences are made up of
a few words. Writes `benchmarks/results/startup.json`, where other numbers of rows stay as they were.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "startup.json"
ANSWER = """
import mtl
engine = mtl.Engine.load("starter")
engine.analyze(["Angela Merkel met engineers of Siemens in Munich."])
import psutil
print(psutil.Process().memory_info().rss)
"""
LOADED = """
import sys, time
from demo.answers.loading import load
from demo.runs.fork_server import SERVER
if sys.argv[1] == "forked":
    child = SERVER.ask()
    while not SERVER.is_ready:
        time.sleep(0.1)
begun = time.perf_counter()
load("mtl/starter")
print(time.perf_counter() - begun)
SERVER.end()
"""
WORDS = ("the", "a", "bus", "soup", "river", "left", "came", "small", "old", "from", "to", "in", "Rome", "Ann", "again")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--rows", default="10000,1000000")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fresh = [answer(Path(folder) / f"home{i}")[0] for i in range(2)]
        home = Path(folder) / "home0"
        prepared = [answer(home) for _ in range(args.repeats)]
        loaded: dict[str, list[float]] = {"forked": [], "alone": []}
        for repeat in range(args.repeats):
            for way, seconds in loaded.items():
                output = timed(["-c", LOADED, way], Path(folder) / f"{way}{repeat}")[1]
                seconds.append(float(output.split()[-1]))
        before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        result = {
            "first_answer_seconds": median(seconds for seconds, _ in prepared),
            "very_first_answer_seconds": median(fresh),
            "page_loads_seconds": {way: median(seconds) for way, seconds in loaded.items()},
            "help_seconds": median(timed(["-m", "mtl", "--help"], home)[0] for _ in range(args.repeats)),
            "resident_bytes": median(memory for _, memory in prepared),
            "encode": before.get("encode", {})
            | {rows: encoded(int(rows), Path(folder), home) for rows in args.rows.split(",") if rows},
        }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    Console(highlight=False).print(table(result))


def answer(home: Path) -> tuple[float, int]:
    """Seconds to the first answer and resident bytes after it."""
    seconds, output = timed(["-c", ANSWER], home)
    return seconds, int(output.split()[-1])


def timed(arguments: list[str], home: Path) -> tuple[float, str]:
    """Seconds that Python takes for this, and what it printed."""
    begun = time.perf_counter()
    output = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=surroundings(home), stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    return time.perf_counter() - begun, output


def encoded(rows: int, folder: Path, home: Path) -> dict[str, float]:
    """Peak resident bytes and seconds of `mtl encode` over a file of so many rows."""
    chance, source, target = random.Random(rows), folder / f"{rows}.csv", folder / f"{rows}.npy"
    with source.open("w", encoding="utf-8") as file:
        file.write("text\n")
        for _ in range(rows):
            file.write(" ".join(chance.choices(WORDS, k=chance.randint(3, 9))) + "\n")
    begun, peak = time.perf_counter(), 0
    command = [sys.executable, "-m", "mtl", "encode", "starter", str(source), str(target)]
    with subprocess.Popen(command, cwd=ROOT, env=surroundings(home), stdout=subprocess.DEVNULL) as running:
        watched = psutil.Process(running.pid)
        while running.poll() is None:
            peak = max(peak, resident(watched))
            time.sleep(0.05)
    if running.returncode:
        raise SystemExit(f"mtl encode ended with {running.returncode}")
    target.unlink()
    return {"peak_bytes": peak, "seconds": time.perf_counter() - begun}


def resident(process: psutil.Process) -> int:
    """Of a process, without pages of files that are mapped; 0 once it has ended."""
    try:
        return int(process.memory_full_info().uss)
    except psutil.Error:
        return 0


def surroundings(home: Path) -> dict[str, str]:
    """The environment of a process with a home of its own."""
    return {**os.environ, "MTL_HOME": str(home), "HF_HUB_OFFLINE": "1"}


def table(result: dict) -> Table:
    """The figures for people."""
    shown = Table("what", "measured")
    shown.add_row("start of Python to the first answer", f"{result['first_answer_seconds']:.2f} s")
    shown.add_row("the very first time on a machine", f"{result['very_first_answer_seconds']:.1f} s")
    page = result["page_loads_seconds"]
    shown.add_row("a model that was not prepared, on the page after a training", f"{page['forked']:.1f} s")
    shown.add_row("the same where no process has torch in memory", f"{page['alone']:.1f} s")
    shown.add_row("mtl --help", f"{result['help_seconds']:.2f} s")
    shown.add_row("resident memory of the starter", f"{result['resident_bytes'] / 1e6:.0f} MB")
    for rows, found in result["encode"].items():
        shown.add_row(
            f"mtl encode, {int(rows):,} rows", f"peak {found['peak_bytes'] / 1e6:.0f} MB, {found['seconds']:.0f} s"
        )
    return shown


if __name__ == "__main__":
    main()
