"""Which freezing fits how many rows: the study behind the advice, and how often the advice is right.

    python benchmarks/presets.py --data FOLDER [--sets intent,slots] [--sizes 100,400] [--choices "full;lora"]
        [--seeds 1] [--table]

Trains each set alone, on rows drawn by the seed, under several choices with their defaults; scores the last epoch by
the main metric on dev. `heads_only` of entities reads a mix of layers. The advice is made from the sets of `KNOWN`; the
hit rate counts the (set, size) pairs of the others in which the advised preset is within a point of the best. Every run
is kept in `benchmarks/results/presets.json`, so a study that was interrupted goes on; `--table` only prints.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.data import Example, labels_of, read_files, write_examples  # noqa: E402
from mtl.evaluation.metrics import main_metric_name  # noqa: E402
from mtl.planning.advice import TaskFacts, advise  # noqa: E402
from mtl.recipe import TaskConfig, TaskKind, parse  # noqa: E402
from mtl.runs import Evaluated  # noqa: E402
from mtl.training import train  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "presets.json"
SETS: Mapping[str, tuple[str, str]] = {
    "topic": ("classification", "sib200_en/{}.csv"),
    "intent": ("classification", "snips/{}.csv"),
    "slots": ("tagging", "snips/{}.conll"),
    "entities": ("tagging", "uner_ewt/{}.conll"),
    "sentiment": ("classification", "review_sentiment/{}.csv"),
    "request": ("classification", "clinc150/{}.csv"),
    "category": ("classification", "dbpedia14_small/{}.csv"),
    "wiki": ("tagging", "wikigold/{}.conll"),
    "tweets": ("tagging", "btc/{}.conll"),
}
KNOWN = ("topic", "intent", "slots", "entities", "request")
"""The sets that the rules of the advice were made from."""
CHOICES: Mapping[str, Mapping[str, object]] = {
    "heads_only": {"freezing": {"preset": "heads_only"}},
    "last_layers": {"freezing": {"preset": "last_layers", "layers": 2}},
    "gradual": {"freezing": {"preset": "gradual"}},
    "lora": {"freezing": {"preset": "lora"}},
    "full": {"freezing": {"preset": "full"}},
    "full, layer_decay 0.9": {"freezing": {"preset": "full"}, "optimizer": {"layer_decay": 0.9}},
}
_NEAR = 0.01


@dataclass(frozen=True)
class Trial:
    """One run: its score on dev, the seconds of training, and what the advice says of its data."""

    task: str
    rows: int
    choice: str
    seed: int
    score: float
    seconds: float
    advised: str

    @property
    def key(self) -> tuple[str, int, str, int]:
        return self.task, self.rows, self.choice, self.seed


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--sizes", default="100,400,2000,10000")
    parser.add_argument("--choices", default=";".join(CHOICES), help="by semicolons")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--table", action="store_true", help="run nothing")
    args = parser.parse_args()
    console = Console(highlight=False)
    trials = [Trial(**trial) for trial in json.loads(RESULTS.read_text(encoding="utf-8"))] if RESULTS.is_file() else []
    for size in [] if args.table else map(int, args.sizes.split(",")):
        for seed in map(int, args.seeds.split(",")):
            for task in args.sets.split(","):
                for trial in _run(args.data, task, size, seed, (args.choices.split(";"), {t.key for t in trials})):
                    trials.append(trial)
                    console.print(f"{task} {size} {trial.choice}: {trial.score:.3f}, {trial.seconds:.0f} s")
                    content = json.dumps([asdict(trial) for trial in trials], indent=1)
                    RESULTS.write_text(content + "\n", encoding="utf-8")
    console.print(table(trials))
    console.print(hits(trials))


def _run(
    data: Path, task: str, size: int, seed: int, wanted: tuple[Sequence[str], set[tuple[str, int, str, int]]]
) -> Iterator[Trial]:
    """The trials that are missing; none where the set has fewer rows."""
    missing = [choice for choice in wanted[0] if (task, size, choice, seed) not in wanted[1]]
    kind, files = SETS[task]
    config = TaskConfig(kind=TaskKind(kind))
    examples = list(read_files(config, [str(data / files.format("train"))])) if missing else []
    if not missing or len(examples) < size:
        return
    with tempfile.TemporaryDirectory() as folder:
        drawn = random.Random(seed).sample(examples, size)
        sample = Path(folder) / "train.jsonl"
        write_examples(sample, drawn)
        own: dict[str, object] = {"kind": kind, "train": str(sample), "dev": str(data.resolve() / files.format("dev"))}
        for choice in missing:
            head = {"head": {"layers": "mix"}} if choice == "heads_only" and config.kind is TaskKind.TAGGING else {}
            content = {"tasks": {task: own | head}, "seed": seed, "precision": "fp32", **CHOICES[choice]}
            recipe = parse(content | {"evaluation": {"every": 1_000_000}}, folder=Path(folder))
            begun, metrics = time.perf_counter(), {}
            for event in train(recipe):
                metrics = dict(event.metrics) if isinstance(event, Evaluated) else metrics
            score = metrics[f"eval/{task}/{main_metric_name(recipe.tasks[task])}"]
            seconds = round(time.perf_counter() - begun, 1)
            yield Trial(task, size, choice, seed, score, seconds, _advised(task, config, drawn))


def _advised(task: str, config: TaskConfig, drawn: Sequence[Example]) -> str:
    labels = len(labels_of(drawn))
    return str(advise({task: TaskFacts(config.kind, len(drawn), labels, 1.2)}).preset)


def table(trials: Sequence[Trial]) -> Table:
    """Scores by set and size, means over seeds; the best is bold, and so is what is within a point of it."""
    found = Table("set", "rows", "seeds", *CHOICES, "advised")
    for (task, rows), own in _groups(trials).items():
        best, cells = max(own.values()), []
        for choice in CHOICES:
            score = own.get(choice)
            shown = "" if score is None else f"{score:.3f}"
            cells.append(f"[bold]{shown}[/bold]" if score is not None and score >= best - _NEAR else shown)
        of_pair = [trial for trial in trials if (trial.task, trial.rows) == (task, rows)]
        found.add_row(task, f"{rows:,}", str(len({t.seed for t in of_pair})), *cells, of_pair[0].advised)
    return found


def hits(trials: Sequence[Trial]) -> str:
    """How often the advised preset is within a point of the best, on the sets that it was and was not made from."""
    told = []
    for name, known in (("made from", True), ("not made from", False)):
        found = []
        for (task, rows), own in _groups(trials).items():
            advised = next(t.advised for t in trials if (t.task, t.rows) == (task, rows))
            if (task in KNOWN) is known and advised in own:
                found.append(own[advised] >= max(own.values()) - _NEAR)
        told.append(f"{sum(found)} of {len(found)} on sets it was {name}")
    return "the advised preset is within a point of the best: " + ", ".join(told)


def _groups(trials: Sequence[Trial]) -> dict[tuple[str, int], dict[str, float]]:
    scores: dict[tuple[str, int], dict[str, list[float]]] = {}
    for trial in trials:
        scores.setdefault((trial.task, trial.rows), {}).setdefault(trial.choice, []).append(trial.score)
    return {pair: {choice: mean(found) for choice, found in own.items()} for pair, own in scores.items()}


if __name__ == "__main__":
    main()
