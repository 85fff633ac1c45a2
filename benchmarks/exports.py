"""Exported models in the tools that they are for, beside the engine that they come from, on 500 sentences.

Run `python benchmarks/exports.py [--models bert,minilm,…] [--mpnet FOLDER]`; it prints a table and exits 1 where an
embedding differs by more than 1e-4 or a class or a span is another one. The sentences are those of
`typed_sentences.jsonl` and variants of them. The tiny models are random; their tokenizers know the words of the
sentences. The pipelines tell words in their own way, which the engine follows here as it does for a model that came
from transformers; the last lines of a model have the engine's own words instead, that of the pipelines counts for
nothing. Where a pipeline tells words by blanks alone, the sentences have blanks around signs and no characters of
several bytes.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.checkpoint.imported import PIPELINE_WORDS  # noqa: E402
from mtl.checkpoint.store import LoadedModel, Snapshot, build, save  # noqa: E402
from mtl.decoding import Request, entities_of  # noqa: E402
from mtl.encoder import load_backbone  # noqa: E402
from mtl.exports import export  # noqa: E402
from mtl.exports.onnx.graph import OnnxGraph  # noqa: E402
from mtl.exports.onnx.session import OnnxSession, spec_of_outputs  # noqa: E402
from mtl.inference.analysis import Analysis  # noqa: E402
from mtl.inference.backends import DEFAULT_BATCH_TOKENS  # noqa: E402
from mtl.inference.runner import Runner  # noqa: E402
from mtl.inference.source import find_model, load_model  # noqa: E402
from mtl.inference.spec import spec_of  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402
from mtl.recipe.choices import Decoder, LongTexts, Pooling, TaskKind  # noqa: E402
from mtl.recipe.schema import HeadConfig  # noqa: E402
from mtl.task import TaskInfo  # noqa: E402
from mtl.text import SplitWords, split_words  # noqa: E402
from tests import tiny  # noqa: E402
from tests.chromium import chromium  # noqa: E402
from tests.mtl.exports.onnx.browsing import fetch_runtime, graphs_in_chromium  # noqa: E402

SENTENCES = ROOT / "benchmarks" / "typed_sentences.jsonl"
TINY = ("bert", "roberta", "distilbert", "modernbert", "deberta-v2", "xlm-roberta", "mpnet")
COUNT, LIMIT = 500, 1e-4
MARKS = ("bert", "distilbert", "mpnet", "minilm", "all-mpnet-base-v2")
"""Models whose tokenizer marks the pieces inside of words."""
EXACT = {"backend": "torch", "precision": "fp32", "long_texts": "cut"}
Span = tuple[int, int, str]
RUN = """
import json, sys
for name in ("mtl", "torch", "transformers"):
    sys.modules[name] = None
from run import Model
model = Model()
json.dump([model(text) for text in json.load(sys.stdin)], sys.stdout)
"""


@dataclass(frozen=True)
class Found:
    """What a tool gives for each sentence; None for what it does not have."""

    embeddings: np.ndarray | None = None
    classes: list[dict[str, str]] | None = None
    spans: list[list[Span]] | None = None


def main() -> int:
    """Export, load, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join([*TINY, "minilm"]))
    parser.add_argument("--mpnet", type=Path, help="a folder with all-mpnet-base-v2")
    args = parser.parse_args()
    torch.set_num_threads(1)
    models = args.models.split(",") + (["all-mpnet-base-v2"] if args.mpnet else [])
    print(f"{'model':18} {'loaded by':38} {'embeddings':>10} {'classes':>9} {'spans':>9}")
    worst = True
    for name in models:
        with tempfile.TemporaryDirectory() as folder:
            for line, good in rows(name, Path(folder), args.mpnet):
                print(f"{name:18} {line}", flush=True)
                worst &= good
    return int(not worst)


