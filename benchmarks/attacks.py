"""What one visitor gets while another attacks the server, and what the attack takes.

    python benchmarks/attacks.py [--seconds 20] [--only NAME …] [--json FILE]

Each attack runs eight times at once, as one visitor, while another visitor analyses a sentence twice a second. Then
come ten seconds of rest, and ten in which the same visitor is measured again. Memory is that of the server and all
its processes, the largest of samples every tenth of a second. Writes `benchmarks/results/attacks.json`, in
which other attacks stay.
"""

import argparse
import asyncio
import io
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil
from load import TYPED
from rich.console import Console
from rich.table import Table
from served import ROOT, serving
from stored import classify_file
from visitors import PageMap, Visitor, map_of

sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results" / "attacks.json"
AT_ONCE, EVERY, REST = 8, 0.5, 10.0  # attackers, seconds between two sentences, seconds
LARGE = b'{"data": ["' + b"x" * 100_000_000 + b'"]}'

Attack = Callable[[Visitor, PageMap], Awaitable[None]]


async def brackets(visitor: Visitor, page: PageMap) -> None:
    """A recipe of 100 kB of opening brackets, in the form and as a file."""
    await plan_with(visitor, page, "[" * 100_000)
    file = await visitor.upload("recipe.yaml", b"[" * 100_000)
    await visitor.call(*called(page, page.triggered("ph-load-recipe", "upload"), {"ph-load-recipe": file}))


async def plans(visitor: Visitor, page: PageMap) -> None:
    """A plan that nobody asked for before."""
    await plan_with(visitor, page, f"anchor: {time.perf_counter_ns() % 10**9 / 1e6}")


async def queued_plans(visitor: Visitor, page: PageMap) -> None:
    """Plans that are queued and never fetched."""
    fn = page.filling("ph-advice")
    for _ in range(20):
        await visitor.ask("POST", "/gradio_api/queue/join", body_of(visitor, page, fn, {}))


async def around_the_queue(visitor: Visitor, page: PageMap) -> None:
    """Handlers with a queue, called directly."""
    for fn in (page.analyze, page.filling("ph-advice")):
        await visitor.ask("POST", "/gradio_api/run/predict", body_of(visitor, page, fn, {"ph-sentence": "x " * 5000}))


async def large_bodies(visitor: Visitor, page: PageMap) -> None:
    """JSON of 100 MB."""
    await visitor.ask("POST", "/gradio_api/run/predict", LARGE)


async def nested_bodies(visitor: Visitor, page: PageMap) -> None:
    """JSON nested as deep as the limit of the size allows."""
    await visitor.ask("POST", "/gradio_api/run/predict", b'{"data": ' + b"[" * 450_000 + b"]" * 450_000 + b"}")


async def uploads(visitor: Visitor, page: PageMap) -> None:
    """Uploads without an end."""
    await visitor.upload("a.txt", b"a line\n" * 250_000)


async def addresses(visitor: Visitor, page: PageMap) -> None:
    """Files that are addresses of a server which never answers."""
    file = {"path": "http://10.255.255.1/x", "meta": {"_type": "gradio.FileData"}}
    fn = page.triggered("ph-upload", "upload")
    await visitor.ask("POST", "/gradio_api/queue/join", body_of(visitor, page, fn, {"ph-upload": file}))


async def one_long_line(visitor: Visitor, page: PageMap) -> None:
    """A file that is one line of 1.9 MB, for every tab that reads files."""
    await classify_file(visitor, page, "a.txt", b"word " * 380_000)


async def full_stops(visitor: Visitor, page: PageMap) -> None:
    """100,000 full stops typed."""
    await visitor.call(*called(page, page.analyze, {"ph-sentence": "." * 99_000, "ph-picker": "starter"}))


async def many_sentences(visitor: Visitor, page: PageMap) -> None:
    """A file with as many long sentences as the limits allow."""
    await classify_file(visitor, page, "a.txt", (" ".join(TYPED[:4]) + "\n").encode() * 4_900)


async def large_batches(visitor: Visitor, page: PageMap) -> None:
    """A plan with a batch of a billion tokens and heads of a billion units."""
    await plan_with(visitor, page, "budget: {batch_tokens: 1000000000}")
    await plan_with(visitor, page, "max_length: 100000000")
    await plan_with(visitor, page, "tasks: {topic: {head: {hidden: 1000000000}}}")


async def many_rows(visitor: Visitor, page: PageMap) -> None:
    """A task with a small training file and 390,000 short dev rows."""
    train = await visitor.upload("train.csv", b"text,label\n" + b"a b,x\nc d,y\n" * 20)
    dev = await visitor.upload("dev.csv", b"text,label\n" + b"a,x\n" * 390_000)
    given = {"ph-train-file": train, "ph-dev-file": dev, "Task name": f"t{secrets.token_hex(4)}"}
    await visitor.call(*called(page, page.filling("ph-data-problem"), given))


async def parquet_bombs(visitor: Visitor, page: PageMap) -> None:
    """Small Parquet files of gigabytes: a dictionary of one long text, and a column of zeros."""
    for content in bombs():
        await classify_file(visitor, page, "a.parquet", content)


