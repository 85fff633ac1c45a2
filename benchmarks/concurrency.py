"""Many callers of one engine, and the memory of many tokenised texts."""

import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from contenders import console  # noqa: E402

from mtl import Engine  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402

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
