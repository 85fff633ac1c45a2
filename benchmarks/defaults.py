"""The study behind the defaults: learning rates, batch tokens, alpha and epochs of each freezing preset.

    python benchmarks/defaults.py --data FOLDER [--presets heads_only,full] [--rows 400] [--seeds 1,2]

For each preset one setting after the other is varied, the others held at the best found so far; at the end what
`mtl/recipe/defaults.py` says is tried too, its row in bold. The data are the first
rows of sib200_en, review_sentiment and wikigold, trained together; a setting's score is the mean over seeds of the mean
of accuracy, accuracy and entity F1 on the three dev sets after the last epoch. Every run is kept in
`benchmarks/results/defaults.json`, so a study that was interrupted goes on; `docs/defaults.md` has the table.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.recipe import Preset, Recipe, parse  # noqa: E402
from mtl.recipe.defaults import defaults_of  # noqa: E402
from mtl.runs import Evaluated  # noqa: E402
from mtl.training import train  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "defaults.json"
TABLE = ROOT / "docs" / "defaults.md"
METRICS = ("eval/topic/accuracy", "eval/sentiment/accuracy", "eval/entities/f1")
_BACKBONE = ("backbone_lr", (5.0e-5, 1.0e-4, 2.0e-4, 4.0e-4))
_HEADS = ("tagging_lr", (1.0e-3, 3.0e-3, 1.0e-2))
_SHARED = (("batch_tokens", (256, 512, 1024)), ("alpha", (0.25, 0.5, 1.0)), ("epochs", (3, 5, 10)))
_STAGED = (("tagging_lr", (1.0e-2,)), ("backbone_lr", (1.0e-4, 2.0e-4, 4.0e-4)))  # heads as `full` has them
STUDY: dict[str, tuple[tuple[str, tuple[float, ...]], ...]] = {
    "heads_only": (
        ("head_lr", (3.0e-4, 1.0e-3, 3.0e-3, 1.0e-2)),
        ("tagging_lr", (3.0e-3, 1.0e-2, 3.0e-2, 1.0e-1)),
        ("epochs", (5, 10, 20)),
        *_SHARED[:2],
    ),
    "last_layers": (_BACKBONE, _HEADS, *_SHARED),
    "full": (_BACKBONE, _HEADS, *_SHARED),
    "lora": (("backbone_lr", (3.0e-4, 1.0e-3, 3.0e-3)), _HEADS, *_SHARED),
    "probe_then_finetune": _STAGED,
    "gradual": _STAGED,
}
START = {
    "backbone_lr": 2.0e-4,
    "head_lr": 1.0e-3,
    "tagging_lr": 1.0e-3,
    "batch_tokens": 512,
    "alpha": 0.5,
    "epochs": 5,
}


@dataclass(frozen=True)
class Trial:
    """One run: its settings, its score and figures on dev, and its seconds."""

    preset: str
    seed: int
    settings: dict[str, float]
    score: float
    figures: dict[str, float]
    drift: float
    seconds: float


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--presets", default=",".join(STUDY))
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seeds", default="1,2")
    args = parser.parse_args()
    console = Console(highlight=False)
    trials = [Trial(**t) for t in json.loads(RESULTS.read_text(encoding="utf-8"))] if RESULTS.is_file() else []
    for preset in args.presets.split(","):
        settings = dict(START)
        for name, values in STUDY[preset]:
            scores: dict[float, float] = {}
            for value in values:
                tried = settings | {name: value}
                found = [run(args, preset, tried, int(seed), trials) for seed in args.seeds.split(",")]
                scores[value] = mean(trial.score for trial in found)
                console.print(f"{preset} {name} {value:g}: {scores[value]:.4f}")
            settings[name] = max(scores, key=lambda value: scores[value])
        own = [run(args, preset, shipped(preset), int(seed), trials) for seed in args.seeds.split(",")]
        console.print(f"{preset} as shipped: {mean(trial.score for trial in own):.4f}")
        TABLE.write_text("\n".join(table(trials)) + "\n", encoding="utf-8")


def shipped(preset: str) -> dict[str, float]:
    """The settings of a recipe that says nothing but the preset."""
    task = {"kind": "classification", "train": "-", "dev": "-"}
    recipe = Recipe.model_validate({"tasks": {"topic": task}, "freezing": {"preset": preset}})
    chosen = asdict(defaults_of(Preset(preset), None, recipe.freezing.layers))
    del chosen["anchor"]
    return START | chosen | {"batch_tokens": recipe.budget.batch_tokens, "alpha": recipe.sampling.alpha}


def run(args: argparse.Namespace, preset: str, settings: dict[str, float], seed: int, trials: list[Trial]) -> Trial:
    """The trial of these settings, from an earlier run of the study where there is one."""
    for trial in trials:
        if (trial.preset, trial.seed, trial.settings) == (preset, seed, settings):
            return trial
    content = {
        "tasks": {
            "topic": _task("classification", "sib200_en", "csv", args.rows),
            "sentiment": _task("classification", "review_sentiment", "csv", args.rows),
            "entities": _task("tagging", "wikigold", "conll", args.rows),
        },
        "freezing": {"preset": preset},
        "sampling": {"alpha": settings["alpha"]},
        "optimizer": {name: settings[name] for name in ("backbone_lr", "head_lr", "tagging_lr")},
        "budget": {"epochs": settings["epochs"], "batch_tokens": int(settings["batch_tokens"])},
        "evaluation": {"every": 1_000_000},
        "anchor": 0,
        "seed": seed,
    }
    begun, metrics = time.perf_counter(), {}
    for event in train(parse(content, folder=args.data.resolve())):
        metrics = dict(event.metrics) if isinstance(event, Evaluated) else metrics
    figures = {key: metrics[key] for key in METRICS}
    seconds = round(time.perf_counter() - begun, 1)
    drift = round(metrics["eval/embedding/drift"], 4)
    trials.append(Trial(preset, seed, settings, mean(figures.values()), figures, drift, seconds))
    RESULTS.write_text(json.dumps([asdict(trial) for trial in trials], indent=1) + "\n", encoding="utf-8")
    return trials[-1]


def _task(kind: str, folder: str, ending: str, rows: int) -> dict[str, object]:
    files = {part: f"{folder}/{part}.{ending}" for part in ("train", "dev")}
    return {"kind": kind, "max_rows": rows, **files}


def table(trials: list[Trial]) -> Iterator[str]:
    """Every setting that was tried, as Markdown; the best of each preset first."""
    yield "# The study behind the defaults\n"
    yield "Written by `benchmarks/defaults.py`; see there for data and method. A score is the mean of topic accuracy,"
    yield "sentiment accuracy and entity F1 on dev, averaged over the seeds; the span is from the worst to the best."
    yield "There is no anchor, and tags are read from the last layer; `benchmarks/anchor.py` studies both.\n"
    for preset in dict.fromkeys(trial.preset for trial in trials):
        yield f"## {preset}\n"
        names = ("score", "span", "topic", "sentiment", "entities", "drift", *START)
        yield f"| {' | '.join(names)} |\n{'|---' * len(names)}|"
        groups: dict[str, list[Trial]] = {}
        for trial in trials:
            if trial.preset == preset:
                groups.setdefault(json.dumps(trial.settings), []).append(trial)
        for own in sorted(groups.values(), key=lambda own: -mean(t.score for t in own)):
            scores = [t.score for t in own]
            figures = [f"{mean(t.figures[key] for t in own):.3f}" for key in METRICS]
            moved = f"{mean(t.drift for t in own):.3f}"
            values = [f"{own[0].settings[key]:g}" for key in START]
            cells = [f"{mean(scores):.4f}", f"{max(scores) - min(scores):.4f}", *figures, moved, *values]
            yield f"| {' | '.join(f'**{c}**' if own[0].settings == shipped(preset) else c for c in cells)} |"
        yield ""


if __name__ == "__main__":
    main()
