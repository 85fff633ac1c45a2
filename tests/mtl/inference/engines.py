"""Engines with random heads that find entities everywhere, and texts that are hard to count in."""

from pathlib import Path

import torch

from mtl.checkpoint.store import LoadedModel, build
from mtl.encoder import load_backbone
from mtl.inference import Engine
from mtl.model import TaskInfo
from mtl.recipe import Decoder, HeadConfig, TaskKind

TEXTS = {
    "plain": "Anna met Tom Li in New York.",
    "emoji": "👋🏽 Anna 👩‍👩‍👧 loves Rome🙂🙂!",
    "combining": "Zoe\u0308 Mu\u0308ller left Zu\u0308rich",
    "crlf": "Anna\r\nmet\r\n\r\nTom",
    "tabs": "\tAnna\t\tmet\tTom\t",
    "control": "An\x07na met\x00 Tom\x1b[0m Li\x7f",
    "cjk": "安娜在东京见到了田中。Tokyo 東京",
    "arabic": "التقت آنا بتوم في روما",
    "leading_blanks": "   \u00a0\u3000 Anna met Tom",
    "zero_width": "Anna\u200b met\u200d Tom\ufeff",
    "astral": "𝓐nna met 𝔗om 𠜎",
    "expanding": "İstanbul ﬁlm ß ŉ ½",
    "one_character": "X",
    "signs": "?!... --- $5%",
    "empty": "",
    "blank": " \t\n ",
    "long": "the old doctor met anna in rome and " * 30,
}


def engine_of(folder: Path, decoder: Decoder = Decoder.LINEAR, long_texts: str = "windows") -> Engine:
    """A random engine whose tagging head finds entities in most words."""
    return Engine.of(model_of(folder, decoder), name="tiny", long_texts=long_texts)


def model_of(folder: Path, decoder: Decoder = Decoder.LINEAR) -> LoadedModel:
    """A random model with a head of every kind."""
    tasks = {
        "topic": TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig()),
        "mood": TaskInfo("mood", TaskKind.CLASSIFICATION, ("bad", "good"), HeadConfig()),
        "tone": TaskInfo("tone", TaskKind.CLASSIFICATION, ("dry", "loud", "warm"), HeadConfig(), True, (0.4, 0.5, 0.6)),
        "names": TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(decoder=decoder)),
        "pairs": TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig()),
    }
    torch.manual_seed(0)
    loaded = build(load_backbone(str(folder)), tasks)
    with torch.no_grad():
        loaded.model.heads["names"].output.weight.mul_(4)
        loaded.model.heads["names"].output.bias[0] = -6.0
    return loaded
