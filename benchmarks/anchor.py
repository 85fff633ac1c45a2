"""What the weight of the anchor costs and keeps: the study behind the default of `anchor`.

    python benchmarks/anchor.py --data FOLDER [--similarity FILE …] [--cases examples,snips+uner_ewt]
        [--presets full,last_layers] [--anchors 0,0.1,0.3,1,3] [--layers last,4,mix] [--seeds 1,2,3] [--rows 1000]

Trains the examples of this repository, 1,000 sentences each of snips (intents and slots) and of uner_ewt, and the
sentiment of 1,000 reviews (or as many as `--rows` says), with the defaults of each preset, several weights of the
anchor, and tags read from several layers. The checkpoint that a run calls best is measured: the main metric of each
task on dev, drift, and how well cosines follow scored pairs (Spearman): `examples/similarity` (both of its files) and
up to 1,500 pairs of each `--similarity FILE` (`sentence1,sentence2,score`), all beside the backbone. Every run is
kept in `benchmarks/results/anchor.json`, so a study that was interrupted goes on; the tables are means over seeds.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.data import ScoredPair, read_files  # noqa: E402
from mtl.evaluation.metrics import main_metric_name  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE, Recipe, TaskKind, parse  # noqa: E402
from mtl.recipe.schema import TaskConfig  # noqa: E402
from mtl.training import run_in_folder  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "anchor.json"
EXAMPLES = ROOT / "examples"
_ROWS = 1000
_OF_ROWS = ", rows: "
_MOST_PAIRS = 1500  # of a file, drawn by chance
_CASES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "examples": {
        "topic": ("classification", "topic/{}.csv"),
        "sentiment": ("classification", "sentiment/{}.csv"),
        "entities": ("tagging", "entities/{}.conll"),
    },
    "snips+uner_ewt": {
        "intent": ("classification", "snips/{}.csv"),
        "slots": ("tagging", "snips/{}.conll"),
        "entities": ("tagging", "uner_ewt/{}.conll"),
    },
    "reviews": {"sentiment": ("classification", "review_sentiment/{}.csv")},
}


@dataclass(frozen=True)
class Trial:
    """One run: dev figures by task, drift, Spearman by file of pairs, and seconds."""

    case: str
    preset: str
    anchor: float
    seed: int
    figures: Mapping[str, float]
    drift: float
    spearman: Mapping[str, float]
    seconds: float
    layers: str = "last"

    @property
    def key(self) -> tuple[str, str, str, float, int]:
        return self.case, self.preset, self.layers, self.anchor, self.seed


def main() -> None:
    """Run what is missing, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--similarity", type=Path, nargs="*", default=[])
    parser.add_argument("--cases", default=",".join(_CASES))
    parser.add_argument("--presets", default="full,last_layers")
    parser.add_argument("--anchors", default="0,0.1,0.3,1,3")
    parser.add_argument("--layers", default="last,4,mix", help="what tags are read from")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--rows", type=int, default=_ROWS, help="of each task at most")
    args = parser.parse_args()
    console = Console(highlight=False)
    pairs = {"examples": _pairs([EXAMPLES / "similarity" / f"{part}.csv" for part in ("train", "dev")])}
    pairs |= {file.stem: _pairs([file]) for file in args.similarity}
    trials = [Trial(**trial) for trial in json.loads(RESULTS.read_text(encoding="utf-8"))] if RESULTS.is_file() else []
    done = {trial.key for trial in trials}
    lists = [value.split(",") for value in (args.seeds, args.cases, args.presets, args.layers, args.anchors)]
    if args.rows != _ROWS:
        lists[1] = [f"{case}{_OF_ROWS}{args.rows}" for case in lists[1]]
    for seed, case, preset, layers, anchor in product(*lists):
        if (case, preset, layers, float(anchor), int(seed)) not in done:
            trials.append(_run(args.data, pairs, case, (preset, layers, float(anchor), int(seed))))
            console.print(_line(trials[-1]))
            content = json.dumps([asdict(trial) for trial in trials], indent=1)
            RESULTS.write_text(content + "\n", encoding="utf-8")
    backbone = Engine.load(DEFAULT_BACKBONE, precision="fp32")
    before = {name: backbone.evaluate_embedding(own)["spearman_cosine"] for name, own in pairs.items()}
    for case, preset in dict.fromkeys((trial.case, trial.preset) for trial in trials):
        console.print(table([t for t in trials if (t.case, t.preset) == (case, preset)], before))


