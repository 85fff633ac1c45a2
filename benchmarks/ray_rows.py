"""Are the rows of two workers on Ray those of the local engine, when one of the workers is killed?

    python benchmarks/ray_rows.py [--rows 200000] [--encode-rows 20000] [--checkpoint starter] [--workers 2]
        [--partition-rows 4096] [--json FILE]

`predict` over made-up sentences of 3 to 9 words, one in a thousand of which is empty, by the local engine and by two
workers, one of which is ended with SIGKILL when a third of the partitions are written. Then the same with `encode`.
Every row is compared: texts, lines, kept columns and entities, and numbers bit by bit. Exits with 1 when one differs.
Seconds are of whole commands, starts included, on whatever else the machine has to do.
Writes `benchmarks/results/ray_rows.json`.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import psutil
import pyarrow.parquet
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "ray_rows.json"
TEXT = (
    "the old new small Anna Tom Maria Berlin Paris Siemens doctor train film music met saw likes leaves sells "
    "in at with near after before great dull cheap slow fast water market school river match vote hotel"
)
WORDS = TEXT.split()
console = Console(highlight=False)


def main() -> int:
    """Run all, compare, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--encode-rows", type=int, default=20_000)
    parser.add_argument("--checkpoint", default="starter")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--partition-rows", type=int, default=4096)
    parser.add_argument("--json", type=Path, default=RESULTS)
    args = parser.parse_args()
    found: dict[str, object] = {"checkpoint": args.checkpoint, "workers": args.workers, "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        for command, rows, suffix in (("predict", args.rows, ".jsonl"), ("encode", args.encode_rows, ".parquet")):
            found[command] = compared(args, Path(name), command, rows, suffix)
            console.print(command, found[command])
    args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0 if all(found[command]["different"] == 0 for command in ("predict", "encode")) else 1  # type: ignore[index]


def compared(args: argparse.Namespace, folder: Path, command: str, rows: int, suffix: str) -> dict[str, object]:
    """Both engines over the same rows."""
    source = folder / f"{command}.csv"
    write_rows(source, rows)
    local, spread = folder / f"local{suffix}", folder / f"ray{suffix}"
    begun = time.perf_counter()
    start(command, args.checkpoint, source, local).wait()
    local_seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    options = ["--engine", "ray", "--workers", str(args.workers), "--partition-rows", str(args.partition_rows)]
    process = start(command, args.checkpoint, source, spread, *options)
    killed_at = kill_a_worker(process, spread.with_name(f"{spread.name}.partial"), -(-rows // args.partition_rows) // 3)
    status = process.wait()
    ray_seconds = time.perf_counter() - begun
    different = count = 0
    if status == 0:
        for one, other in zip_longest(read(local), read(spread)):
            count += one is not None
            different += one != other
    return {
        "rows": rows,
        "compared": count,
        "different": different if status == 0 else rows,
        "same_bytes": status == 0 and local.read_bytes() == spread.read_bytes(),
        "partitions": -(-rows // args.partition_rows),
        "killed_after_partitions": killed_at,
        "local_seconds": round(local_seconds, 1),
        "ray_seconds": round(ray_seconds, 1),
    }


def write_rows(target: Path, rows: int) -> None:
    """Seeded sentences with an id; one in a thousand is empty, and so rejected."""
    draw = random.Random(0)
    with target.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        for i in range(rows):
            words = draw.choices(WORDS, k=draw.randint(3, 9))
            file.write(f"{i},{' '.join(words) if i % 1000 != 7 else ''}\n")


def start(command: str, checkpoint: str, source: Path, target: Path, *options: str) -> subprocess.Popen[bytes]:
    """A command of its own."""
    arguments = [command, checkpoint, str(source), str(target), "--keep", "id", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "mtl", *arguments], env=environment, cwd=ROOT)


def kill_a_worker(process: subprocess.Popen[bytes], parts: Path, after: int) -> int:
    """Kill one as soon as so many parts are written; how many there were, 0 where none was killed."""
    while process.poll() is None:
        written = len(list(parts.glob("[0-9]*"))) if parts.is_dir() else 0
        if written >= max(after, 1):
            workers = [child for child in psutil.Process(process.pid).children(recursive=True) if is_worker(child)]
            if workers:
                workers[0].send_signal(signal.SIGKILL)
                return written
        time.sleep(0.05)
    return 0


def is_worker(process: psutil.Process) -> bool:
    """Whether a process runs an engine."""
    try:
        return "ray::MapWorker" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def read(path: Path) -> Iterator[dict[str, object]]:
    """The rows of an output."""
    if path.suffix == ".parquet":
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(1024):
            yield from batch.to_pylist()
        return
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    sys.exit(main())
