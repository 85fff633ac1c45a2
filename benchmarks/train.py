"""What freezing saves, and how we stand beside others, in one process run.

    python benchmarks/train.py --data FOLDER [--sentences 5000] [--epochs 5] [--repeats 3] [--peers N] [--memory]
                               [--only RUN …]

Trains `entities` (the first sentences of uner_ewt) and `topic` (sib200_en) on MiniLM under several freezing choices, in
alternating order, and prints medians: seconds of training (loading and filling the cache count, evaluation and the
probe of precision, which is made once a machine, do not), the ratio to our own `full`, dev figures, and the seconds of
an epoch. `--peers N` adds, in the first N repeats, a plain transformers `Trainer` (batch 16, its defaults) on the same
sentences, and sentence-transformers with a logistic regression for topic; the Trainer has `entities` only, so `full`
runs once more with that task alone to stand beside it. `snips` are two runs of their own: intents and slots of the
first 3,000 sentences of snips with `full`, in joint steps and in separate ones. The peak memory of training is that of
a process of its own for each, over one epoch. Writes `benchmarks/results/train.json`. `--only` takes the runs that are
named, and writes nothing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.memory import peak_memory  # noqa: E402
from mtl.recipe import Recipe, parse  # noqa: E402
from mtl.runs import Evaluated, Started, Step  # noqa: E402
from mtl.training import set_up, train  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "train.json"
CONTENDERS = {
    "full": {"freezing": {"preset": "full"}},
    "last_layers: 2": {"freezing": {"preset": "last_layers", "layers": 2}},
    "last_layers: 1": {"freezing": {"preset": "last_layers", "layers": 1}},
    "heads_only": {"freezing": {"preset": "heads_only"}, "optimizer": {}},
    "heads_only, no cache": {"freezing": {"preset": "heads_only"}, "optimizer": {}, "cache": {"enabled": False}},
}
ALONE = "full, entities only"
TRAINER = "transformers Trainer, entities only"
REGRESSION = "sentence-transformers + logistic regression, topic only"
PEERS = (TRAINER, REGRESSION)
JOINT, SEPARATE = "snips, full, joint", "snips, full, separate"
SNIPS_SENTENCES = 3000


@dataclass
class Timing:
    """One run: seconds of training and of each epoch, dev figures of the last evaluation, and peak bytes so far."""

    seconds: float = 0.0
    epochs: list[float] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    peak_bytes: int = 0
    precision: str = ""


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", type=int, default=0, metavar="N")
    parser.add_argument("--memory", action="store_true", help="only measure memory again; the times are kept")
    parser.add_argument("--only", nargs="+", metavar="RUN", help="these runs alone, by their names in the table")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if unknown := set(args.only or ()) - contenders(args).keys():
        parser.error(f"--only takes {', '.join(map(repr, contenders(args)))}, was {sorted(unknown)[0]!r}")
    with tempfile.TemporaryDirectory() as home:
        os.environ["MTL_HOME"] = home
        if args.memory_of:
            print(contenders(args)[args.memory_of]().peak_bytes)
        elif args.memory:
            kept = json.loads(RESULTS.read_text(encoding="utf-8"))
            write(args, {n: [Timing(**t) for t in runs] for n, runs in kept["runs"].items()}, kept["settings"])
        else:
            compare(args)


def compare(args: argparse.Namespace) -> None:
    """Run everything in alternating order, then each once more in a process of its own for its memory."""
    console = Console(highlight=False)
    runners = {name: run for name, run in contenders(args).items() if not args.only or name in args.only}
    runs: dict[str, list[Timing]] = {name: [] for name in runners}
    for name, settings in CONTENDERS.items():  # imports are warm and the probe's answer is known before any time counts
        if name in runners:
            set_up(recipe_of(args, settings)).settle_precision()
    for repeat in range(args.repeats):
        for name in list(runners)[:: 1 if repeat % 2 == 0 else -1]:
            if name in PEERS and repeat >= args.peers:
                continue
            runs[name].append(runners[name]())
            console.print(f"{name}: {runs[name][-1].seconds:.1f} s, {runs[name][-1].figures}", style="dim")
    settings = {"sentences": args.sentences, "epochs": args.epochs, "repeats": args.repeats, "peers": args.peers}
    write(args, runs, settings)


def write(args: argparse.Namespace, runs: dict[str, list[Timing]], settings: dict[str, int]) -> None:
    """Measure the memory of each, print the table and write everything."""
    memory = {name: memory_of(name, args) for name in runs}
    Console(highlight=False).print(table(runs, memory))
    if args.only:
        return
    RESULTS.parent.mkdir(exist_ok=True)
    content = {name: [asdict(timing) for timing in timings] for name, timings in runs.items()}
    result = {"settings": settings, "peak_bytes": memory, "runs": content}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def contenders(args: argparse.Namespace) -> dict[str, Callable[[], Timing]]:
    """Every run by name."""
    ours = {
        name: lambda settings=settings: time_ours(recipe_of(args, settings)) for name, settings in CONTENDERS.items()
    }
    ours |= {name: lambda name=name: time_ours(snips_recipe(args, joint=name == JOINT)) for name in (JOINT, SEPARATE)}
    if not args.peers:
        return ours
    from peers import logistic_regression, transformers_trainer

    return {
        **ours,
        ALONE: lambda: time_ours(recipe_of(args, CONTENDERS["full"], tasks=("entities",))),
        TRAINER: lambda: Timing(*transformers_trainer(args)),
        REGRESSION: lambda: Timing(*logistic_regression(args)),
    }


def memory_of(name: str, args: argparse.Namespace) -> int:
    """Peak resident bytes of training one epoch in a process of its own."""
    options = ["--data", str(args.data), "--sentences", str(args.sentences), "--epochs", "1"]
    options += ["--memory-of", name] + ["--peers", str(args.peers)]
    child = subprocess.run([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True, check=True)
    return int(child.stdout.split()[-1])


def recipe_of(args: argparse.Namespace, settings: dict, *, tasks: tuple[str, ...] = ("entities", "topic")) -> Recipe:
    """The benchmark's recipe with a contender's settings; both tasks go through all their examples in an epoch."""
    entities = {"kind": "tagging", "train": "uner_ewt/train.conll", "dev": "uner_ewt/dev.conll"}
    topic = {"kind": "classification", "train": "sib200_en/train.csv", "dev": "sib200_en/dev.csv"}
    known = {"entities": {**entities, "max_rows": args.sentences}, "topic": topic}
    return parsed(args, {name: known[name] for name in tasks}, settings)


def snips_recipe(args: argparse.Namespace, *, joint: bool) -> Recipe:
    """Intents and slots of the same sentences, in joint steps or in separate ones."""
    tasks = {}
    for name, kind, suffix in (("intent", "classification", "csv"), ("slots", "tagging", "conll")):
        files = {part: f"snips/{part}.{suffix}" for part in ("train", "dev")}
        tasks[name] = {"kind": kind, **files, "max_rows": SNIPS_SENTENCES}
    settings = {"freezing": {"preset": "full"}, "sampling": {"alpha": 1.0, "joint": joint}}
    return parsed(args, tasks, settings)


def parsed(args: argparse.Namespace, tasks: dict[str, dict], settings: dict) -> Recipe:
    """A recipe of these tasks; each goes through all its examples in an epoch."""
    content = {
        "tasks": tasks,
        "sampling": {"alpha": 1.0},
        "optimizer": {"backbone_lr": 2.0e-4, "head_lr": 1.0e-3},
        "budget": {"epochs": args.epochs, "batch_tokens": 1024},
        "evaluation": {"every": 1_000_000},
        "anchor": 0,  # as elsewhere: peers have none
        **settings,
    }
    return parse(content, folder=args.data.resolve())


def time_ours(recipe: Recipe) -> Timing:
    """One run of ours with an empty cache; filling the cache counts as training, in its first epoch.

    Exported graphs are kept, as a machine makes them once for a backbone.
    """
    timing = Timing()
    for entry in (Path(os.environ["MTL_HOME"]) / "cache").glob("*"):
        if entry.name != "engines":
            shutil.rmtree(entry)
    mark = time.perf_counter()
    per_epoch, epoch = 1, 0.0
    for event in train(recipe):
        now = time.perf_counter()
        if isinstance(event, Started):
            per_epoch, timing.precision = event.steps_per_epoch, event.precision
        if isinstance(event, Started | Step):
            timing.seconds += now - mark
            epoch += now - mark
            timing.peak_bytes = peak_memory()
        if isinstance(event, Step) and event.step // per_epoch > len(timing.epochs):  # a joint step has an event a task
            timing.epochs.append(epoch)
            epoch = 0.0
        if isinstance(event, Evaluated):
            timing.figures = {k: v for k, v in event.metrics.items() if k in FIGURES}
        mark = time.perf_counter()
    return timing


FIGURES = ("eval/entities/f1", "eval/slots/f1", "eval/topic/accuracy", "eval/intent/accuracy", "eval/embedding/drift")


def table(runs: dict[str, list[Timing]], memory: dict[str, int]) -> Table:
    """Medians, and ratios to our own full run."""
    names = ("run", "seconds", "full is so many times slower", "later epochs, s", "F1", "accuracy", "MB")
    result = Table(*names)
    full = median(timing.seconds for timing in runs["full"]) if "full" in runs else None
    for name, timings in runs.items():
        seconds = median(timing.seconds for timing in timings)
        later = [epoch for timing in timings for epoch in timing.epochs[1:]]
        found = {key: median(timing.figures[key] for timing in timings) for key in timings[0].figures}
        figures = [next((f"{v:.4f}" for k, v in found.items() if k.endswith(end)), "") for end in ("/f1", "/accuracy")]
        epochs = f"{median(later):.2f}" if later else ""
        ratio = f"{full / seconds:.2f}" if full and name in CONTENDERS else ""
        shown = f"{name} ({timings[0].precision})" if timings[0].precision else name
        result.add_row(shown, f"{seconds:.1f}", ratio, epochs, *figures, f"{memory[name] / 1e6:.0f}")
    return result


if __name__ == "__main__":
    main()
