"""What `mtl serve` answers beside FastAPI around sentence-transformers: answers a second, and the waits.

    python benchmarks/serve.py [--seconds 60] [--rounds 20] [--clients 40] [--json FILE]

40 closed-loop clients (each asks again as soon as it is answered) send one sentence a request. Ours answers `/analyze`:
embedding, classes and entities. The other answers the embedding alone: a plain server as good practice has it, an
endpoint in a thread whose model takes one request after the other, the batch being what a request brings; `threads` is
the same without turns, as the framework does it by itself. All are loaded at once and take turns of `seconds / rounds`
in one run, so that each is asked for `seconds`; those that are not asked wait. The clients run on the same cores.
`cpu_ms`
is the processor time of the server for an answer, which other work on the machine changes little.
Writes `benchmarks/results/serve.json`.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil
from load import TYPED
from rich.console import Console
from rich.table import Table
from served import ROOT, answers, free_port
from visitors import Visitor

RESULTS = ROOT / "benchmarks" / "results" / "serve.json"
OURS = "mtl serve, embedding, classes and entities"
PLAIN = {
    "turns": "FastAPI + sentence-transformers, embedding, a request at a time",
    "threads": "FastAPI + sentence-transformers, embedding, in threads",
}
WARM_SECONDS = 3.0


def main() -> None:
    """Start the servers, ask them in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--json", type=Path, default=RESULTS)
    parser.add_argument("--plain", choices=PLAIN, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.plain:
        serve_plainly(args.plain, args.port)
        return
    with contextlib.ExitStack() as servers:
        asked: dict[str, tuple[Server, str]] = {OURS: (servers.enter_context(ours()), "/analyze")}
        for kind, title in PLAIN.items():
            asked[title] = (servers.enter_context(plain(kind)), "/embed")
        turns = asyncio.run(in_turns(asked, args.seconds / args.rounds, args.rounds, args.clients))
    found = {name: summary(own) for name, own in turns.items()}
    best = max(found[title]["answers_a_second"] for title in PLAIN.values())
    result = {"seconds": args.seconds, "clients": args.clients, "servers": found}
    result["times_the_best_plain_one"] = round(found[OURS]["answers_a_second"] / best, 2)
    args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print_table(result)


@dataclass(frozen=True)
class Server:
    """A server under test."""

    port: int
    process: psutil.Process

    def busy(self) -> float:
        """Seconds of processor time since its start."""
        return sum(self.process.cpu_times()[:2])


@dataclass(frozen=True)
class Turn:
    """The waits of a turn, its length and the processor time that the server took; in seconds."""

    waits: list[float]
    seconds: float
    busy: float


async def in_turns(
    asked: dict[str, tuple[Server, str]], seconds: float, rounds: int, clients: int
) -> dict[str, list[Turn]]:
    """The turns of each server."""
    turns: dict[str, list[Turn]] = {name: [] for name in asked}
    for server, path in asked.values():
        await asking(server.port, path, WARM_SECONDS, clients)
    for _ in range(rounds):
        for name, (server, path) in asked.items():
            began, busy = time.perf_counter(), server.busy()
            waits = await asking(server.port, path, seconds, clients)
            turns[name].append(Turn(waits, time.perf_counter() - began, server.busy() - busy))
    return turns


async def asking(port: int, path: str, seconds: float, clients: int) -> list[float]:
    """The waits of closed-loop clients.

    Raises:
        RuntimeError: an answer is an error.
    """
    waits: list[float] = []
    until = time.perf_counter() + seconds

    async def ask(number: int) -> None:
        client, sentences = Visitor(port), cycle(TYPED[number:] + TYPED[:number])
        while (started := time.perf_counter()) < until:
            answer = await client.ask("POST", path, {"text": [next(sentences)]})
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {answer.body[:200]!r}")
            waits.append(time.perf_counter() - started)
        client.close()

    await asyncio.gather(*(ask(number % len(TYPED)) for number in range(clients)))
    return waits


@contextmanager
def ours() -> Iterator[Server]:
    """Our server, with its default settings."""
    port = free_port()
    with _process([sys.executable, "-m", "mtl", "serve", "starter", "--port", str(port)], port) as server:
        yield server


@contextmanager
def plain(kind: str) -> Iterator[Server]:
    """A plain server."""
    port = free_port()
    with _process([sys.executable, __file__, "--plain", kind, "--port", str(port)], port) as server:
        yield server


@contextmanager
def _process(command: list[str], port: int) -> Iterator[Server]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), **quiet)
    try:
        asyncio.run(answers(process, port))
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait()


def serve_plainly(kind: str, port: int) -> None:
    """A plain server, until it is ended."""
    sys.path.insert(0, str(ROOT))
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel
    from sentence_transformers import SentenceTransformer

    from mtl.backbones import find_backbone
    from mtl.recipe import DEFAULT_BACKBONE

    class Texts(BaseModel):
        text: list[str]

    class Embeddings(BaseModel):
        embeddings: list[list[float]]

    app = FastAPI()
    model = SentenceTransformer(str(find_backbone(DEFAULT_BACKBONE).folder), device="cpu")
    turn = threading.Lock() if kind == "turns" else contextlib.nullcontext()

    @app.post("/embed")
    def embed(asked: Texts) -> Embeddings:
        with turn:
            found = model.encode(asked.text, show_progress_bar=False)
        return Embeddings(embeddings=found.tolist())

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    uvicorn.run(app, port=port, access_log=False, log_level="error")


def summary(turns: list[Turn]) -> dict[str, float]:
    """Answers a second, the slowest turn's too, milliseconds of processor time an answer and of the waits."""
    waits = [wait for turn in turns for wait in turn.waits]
    return {
        "answers": len(waits),
        "answers_a_second": round(len(waits) / sum(turn.seconds for turn in turns), 1),
        "slowest_turn": round(min(len(turn.waits) / turn.seconds for turn in turns), 1),
        "cpu_ms": round(1000 * sum(turn.busy for turn in turns) / len(waits), 2),
        **{f"p{share}_ms": round(1000 * float(np.percentile(waits, share)), 1) for share in (50, 95)},
    }


def print_table(result: dict[str, object]) -> None:
    """Print what was measured."""
    servers = result["servers"]
    assert isinstance(servers, dict)
    console = Console(highlight=False)
    columns = {"answers_a_second": "answers a second", "slowest_turn": "slowest turn", "cpu_ms": "processor, ms"}
    columns |= {"p50_ms": "p50, ms", "p95_ms": "p95, ms"}
    table = Table("server", *columns.values())
    for name, found in servers.items():
        table.add_row(name, *(str(found[key]) for key in columns))
    console.print(table)
    console.print(f"{result['times_the_best_plain_one']} times the answers of the better plain one")


if __name__ == "__main__":
    main()