def _recipe(data: Path, case: str, how: tuple[str, str, float, int]) -> Recipe:
    preset, layers, anchor, seed = how
    case, _, rows = case.partition(_OF_ROWS)
    folder = EXAMPLES if case == "examples" else data
    tasks = {
        name: {"kind": kind, "max_rows": int(rows or _ROWS), **{part: files.format(part) for part in ("train", "dev")}}
        for name, (kind, files) in _CASES[case].items()
    }
    for task in tasks.values():
        if task["kind"] == "tagging" and layers != "last":
            task["head"] = {"layers": int(layers) if layers.isdigit() else layers}
    freezing = {"preset": preset} | ({"layers": 2} if preset == "last_layers" else {})
    content = {"tasks": tasks, "freezing": freezing, "anchor": anchor, "seed": seed, "precision": "fp32"}
    return parse(content, folder=folder.resolve())


def _run(data: Path, pairs: Mapping[str, Sequence[ScoredPair]], case: str, how: tuple[str, str, float, int]) -> Trial:
    recipe = _recipe(data, case, how)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        for _ in run_in_folder(recipe, Path(folder) / "run"):
            pass
        seconds = time.perf_counter() - begun
        best = Path(folder) / "run" / "best"
        metrics = json.loads((best / "config.json").read_text(encoding="utf-8"))["metrics"]
        engine = Engine.load(best, precision="fp32")
        spearman = {name: engine.evaluate_embedding(own)["spearman_cosine"] for name, own in pairs.items()}
    figures = {name: metrics[f"eval/{name}/{main_metric_name(task)}"] for name, task in recipe.tasks.items()}
    preset, layers, anchor, seed = how
    drift = metrics["eval/embedding/drift"]
    return Trial(case, preset, anchor, seed, figures, drift, spearman, round(seconds, 1), layers)


def _pairs(files: Sequence[Path]) -> list[ScoredPair]:
    config = TaskConfig(kind=TaskKind.SIMILARITY)
    found = [pair for pair in read_files(config, [str(file) for file in files]) if isinstance(pair, ScoredPair)]
    return random.Random(0).sample(found, min(_MOST_PAIRS, len(found)))


def _line(trial: Trial) -> str:
    figures = "  ".join(f"{name} {value:.3f}" for name, value in {**trial.figures, **trial.spearman}.items())
    told = f"{trial.case} {trial.preset} tags from {trial.layers} {trial.anchor:g} seed {trial.seed}"
    return f"{told}: {figures}  drift {trial.drift:.3f}"


def table(trials: Sequence[Trial], before: Mapping[str, float]) -> Table:
    """Means over seeds, with points beside the last layer without an anchor, and of Spearman beside the backbone."""
    names, files = list(trials[0].figures), [file for file in before if all(file in trial.spearman for trial in trials)]
    found = Table(title=f"{trials[0].case}, {trials[0].preset}", title_justify="left")
    for column in (
        "tags from",
        "anchor",
        "seeds",
        *names,
        "drift",
        *(f"Spearman, {file}" for file in files),
        "seconds",
    ):
        found.add_column(column, justify="right")
    plain = [trial for trial in trials if (trial.layers, trial.anchor) == ("last", 0)]
    for layers, anchor in sorted({(trial.layers, trial.anchor) for trial in trials}):
        own = [trial for trial in trials if (trial.layers, trial.anchor) == (layers, anchor)]
        cells = [layers, f"{anchor:g}", str(len(own))]
        for name in names:
            value, base = (mean(t.figures[name] for t in group) if group else 0.0 for group in (own, plain))
            cells.append(f"{value:.3f} ({100 * (value - base):+.1f})")
        cells.append(f"{mean(trial.drift for trial in own):.3f}")
        for file in files:
            value = mean(trial.spearman[file] for trial in own)
            cells.append(f"{value:.3f} ({100 * (value - before[file]):+.1f})")
        found.add_row(*cells, f"{mean(trial.seconds for trial in own):.0f}")
    return found


if __name__ == "__main__":
    main()
