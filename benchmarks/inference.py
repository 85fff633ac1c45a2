"""Our engine beside sentence-transformers and transformers pipelines, in one process, in turn, with the same threads.

python benchmarks/inference.py --data FOLDER [--mpnet FOLDER] [--rounds 5] [--json FILE]

`encode`: 2,000 mixed sentences of 10 to 256 tokens, with all-MiniLM-L6-v2 (384 wide) and, where its folder is given,
all-mpnet-base-v2 (768 wide). `analyze`: embedding, two classifications and entities, beside an embedding model and
three pipelines that do the same work. `one sentence`: warm, alone. `threads`: 16 threads that ask one short sentence
after the other, beside one thread. `tokenised`: the memory that 200,000 tokenised texts of 30 tokens take. Every figure
is a median over the rounds; `ceiling` is the speed at which the processor's matrix products alone would do the work,
measured in the same run; `cosine` is the smallest one with sentence-transformers in fp32; `memory` is what a contender
added to the process. `fidelity` has the starter's test figures for every backend and precision.
"""

import argparse
import csv
import gc
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.backbones import find_backbone  # noqa: E402
from mtl.data import read_files  # noqa: E402
from mtl.errors import BackendError  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402
from mtl.text.batching import by_length, pack  # noqa: E402

SETS = ("dbpedia14_small", "sib200_en", "clinc150", "review_sentiment", "snips")
TESTS = {
    "topic": ("sib200_en/test.csv", "accuracy"),
    "sentiment": ("review_sentiment/test.csv", "accuracy"),
    "entities": ("uner_ewt/test.conll", "f1"),
}
SENTENCE = "Angela Merkel met engineers of Siemens in Munich to talk about hydrogen trains."
WAYS = (
    ("openvino", "mixed"),
    ("openvino", "bf16"),
    ("openvino", "int8"),
    ("openvino", "fp32"),
    ("torch", "bf16"),
    ("torch", "fp32"),
)
THREADS, SHORT, SECONDS = 16, 30, 1.5  # tokens of a short sentence, seconds of a turn
TOKENISED = """
import random, sys
import psutil
from mtl import Engine
from mtl.memory import release_memory
from mtl.text import SplitWords
tokenizer, chance = Engine.load("starter")._parts.tokenizer, random.Random(0)
words = "the a bus soup river left came small old from to in her his new water train music city again".split()
texts = [" ".join(chance.choices(words, k=28)) for _ in range(200_000)]
process = psutil.Process()
tokenizer.store(texts[:1000], SplitWords(texts[:1000]))
release_memory()
before = process.memory_info().rss
stored = tokenizer.store(texts, SplitWords(texts) if sys.argv[1] == "words" else None)
assert stored.tokens.min() == stored.tokens.max() == 30
release_memory()
print(process.memory_info().rss - before)
"""
console = Console(soft_wrap=True, highlight=False)


@dataclass(frozen=True)
class Shape:
    """A backbone by name or folder, and the size of its matrix products."""

    backbone: str
    layers: int
    hidden: int


MINILM = Shape(DEFAULT_BACKBONE, 6, 384)


@dataclass
class Contender:
    """A way to do the work; `seconds` has one entry a round."""

    name: str
    run: Callable[[], np.ndarray | None]
    precision: str
    batches: list[list[int]] = field(default_factory=list)
    memory_mb: float = 0.0
    seconds: list[float] = field(default_factory=list)
    cosine: float = 1.0


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


def mixed_sentences(data: Path, count: int) -> tuple[list[str], list[int]]:
    """Sentences of several sets, some joined to passages, of 10 to 256 tokens."""
    texts = [
        row["text"]
        for name in SETS
        for file in sorted((data / name).glob("*.csv"))
        for row in csv.DictReader(file.open(encoding="utf-8"))
    ]
    chance = random.Random(0)
    chance.shuffle(texts)
    joined, position = [], 0
    while position < 10_000:
        parts = chance.choice((1, 1, 1, 1, 1, 1, 1, 2, 3, 4))
        joined.append(" ".join(texts[position : position + parts]))
        position += parts
    read = Engine.load(DEFAULT_BACKBONE)._parts.tokenizer(joined)
    kept = [
        (text, tokens)
        for text, tokens, windows in zip(joined, read.tokens.tolist(), read.window_counts, strict=True)
        if tokens >= 10 and windows == 1
    ][:count]
    return [text for text, _ in kept], [tokens for _, tokens in kept]


