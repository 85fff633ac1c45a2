"""Our engine beside sentence-transformers and transformers pipelines, in one process, in turn, with the same threads.

python benchmarks/inference.py --data FOLDER [--mpnet FOLDER] [--sentences 2000] [--rounds 5] [--json FILE]

`encode`: 2,000 mixed sentences of 10 to 256 tokens, with all-MiniLM-L6-v2 (384 wide) and, where its folder is given,
all-mpnet-base-v2 (768 wide). `analyze`: embedding, two classifications and entities, beside an embedding model and
three pipelines that do the same work. `one sentence`: warm, alone. `threads`: 16 threads that ask one short sentence
after the other, beside one thread. `tokenised`: the memory that 200,000 tokenised texts of 30 tokens take. Every figure
is a median over the rounds; `ceiling` is the speed at which the processor's matrix products alone would do the work,
measured in the same run; `cosine` is the smallest one with sentence-transformers in fp32; `memory` is what a contender
added to the process. `fidelity` has the starter's test figures for every backend and precision.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from concurrency import SHORT, threads, tokenised  # noqa: E402
from contenders import Contender, console, in_turn  # noqa: E402
from encoding import MINILM, WAYS, Shape, encode, mixed_sentences  # noqa: E402

from mtl import Engine  # noqa: E402
from mtl.backbones import find_backbone  # noqa: E402
from mtl.data import read_files  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402

TESTS = {
    "topic": ("sib200_en/test.csv", "accuracy"),
    "sentiment": ("review_sentiment/test.csv", "accuracy"),
    "entities": ("uner_ewt/test.conll", "f1"),
}
SENTENCE = "Angela Merkel met engineers of Siemens in Munich to talk about hydrogen trains."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--mpnet", type=Path, help="the folder of all-mpnet-base-v2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    texts, lengths = mixed_sentences(args.data, args.sentences)
    console.print(f"{len(texts)} sentences, {sum(lengths):,} tokens")
    found: dict[str, object] = {"sentences": len(texts), "tokens": sum(lengths)}
    found |= encode(texts, lengths, args.rounds, MINILM)
    if args.mpnet:
        found["mpnet"] = encode(texts, lengths, args.rounds, Shape(str(args.mpnet), 12, 768))
    found["threads"] = threads([t for t, n in zip(texts, lengths, strict=True) if n <= SHORT], args.rounds)
    found["tokenised_mb"] = tokenised()
    found["analyze"] = analyze(texts, args.rounds)
    found["one_sentence_ms"] = one_sentence()
    found["fidelity"] = fidelity(args.data)
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def analyze(texts: list[str], rounds: int) -> dict[str, object]:
    """Embedding, two classes and entities, beside one model for each."""
    starter = Engine.load("starter")
    contenders = [
        Contender("starter.encode", lambda: starter.encode(texts), "bf16"),
        Contender("starter.analyze", lambda: starter.analyze(texts) and None, "bf16"),
    ]
    in_turn(contenders, rounds)
    some = texts[:: max(1, len(texts) // 400)]
    pipelines = separate_models()
    few = [
        Contender("one model a task, batch 1", lambda: pipelines(some, 1), "fp32"),
        Contender("one model a task, batch 32", lambda: pipelines(some, 32), "fp32"),
        Contender("starter.analyze", lambda: starter.analyze(some) and None, "bf16"),
    ]
    in_turn(few, max(2, rounds // 2))
    whole = {c.name: statistics.median(c.seconds) for c in contenders}
    part = {c.name: statistics.median(c.seconds) for c in few}
    result = {
        "analyze_over_encode": whole["starter.analyze"] / whole["starter.encode"],
        "separate_over_analyze_batch_1": part[few[0].name] / part["starter.analyze"],
        "separate_over_analyze_batch_32": part[few[1].name] / part["starter.analyze"],
    }
    table = Table("analyze", "times")
    table.add_row("starter.analyze over starter.encode", f"{result['analyze_over_encode']:.3f}")
    table.add_row("separate models over starter.analyze, batch 1", f"{result['separate_over_analyze_batch_1']:.1f}")
    table.add_row("separate models over starter.analyze, batch 32", f"{result['separate_over_analyze_batch_32']:.1f}")
    console.print(table)
    return result


def separate_models() -> Callable[[list[str], int], None]:
    """The same work by four models of the same size: an embedding model and three pipelines with random heads."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import (
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
        AutoTokenizer,
        TextClassificationPipeline,
        TokenClassificationPipeline,
    )
    from transformers.utils import logging

    logging.set_verbosity_error()
    torch.manual_seed(0)
    folder = find_backbone(DEFAULT_BACKBONE).folder
    embedder = SentenceTransformer(str(folder), device="cpu")
    tokenizer = AutoTokenizer.from_pretrained(folder, model_max_length=256)
    classifiers = [
        TextClassificationPipeline(
            model=AutoModelForSequenceClassification.from_pretrained(folder, num_labels=labels), tokenizer=tokenizer
        )
        for labels in (7, 2)
    ]
    tagger = TokenClassificationPipeline(
        model=AutoModelForTokenClassification.from_pretrained(folder, num_labels=7),
        tokenizer=tokenizer,
        aggregation_strategy="simple",
    )

    def run(texts: list[str], batch: int) -> None:
        embedder.encode(texts, batch_size=batch, show_progress_bar=False)
        for classifier in classifiers:
            classifier(texts, batch_size=batch, top_k=None, truncation=True)
        tagger(texts, batch_size=batch)

    return run


def one_sentence() -> dict[str, float]:
    """Medians in milliseconds of 200 calls each, ten series of 20 in turn.

    After a change of turns the threads of the one before go on waiting for work for a while, on a core that the next
    one needs; so the first calls of each series do not count.
    """
    from sentence_transformers import SentenceTransformer

    peer = SentenceTransformer(str(find_backbone(DEFAULT_BACKBONE).folder), device="cpu")
    backbone, starter = Engine.load(DEFAULT_BACKBONE), Engine.load("starter")
    ways = {
        "sentence-transformers": lambda: peer.encode(SENTENCE, show_progress_bar=False),
        "polyhead encode": lambda: backbone.encode(SENTENCE),
        "polyhead analyze (starter)": lambda: starter.analyze([SENTENCE]),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(10):
        for name, run in ways.items():
            for call in range(30):
                begun = time.perf_counter()
                run()
                if call >= 10:
                    taken[name].append((time.perf_counter() - begun) * 1e3)
    result = {name: statistics.median(values) for name, values in taken.items()}
    table = Table("one sentence", "ms")
    for name, value in result.items():
        table.add_row(name, f"{value:.2f}")
    console.print(table)
    return result


def fidelity(data: Path) -> list[dict[str, object]]:
    """The starter's test figures in per cent with every backend and precision."""
    table = Table("fidelity", *TESTS)
    rows = []
    for backend, precision in reversed(WAYS):
        engine = Engine.load("starter", backend=backend, precision=precision)
        row: dict[str, object] = {"backend": backend, "precision": precision}
        for task, (file, metric) in TESTS.items():
            examples = read_files(engine.task_config(task), [str(data / file)])
            row[task] = engine.evaluate(task, examples)[metric] * 100
        rows.append(row)
        table.add_row(f"{backend} {precision}", *(f"{row[task]:.2f}" for task in TESTS))
    console.print(table)
    return rows


if __name__ == "__main__":
    main()