def rows(name: str, folder: Path, mpnet: Path | None) -> Iterator[tuple[str, bool]]:
    """A line for each tool, and whether all is equal."""
    texts = sentences(spaced=name not in MARKS)
    if name in TINY:
        tiny.WORDS.extend(word for text in sentences(spaced=True) for word in text.split())
        backbone = str(tiny.save_backbone(name, folder / "backbone"))
    else:
        backbone = DEFAULT_BACKBONE if name == "minilm" else str(mpnet)
    checkpoint = folder / "checkpoint"
    model = random_model(backbone, name)
    save(model, checkpoint, Snapshot(step=0, metrics={}, recipe={"words": PIPELINE_WORDS}))
    analyses = Engine.load(checkpoint, **EXACT).analyze(texts)
    found = Found()
    for tool, load in TOOLS.items():
        found = load(checkpoint, folder / tool, texts)
        yield line_of(tool, analyses, found)
    save(model, folder / "own", Snapshot(step=0, metrics={}, recipe={}))
    own = Engine.load(folder / "own", **EXACT).analyze(texts)
    yield line_of("transformers pipelines, own words", own, replace(found, classes=None))[0], True
    for tool, load in WITH_OWN_WORDS.items():
        yield line_of(tool, own, load(folder / "own", folder / tool, texts))


def line_of(tool: str, analyses: Sequence[Analysis], found: Found) -> tuple[str, bool]:
    """The row of a tool."""
    cells, good = [], True
    if found.embeddings is None:
        cells.append("")
    else:
        difference = float(np.abs(found.embeddings - np.stack([a.embedding for a in analyses])).max())
        cells.append(f"{difference:.0e}")
        good &= difference < LIMIT
    expected = ([{t: one for t, (one,) in a.labels.items()} for a in analyses], [spans(a) for a in analyses])
    for wanted, has in zip(expected, (found.classes, found.spans), strict=True):
        equal = sum(a == b for a, b in zip(wanted, has, strict=True)) if has is not None else 0
        cells.append("" if has is None else f"{equal}/{len(wanted)}")
        good &= has is None or equal == len(wanted)
    return f"{tool:38} {cells[0]:>10} {cells[1]:>9} {cells[2]:>9}", good


def spans(analysis: Analysis) -> list[Span]:
    """Start, end and type of each entity."""
    return [(e["start"], e["end"], e["entity_group"]) for e in analysis.entities["names"]]


def random_model(backbone: str, name: str) -> LoadedModel:
    """A model with random heads that find much, and a last layer that differs from the backbone's."""
    is_mpnet = "mpnet" in name  # its classifier has no place for a mean
    loaded = load_backbone(backbone, pooling=Pooling.CLS if is_mpnet else Pooling.MEAN)
    hidden = loaded.encoder.dimension - 1 if name == "modernbert" else None
    tasks = (
        TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b", "c", "d"), HeadConfig(hidden=hidden)),
        TaskInfo("mood", TaskKind.CLASSIFICATION, ("bad", "good"), HeadConfig(hidden=())),
        TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(decoder=Decoder.ARGMAX)),
    )
    torch.manual_seed(0)
    built = build(loaded, {task.name: task for task in tasks})
    for head in built.model.heads.values():
        head.output.weight.data *= 8
    built.model.encoder.requires_grad_(False)
    for parameter in built.model.encoder.parts().layers[-1].parameters():
        parameter.requires_grad_(True)
        parameter.data += 0.02 * torch.randn_like(parameter)
    return built


