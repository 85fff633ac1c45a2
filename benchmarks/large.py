"""How much time and memory a large data set takes: reading, tokenising, planning and the first steps of training.

    python benchmarks/large.py [--rows 5000000] [--kind classification|tagging|similarity|multi_label]
        [--format parquet|csv|jsonl] [--only plan|train] [--steps 50] [--preset full] [--backbone NAME]

Rows of about 20 made-up words, with labels, are written to a temporary folder a few at a time; a plan and a training of
a few steps then run in processes of their own. Prints rows a second, and the peak of the resident memory of each
process as Linux counts it: all of it (`VmHWM`), and the parts of its own and of files (`RssAnon`, `RssFile`).
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
LABELS = ("travel", "food", "health", "science", "sports", "politics", "music", "weather")
ENTITY = "PLACE"
SYLLABLES = ("ba", "con", "der", "est", "fi", "gra", "hol", "in", "ju", "ka", "lo", "mer", "nu", "ost", "pre", "qui")
CHILD = """
import json, sys, time
sys.path.insert(0, {root!r})
import mtl.training.setup as setup
seconds = {{}}
def timed(name):
    whole = getattr(setup, name)
    def run(*args, **kwargs):
        began = time.perf_counter()
        found = whole(*args, **kwargs)
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - began
        return found
    setattr(setup, name, run)
timed("read_task")
timed("tokenize")
from mtl.planning import plan
from mtl.recipe import load
from mtl.training import run_in_folder
from mtl.runs import Step
from pathlib import Path
recipe = load(Path({recipe!r}))
began = time.perf_counter()
if {plans}:
    found = plan(recipe)
    seconds["forecast"] = found.seconds
    seconds["forecast_bytes"] = found.memory_bytes
    print("\\n".join(found.warnings), file=sys.stderr)
else:
    for event in run_in_folder(recipe, Path({folder!r})):
        if isinstance(event, Step) and "first_step" not in seconds:
            seconds["first_step"] = time.perf_counter() - began
seconds["whole"] = time.perf_counter() - began
for line in open("/proc/self/status"):
    if line.startswith("VmHWM"):
        seconds["peak_bytes"] = 1024 * int(line.split()[1])
print(json.dumps(seconds))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kind", choices=tuple(RECORDS), default="classification")
    parser.add_argument("--format", choices=tuple(WRITERS), default="parquet")
    parser.add_argument("--only", choices=("plan", "train"))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--preset", default="full")
    parser.add_argument("--backbone", default="sentence-transformers/all-MiniLM-L6-v2")
    args = parser.parse_args()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, rows in (("train", args.rows), ("dev", 200)):
            WRITERS[args.format](folder / f"{part}.{args.format}", records(args.kind, rows, seed=part))
        recipe = folder / "recipe.yaml"
        recipe.write_text(json.dumps(recipe_of(args)), encoding="utf-8")
        size = (folder / f"train.{args.format}").stat().st_size
        console.print(f"{args.rows:,} rows, {args.kind}, {args.format} of {size / 1e6:,.0f} MB, {args.steps} steps")
        table = Table("", "rows/s read", "rows/s tokenised", "first step, s", "whole, s", *MEMORY)
        for plans in (args.only != "train",) if args.only else (True, False):
            found = measured(recipe, folder, plans=plans)
            table.add_row(
                "plan" if plans else "train",
                f"{args.rows / found['read_task']:,.0f}",
                f"{args.rows / found['tokenize']:,.0f}",
                f"{found.get('first_step', 0):,.1f}",
                f"{found['whole']:,.1f}",
                *(f"{found[key] / 1e6:,.0f}" for key in ("peak_bytes", "RssAnon", "RssFile")),
            )
            if plans:
                console.print(f"forecast: {found['forecast']:,.0f} s, {found['forecast_bytes'] / 1e6:,.0f} MB")
        console.print(table)


MEMORY = ("peak, MB", "of its own, MB", "of files, MB")


def measured(recipe: Path, folder: Path, *, plans: bool) -> dict[str, float]:
    """Run one process; seconds by stage, and bytes."""
    program = CHILD.format(root=str(ROOT), recipe=str(recipe), plans=plans, folder=str(folder / "run"))
    environment = os.environ | {"MTL_HOME": str(folder / "home")}
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment, text=True)
    peaks = {"RssAnon": 0, "RssFile": 0}
    while process.poll() is None:
        peaks = {key: max(value, now) for (key, value), now in zip(peaks.items(), resident(process.pid), strict=True)}
        time.sleep(0.05)
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the process ended with {process.returncode}")
    return json.loads(out.splitlines()[-1]) | peaks


def resident(pid: int) -> tuple[int, int]:
    """Bytes of memory of its own and of files that a process has now; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0, 0
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return tuple(1024 * int(fields.get(key, "0 kB").split()[0]) for key in ("RssAnon", "RssFile"))  # type: ignore[return-value]


def recipe_of(args: argparse.Namespace) -> dict[str, Any]:
    """A recipe of one task and few steps."""
    multi = {"multi_label": True} if args.kind == "multi_label" else {}
    kind = "classification" if multi else args.kind
    files = {part: f"{part}.{args.format}" for part in ("train", "dev")}
    return {
        "backbone": args.backbone,
        "max_length": 64,
        "tasks": {"large": {"kind": kind, **files, **multi}},
        "freezing": {"preset": args.preset},
        "budget": {"max_steps": args.steps},
        "precision": "fp32",
    }


def records(kind: str, rows: int, *, seed: str) -> Iterator[dict[str, Any]]:
    """Seeded rows of a task."""
    draw = random.Random(seed)
    words = ["".join(random.Random(i).choices(SYLLABLES, k=1 + i % 3)) for i in range(5000)]
    for _ in range(rows):
        yield RECORDS[kind](draw, draw.choices(words, k=draw.randint(10, 30)))


def _one_label(draw: random.Random, words: list[str]) -> dict[str, Any]:
    return {"text": " ".join(words), "label": draw.choice(LABELS)}


def _several_labels(draw: random.Random, words: list[str]) -> dict[str, Any]:
    return {"text": " ".join(words), "labels": draw.sample(LABELS, k=draw.randint(0, 3))}


def _tagged(draw: random.Random, words: list[str]) -> dict[str, Any]:
    tags = ["O"] * len(words)
    tags[draw.randrange(len(tags))] = f"B-{ENTITY}"
    return {"tokens": words, "tags": tags}


def _pair(draw: random.Random, words: list[str]) -> dict[str, Any]:
    half = len(words) // 2
    return {"sentence1": " ".join(words[:half]), "sentence2": " ".join(words[half:]), "score": draw.random()}


def _write_parquet(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    import pyarrow
    import pyarrow.parquet

    writer = None
    while batch := list(islice(rows, 50_000)):
        table = pyarrow.Table.from_pylist(batch)
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def _write_csv(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for i, row in enumerate(rows):
            if i == 0:
                writer = csv.DictWriter(file, row)
                writer.writeheader()
            writer.writerow({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()})


def _write_jsonl(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


RECORDS = {"classification": _one_label, "multi_label": _several_labels, "tagging": _tagged, "similarity": _pair}
WRITERS = {"parquet": _write_parquet, "csv": _write_csv, "jsonl": _write_jsonl}

if __name__ == "__main__":
    main()