ATTACKS: dict[str, Attack] = {
    each.__name__: each
    for each in (
        brackets,
        plans,
        queued_plans,
        around_the_queue,
        large_bodies,
        nested_bodies,
        uploads,
        addresses,
        one_long_line,
        full_stops,
        many_sentences,
        large_batches,
        many_rows,
        parquet_bombs,
    )
}


async def plan_with(visitor: Visitor, page: PageMap, more: str) -> None:
    """Plan the form as it is at first with more recipe keys."""
    fn = page.filling("ph-advice")
    await visitor.call(*called(page, fn, {"ph-tasks": ["topic", "entities"], "ph-more": more}))


def called(page: PageMap, fn: int, given: dict[str, object]) -> tuple[int, list[object]]:
    """A handler and its inputs."""
    return fn, page.values(fn, given)


def body_of(visitor: Visitor, page: PageMap, fn: int, given: dict[str, object]) -> dict[str, object]:
    """The body of a call."""
    return {"data": page.values(fn, given), "fn_index": fn, "session_hash": visitor.session}


def bombs() -> list[bytes]:
    """Parquet files of a few kilobytes that mean gigabytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    long = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), pa.array(["x" * 1_000_000]))
    zeros = pa.array(["" for _ in range(5_000_000)])
    found = []
    for column in (long, zeros):
        file = io.BytesIO()
        pq.write_table(pa.table({"text": column}), file, compression="zstd", row_group_size=len(column))
        found.append(file.getvalue())
    return found


def main() -> None:
    """Run the chosen attacks, each against a fresh server, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", nargs="*", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--json", type=Path, default=RESULTS)
    parser.add_argument("--attack", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.attack:
        name, port, until = args.attack
        print(json.dumps(asyncio.run(attackers(ATTACKS[name], int(port), float(until)))))
        return
    results = json.loads(args.json.read_text(encoding="utf-8")) if args.json.exists() else {}
    with serving() as (server, port, _):
        for name in args.only:
            results[name] = asyncio.run(measured(name, server, port, args.seconds))
            Console(highlight=False).print(f"{name}: {results[name]}", style="dim")
    table = Table("attack", "p50", "p95", "longest", "errors", "refused", "memory", "p95 after")
    for name, found in results.items():
        table.add_row(name, *(str(found[key]) for key in list(found)[:7]))
    Console(highlight=False).print(table)
    args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


async def measured(attack: str, server: psutil.Process, port: int, seconds: float) -> dict[str, float]:
    """The waits of another visitor during an attack and after it, in milliseconds, and the memory in MB."""
    page, victim = await map_of(port), Visitor(port)
    await victim.open()
    for sentence in TYPED[:10]:
        await victim.analyze(page, sentence)
    until = time.time() + seconds
    memory = asyncio.create_task(largest_memory(server))
    attackers = subprocess.Popen(
        [sys.executable, __file__, "--attack", attack, str(port), str(until)], stdout=subprocess.PIPE, text=True
    )
    during, errors = await waits(victim, page, until)
    refused = json.loads(attackers.communicate()[0].splitlines()[-1])
    await asyncio.sleep(REST)
    memory.cancel()
    after, later = await waits(victim, page, time.time() + REST)
    return {
        "p50_ms": percentile(during, 50),
        "p95_ms": percentile(during, 95),
        "longest_ms": percentile(during, 100),
        "errors": errors + later,
        "refused": len(refused),
        "memory_mb": await memory,
        "after_p95_ms": percentile(after, 95),
        "sentences": sorted(set(refused))[:5],
    }


async def attackers(attack: Attack, port: int, until: float) -> list[str]:
    """Attack eight times at once until the end, as one visitor; returns what was refused."""
    refused: list[str] = []
    page, first = await map_of(port), Visitor(port)
    await first.open()
    visitors = [Visitor(port, first.cookie) for _ in range(AT_ONCE)]
    tasks = [asyncio.create_task(attacking(attack, one, page, until, refused)) for one in visitors]
    await asyncio.wait(tasks, timeout=until - time.time())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return refused


async def attacking(attack: Attack, visitor: Visitor, page: PageMap, until: float, refused: list[str]) -> None:
    """Repeat an attack until the end; what the server refuses is noted."""
    while time.time() < until:
        try:
            await attack(visitor, page)
        except RuntimeError as error:
            refused.append(str(error)[:160])
            await asyncio.sleep(0.05)
        except (ConnectionError, asyncio.IncompleteReadError):
            visitor.close()


async def waits(visitor: Visitor, page: PageMap, until: float) -> tuple[list[float], int]:
    """Seconds of each analysis until the end, and the errors."""
    found, errors, sentences = [], 0, cycle(TYPED)
    while time.time() < until:
        started = time.perf_counter()
        try:
            found.append(await visitor.analyze(page, next(sentences)))
        except RuntimeError:
            errors += 1
        await asyncio.sleep(max(0.0, EVERY - (time.perf_counter() - started)))
    return found, errors


async def largest_memory(server: psutil.Process) -> int:
    """The largest memory of the server with all its processes until cancelled, in MB."""
    largest = 0
    try:
        while True:
            total = 0
            for process in (server, *server.children(recursive=True)):
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    continue
            largest = max(largest, total)
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return round(largest / 1e6)


def percentile(values: list[float], share: int) -> int:
    """Milliseconds."""
    return round(1000 * float(np.percentile(values, share))) if values else -1


if __name__ == "__main__":
    main()