def sentences(*, spaced: bool) -> list[str]:
    """500 sentences; with blanks around signs, and in ASCII, where wanted."""
    given = [json.loads(line)["text"] for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    draw, found = random.Random(0), list(given)
    while len(found) < COUNT:
        one, other = draw.sample(given, 2)
        words = one.split()
        draw.shuffle(words)
        found.append(draw.choice([f"{one} {other}", f"{other.upper()}", " ".join(words), f'"{one}" ({other})']))
    if spaced:
        found = [text.encode("ascii", "ignore").decode() for text in found]
        found = [" ".join(text[word.start : word.end] for word in split_words(text)) for text in found]
    return found


def by_sentence_transformers(checkpoint: Path, folder: Path, texts: Sequence[str]) -> Found:
    """`SentenceTransformer(DIR)`."""
    from sentence_transformers import SentenceTransformer

    export(checkpoint, folder, format="sentence-transformers")
    return Found(SentenceTransformer(str(folder), device="cpu").encode(list(texts)))


def back_by_engine(checkpoint: Path, folder: Path, texts: Sequence[str]) -> Found:
    """`mtl.Engine.load(DIR)` of the same folder."""
    export(checkpoint, folder, format="sentence-transformers")
    found = Engine.load(folder, **EXACT).analyze(texts)
    classes = [{task: one for task, (one,) in a.labels.items()} for a in found]
    return Found(np.stack([a.embedding for a in found]), classes, [spans(a) for a in found])


def by_pipelines(checkpoint: Path, folder: Path, texts: Sequence[str]) -> Found:
    """`pipeline("text-classification")` and `pipeline("token-classification")`."""
    from transformers import pipeline

    export(checkpoint, folder, format="transformers")
    classes: list[dict[str, str]] = [{} for _ in texts]
    for task in ("topic", "mood"):
        run = pipeline("text-classification", str(folder / task), device="cpu")
        for one, answer in zip(classes, run(list(texts), truncation=True), strict=True):
            one[task] = answer["label"]
    run = pipeline("token-classification", str(folder / "names"), aggregation_strategy="first", device="cpu")
    answers = zip(texts, run(list(texts)), strict=True)
    return Found(None, classes, [[trimmed(text, e) for e in answer] for text, answer in answers])


def trimmed(text: str, entity: dict) -> Span:
    """A span without the blank before it, which some tokenizers count to the word."""
    start, end = int(entity["start"]), int(entity["end"])
    return start + len(text[start:end]) - len(text[start:end].lstrip()), end, str(entity["entity_group"])


def by_runner(checkpoint: Path, folder: Path, texts: Sequence[str]) -> Found:
    """`run.py` of the ONNX export, in a process that has none of our libraries."""
    export(checkpoint, folder, format="onnx")
    command = [sys.executable, "-c", RUN]
    ended = subprocess.run(
        command, cwd=folder, input=json.dumps(list(texts)), check=True, capture_output=True, text=True
    )
    found = json.loads(ended.stdout)
    classes = [{task: labels[0] for task, labels in one["labels"].items()} for one in found]
    spans_ = [[(e["start"], e["end"], e["entity_group"]) for e in one["entities"]["names"]] for one in found]
    return Found(np.array([one["embedding"] for one in found]), classes, spans_)


def by_browser(checkpoint: Path, folder: Path, texts: Sequence[str]) -> Found:
    """The graph of the ONNX export in Chromium, by onnxruntime-web; what is around it is done here."""
    loaded = load_model(find_model(str(checkpoint)))
    export(checkpoint, folder, format="onnx")
    runtime = folder.with_name("npm")
    runtime.mkdir()
    spec, tokenizer = spec_of(loaded), loaded.tokenizer.with_long_texts(LongTexts.CUT)
    words = SplitWords(texts, spec.splitting)
    with chromium() as browser, graphs_in_chromium(browser, fetch_runtime(runtime), folder) as opened:
        session = OnnxSession(OnnxGraph(loaded.model), opened("model.onnx"))
        runner = Runner(spec_of_outputs(spec), tokenizer, session, batch_tokens=DEFAULT_BATCH_TOKENS)
        found = runner(Request(texts, words))
    classes: list[dict[str, str]] = [{} for _ in texts]
    for name, rows_ in found.classes.items():
        for one, best in zip(classes, rows_.argmax(axis=1), strict=True):
            one[name] = spec.tasks[name].labels[best]
    tags = spec.task_infos()["names"].tags.tags
    entities = [entities_of(*one, tags) for one in zip(texts, words, found.tags["names"], strict=True)]
    return Found(
        found.embeddings, classes, [[(e["start"], e["end"], e["entity_group"]) for e in one] for one in entities]
    )


TOOLS: dict[str, Callable[[Path, Path, Sequence[str]], Found]] = {
    "sentence-transformers": by_sentence_transformers,
    "mtl, from sentence-transformers": back_by_engine,
    "transformers pipelines": by_pipelines,
}
WITH_OWN_WORDS: dict[str, Callable[[Path, Path, Sequence[str]], Found]] = {
    "onnxruntime, run.py": by_runner,
    "onnxruntime-web in Chromium": by_browser,
}


if __name__ == "__main__":
    import warnings

    from transformers.utils import logging

    warnings.simplefilter("ignore")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    sys.exit(main())