class Ceiling:
    """Torch's speed in large matrix products, 10⁹ operations a second: by precision the best shape's median."""

    def __init__(self, hidden: int) -> None:
        self.shapes = ((2048, 2048, 2048), (4096, hidden, 4 * hidden), (4096, 4 * hidden, hidden))
        self.samples: dict[tuple[str, tuple[int, int, int]], list[float]] = {}

    def sample(self) -> None:
        """A few products of each kind, between the rounds of what is compared with them."""
        import torch

        makers = {
            "fp32": torch.randn,
            "bf16": lambda *shape: torch.randn(*shape).bfloat16(),
            "int8": lambda *shape: torch.randint(-127, 128, shape, dtype=torch.int8),
        }
        for name, make in makers.items():
            multiply = torch._int_mm if name == "int8" else torch.matmul
            for rows, inner, columns in self.shapes:
                a, b = make(rows, inner), make(inner, columns)
                multiply(a, b)
                for _ in range(6):
                    begun = time.perf_counter()
                    multiply(a, b)
                    speed = 2 * rows * inner * columns / (time.perf_counter() - begun) / 1e9
                    self.samples.setdefault((name, (rows, inner, columns)), []).append(speed)

    def gops(self) -> dict[str, float]:
        """By precision."""
        return {
            kind: max(statistics.median(v) for (name, _), v in self.samples.items() if name == kind)
            for kind in ("fp32", "bf16", "int8")
        }


def encode(texts: list[str], lengths: list[int], rounds: int, shape: Shape) -> dict[str, object]:
    """Embeddings only."""
    ceiling = Ceiling(shape.hidden)
    contenders = theirs(texts, lengths, shape.backbone) + ours(texts, lengths, shape.backbone)
    reference = contenders[0].run()
    for contender in contenders:
        before = psutil.Process().memory_info().rss
        vectors = contender.run()
        contender.memory_mb += (psutil.Process().memory_info().rss - before) / 1e6
        contender.cosine = min_cosine(vectors, reference)
    in_turn(contenders, rounds, ceiling.sample)
    most = ceiling.gops()
    console.print("matrix products: " + ", ".join(f"{name} {speed:.0f} G/s" for name, speed in most.items()))
    layers, hidden = shape.layers, shape.hidden
    work = sum(layers * 2 * length * (12 * hidden**2 + 2 * length * hidden) for length in lengths) / 1e9
    queries_and_keys = sum(layers * 2 * length * 2 * hidden**2 for length in lengths) / 1e9
    fastest = {name: work / speed for name, speed in most.items()}
    fastest["mixed"] = (work - queries_and_keys) / most["bf16"] + queries_and_keys / most["int8"]
    rows, first = [], statistics.median(contenders[0].seconds)
    table = Table(
        f"encode, {Path(shape.backbone).name}",
        "relative",
        "tokens/s",
        "of the ceiling",
        "padding",
        "memory",
        "cosine, min",
    )
    for c in contenders:
        seconds = statistics.median(c.seconds)
        padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in c.batches)
        row = {
            "name": c.name,
            "relative": first / seconds,
            "tokens_per_second": sum(lengths) / seconds,
            "of_ceiling": fastest[c.precision] / seconds,
            "padding": 1 - sum(lengths) / padded,
            "memory_mb": c.memory_mb,
            "min_cosine": c.cosine,
            "seconds": c.seconds,
        }
        rows.append(row)
        table.add_row(
            c.name,
            f"{row['relative']:.2f}",
            f"{row['tokens_per_second']:,.0f}",
            f"{row['of_ceiling']:.0%}",
            f"{row['padding']:.1%}",
            f"{c.memory_mb:,.0f} MB",
            f"{c.cosine:.5f}",
        )
    console.print(table)
    return {"encode": rows, "gemm_gops": most}


def theirs(texts: list[str], lengths: list[int], backbone: str) -> list[Contender]:
    """sentence-transformers with each of its backends that installs."""
    from sentence_transformers import SentenceTransformer

    folder = str(find_backbone(backbone).folder)
    order = by_length([len(text) for text in texts])
    batches = [order[i : i + 32] for i in range(0, len(order), 32)]
    ways = (
        ("fp32", {}),
        ("bf16", {"model_kwargs": {"dtype": "bfloat16"}}),
        ("onnx", {"backend": "onnx"}),
        ("openvino", {"backend": "openvino"}),
    )
    result = []
    for name, options in ways:
        before = psutil.Process().memory_info().rss
        try:
            model = SentenceTransformer(folder, device="cpu", **options)
        except Exception as error:  # whatever a missing or unfit backend raises: it is left out and named
            console.print(f"sentence-transformers {name}: left out, {str(error).strip().splitlines()[0][:100]}")
            continue
        run = lambda model=model: np.asarray(model.encode(texts, show_progress_bar=False), dtype=np.float32)  # noqa: E731
        precision = "bf16" if name == "bf16" else "fp32"
        memory = (psutil.Process().memory_info().rss - before) / 1e6
        result.append(Contender(f"sentence-transformers {name}", run, precision, batches, memory))
    return result


