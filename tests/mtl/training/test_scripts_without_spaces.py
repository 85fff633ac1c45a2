"""Tagging Chinese: what is learned on the characters of a corpus is found in raw text."""

import json
import sys
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertConfig, BertModel

from mtl.checkpoint.config import CONFIG_FILE
from mtl.cli.evaluating import raw_text_metrics
from mtl.data import read_files, write_examples
from mtl.errors import InputError
from mtl.inference import Engine
from mtl.recipe import Recipe, TaskConfig, TaskKind
from mtl.text import splitting
from mtl.training import run_in_folder
from mtl.training.setup import set_up
from tests.tiers import pairs
from tests.tiny import EXACT, add_template, save_tokenizer

CHINESE = Path(__file__).parents[2] / "data" / "chinese.conll"
SPECIALS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")


@pytest.fixture(scope="module")
def examples():
    return read_files(TaskConfig(kind=TaskKind.TAGGING), [str(CHINESE)])


def backbone(kind: str, texts: list[str], folder: Path) -> Path:
    """A small encoder whose tokens are single characters, or pieces of one and more."""
    if kind == "characters":
        pieces = [*SPECIALS, *sorted(set("".join(texts)))]
        tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    else:
        tokenizer = Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(
            vocab_size=500, special_tokens=list(SPECIALS), unk_token="[UNK]", show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
    add_template(tokenizer, "[CLS]", "[SEP]")
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        max_position_embeddings=64,
        pad_token_id=1,
    )
    BertModel(config).save_pretrained(folder)
    save_tokenizer(tokenizer, folder, SPECIALS)
    return folder


@pytest.mark.parametrize(("kind", "decoder"), pairs(["characters", "pieces"], ["linear", "crf"], every=2))
def test_entities_inside_of_a_run_are_learned_and_found_in_raw_text(examples, tmp_path: Path, kind: str, decoder: str):
    write_examples(tmp_path / "train.jsonl", examples[:160])
    write_examples(tmp_path / "dev.jsonl", examples[160:])
    task = {"kind": "tagging", "train": str(tmp_path / "train.jsonl"), "dev": str(tmp_path / "dev.jsonl")}
    recipe = Recipe.model_validate(
        {
            "backbone": str(backbone(kind, [e.text for e in examples[:160]], tmp_path / "backbone")),
            "tasks": {"names": {**task, "head": {"decoder": decoder}}},
            "optimizer": {"backbone_lr": 2e-3, "head_lr": 5e-3},
            "budget": {"epochs": 12, "batch_tokens": 256},
            "precision": "fp32",
        }
    )
    for _ in run_in_folder(recipe, tmp_path / "run"):
        pass
    engine = Engine.load(tmp_path / "run" / "best", **EXACT)
    given = engine.evaluate("names", examples[160:])["f1"]
    raw = raw_text_metrics(engine, "names", examples[160:])["f1"]
    assert given > 0.5
    assert raw == pytest.approx(given, abs=0.01)


def test_a_checkpoint_says_how_words_are_told_and_an_older_one_has_none_in_a_run(examples, tmp_path: Path):
    write_examples(tmp_path / "train.jsonl", examples[:20])
    folder = backbone("characters", [e.text for e in examples[:20]], tmp_path / "backbone")
    recipe = Recipe.model_validate(
        {
            "backbone": str(folder),
            "words": "icu",
            "tasks": {"names": {"kind": "tagging", "train": str(tmp_path / "train.jsonl")}},
            "budget": {"epochs": 1, "max_steps": 1},
        }
    )
    for _ in run_in_folder(recipe, tmp_path / "run"):
        pass
    text = "我在北京大学学习。"
    config = tmp_path / "run" / "last" / CONFIG_FILE
    expected = {"icu": ["我在", "北京", "大学", "学习", "。"], "characters": list(text), None: [text[:-1], "。"]}
    for words, cut in expected.items():
        content = json.loads(config.read_text(encoding="utf-8"))
        content["recipe"].pop("words", None)
        content["recipe"] |= {"words": words} if words else {}
        config.write_text(json.dumps(content), encoding="utf-8")
        engine = Engine.load(config.parent, **EXACT)
        found = engine._worded([text]).words
        assert found is not None
        assert [text[a:b] for a, b in found[0].tolist()] == cut


def test_without_the_dictionary_a_recipe_and_a_checkpoint_are_refused(
    examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write_examples(tmp_path / "train.jsonl", examples[:20])
    monkeypatch.setitem(sys.modules, "icu4py.breakers", None)
    splitting._word_breaker.cache_clear()
    task = {"kind": "tagging", "train": str(tmp_path / "train.jsonl")}
    with pytest.raises(InputError, match="icu needs the library icu4py"):
        set_up(Recipe.model_validate({"words": "icu", "tasks": {"names": task}}))