def ours(texts: list[str], lengths: list[int], backbone: str) -> list[Contender]:
    """Our engine with every backend and precision, and as it comes."""
    result = []
    for backend, precision in (("auto", "auto"), *WAYS):
        before = psutil.Process().memory_info().rss
        try:
            engine = Engine.load(backbone, backend=backend, precision=precision)
        except BackendError as error:
            console.print(f"polyhead {backend} {precision}: left out, {error}")
            continue
        memory = (psutil.Process().memory_info().rss - before) / 1e6
        batches = list(pack(lengths, by_length(lengths), budget=engine.choice.batch_tokens))
        name = f"polyhead {backend} {precision}"
        if backend == "auto":
            name = f"polyhead auto ({engine.choice.backend} {engine.choice.precision})"
            console.print(f"auto: {engine.choice.reason}")
        run = lambda engine=engine: engine.encode(texts)  # noqa: E731
        result.append(Contender(name, run, engine.choice.precision, batches, memory))
    return result


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


def threads(sentences: list[str], rounds: int) -> dict[str, float]:
    """Answers a second of 16 threads over those of one, and their 95th percentile over the median of one alone."""
    engine = Engine.load(DEFAULT_BACKBONE)
    ask(engine, sentences, 1)
    ask(engine, sentences, THREADS)
    ratios, tails = [], []
    for _ in range(rounds):
        alone, together = ask(engine, sentences, 1), ask(engine, sentences, THREADS)
        ratios.append(len(together) / len(alone))
        tails.append(statistics.quantiles(together, n=20)[-1] / statistics.median(alone))
    result = {"answers": statistics.median(ratios), "p95": statistics.median(tails)}
    table = Table(f"{THREADS} threads, one short sentence each", "times that of one")
    table.add_row("answers a second", f"{result['answers']:.2f}")
    table.add_row("95th percentile of the time to an answer, over the median", f"{result['p95']:.2f}")
    console.print(table)
    return result


def ask(engine: Engine, sentences: list[str], count: int) -> list[float]:
    """The seconds of each answer that so many threads get in a fixed time."""
    taken: list[list[float]] = [[] for _ in range(count)]
    barrier = threading.Barrier(count)

    def caller(number: int) -> None:
        barrier.wait()
        end = time.perf_counter() + SECONDS
        while (begun := time.perf_counter()) < end:
            engine.encode(sentences[(number + count * len(taken[number])) % len(sentences)])
            taken[number].append(time.perf_counter() - begun)

    callers = [threading.Thread(target=caller, args=(number,)) for number in range(count)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    return [seconds for one in taken for seconds in one]


def tokenised() -> dict[str, float]:
    """Megabytes that 200,000 tokenised texts of 30 tokens add to a process, without and with the tokens of words."""
    table = Table("200,000 tokenised texts of 30 tokens", "MB")
    result = {}
    for kind in ("texts", "words"):
        command = [sys.executable, "-c", TOKENISED, kind]
        output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
        result[kind] = int(output) / 1e6
        table.add_row(kind, f"{result[kind]:,.0f}")
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


def in_turn(contenders: list[Contender], rounds: int, between: Callable[[], None] | None = None) -> None:
    """One run of each after the other, so that what else the machine does hits all alike; the first warms up.

    Every other round goes backwards, so that none always follows the same one, and a moment passes before each turn:
    the threads of the one before should have stopped waiting for work.
    """
    for number in range(rounds + 1):
        if between:
            between()
        for contender in contenders if number % 2 else reversed(contenders):
            gc.collect()
            time.sleep(0.5)
            begun = time.perf_counter()
            contender.run()
            if number:
                contender.seconds.append(time.perf_counter() - begun)


def min_cosine(found: np.ndarray, expected: np.ndarray) -> float:
    """Of the row with the smallest."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return float(((found * expected).sum(axis=1) / lengths).min())


if __name__ == "__main__":
    main()
