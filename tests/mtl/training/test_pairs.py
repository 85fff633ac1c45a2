"""Training with multiple negatives: what stands in a batch, what it learns, and what it is measured by."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mtl.checkpoint.store import load
from mtl.comparing import Strategy, compare
from mtl.data.examples import ScoredPair
from mtl.errors import DataError, RunError
from mtl.inference import Engine
from mtl.planning import plan
from mtl.recipe import Preset, Recipe, SimilarityLoss, dump, parse
from mtl.recipe import load as load_recipe
from mtl.runs import Saved, StopReason
from mtl.training import set_up
from mtl.training.accumulation import GradientAccumulator
from mtl.training.sampler import BatchIndices
from tests.mtl.comparing.conftest import forked
from tests.mtl.data.test_pairs import FORMATS, write
from tests.mtl.no_dropout import copy_without_dropout
from tests.mtl.recipes import EXAMPLES, TASKS
from tests.mtl.training.seen import begin, events_of, last, losses, scores
from tests.tiers import pairs

THINGS = ("a train", "the hotel", "my bank", "her team", "good soup", "an old lamp", "the election", "his garden")
TRIPLETS = [
    (f"{thing} number {i}", f"about {thing} and {i}", f"about {other} and {i}")
    for i in range(3)
    for thing, other in zip(THINGS, (*THINGS[1:], THINGS[0]), strict=True)
]
COLUMNS = ("anchor", "positive", "negative")
PRESETS = {
    preset.value: {"preset": preset.value}
    | ({"layers": 1} if preset is Preset.LAST_LAYERS else {})
    | ({"frozen_heads": ["topic"]} if preset is Preset.ONE_HEAD_FROZEN else {})
    for preset in Preset
}


def recipe_of(
    backbone: Path, file: Path, *, loss: str | None = "multiple_negatives", steps: int = 4, **sections: object
) -> Recipe:
    """A recipe of triplets, measured on what it trains on, and of topics where `topic` is true."""
    head = {} if loss is None else {"head": {"loss": loss}}
    tasks = {"pairs": {"kind": "similarity", "train": str(file), "dev": str(file), **head}}
    if sections.pop("topic", False):
        tasks["topic"] = {**TASKS["topic"], "max_rows": 12, "head": {"hidden": 4}}
    settings = {
        "optimizer": {"backbone_lr": 1e-3, "head_lr": 1e-2},
        "budget": {"epochs": 1000, "max_steps": steps, "batch_tokens": 256},
        "evaluation": {"every": 1000},
    }
    return parse({"backbone": str(backbone), "tasks": tasks, **settings, **sections}, folder=EXAMPLES)


@pytest.fixture
def triplets(tmp_path: Path) -> Path:
    return write(tmp_path / "triplets.csv", COLUMNS, *TRIPLETS)


def texts_in(rows: Sequence[int]) -> list[tuple[str, str]]:
    pairs = [(row[0], second) for row in TRIPLETS for second in row[1:]]
    return [pairs[row] for row in rows]


def test_texts_of_the_same_tokens_have_the_same_number_in_every_run(tiny_bert: Path, tmp_path: Path):
    rows = [("a cat", "the dog", ""), ("the dog", "a cat", "A  Cat"), ("a bus", "the dog", "")]
    trainer, run = begin(recipe_of(tiny_bert, write(tmp_path / "t.csv", COLUMNS, *rows)))
    run.close()
    assert trainer.data.train["pairs"].pair_texts.tolist() == [[0, 1], [1, 0], [1, 0], [6, 1]]
    assert trainer.data.train["pairs"].groups.tolist() == [0, 1, 1, 6]


@pytest.mark.parametrize("limit", [None, 64])
def test_a_hard_negative_is_in_the_pass_of_its_sentence(tiny_bert: Path, triplets: Path, limit: int | None):
    trainer, run = begin(recipe_of(tiny_bert, triplets))
    run.close()
    accumulator = GradientAccumulator(trainer, limit)
    batches = list(trainer.schedule.sampler.batches("pairs"))
    assert len(batches) > 1
    passes = [group for batch in batches for group in accumulator._split(BatchIndices("pairs", batch))]
    assert len(passes) >= len(batches) * (1 if limit is None else 2)
    for rows in passes:
        firsts = [first for first, _ in texts_in(rows)]
        assert all(firsts.count(first) == 2 for first in firsts)
    assert sorted(row for rows in passes for row in rows) == list(range(2 * len(TRIPLETS)))


@pytest.mark.slow
def test_training_finds_the_partners(tiny_bert: Path, tmp_path: Path):
    words = ("team", "match", "won", "bank", "election", "hotel", "flight", "paris")
    triplets = [
        (f"{filler} {word}", f"was {word}", f"was {other}")
        for filler in ("the", "a", "very")
        for word, other in zip(words, (*words[1:], words[0]), strict=True)
    ]
    file = write(tmp_path / "easy.csv", COLUMNS, *triplets)
    backbone = copy_without_dropout(tiny_bert, tmp_path / "backbone")
    recipe = recipe_of(backbone, file, steps=120, optimizer={"backbone_lr": 5e-3})
    events = events_of(recipe, tmp_path / "run")
    for metric, least in (("accuracy@1", 0.9), ("mrr", 0.9), ("average_precision", 0.9), ("spearman_cosine", 0.7)):
        before, after = scores(events, f"eval/pairs/{metric}")
        assert after > max(before, least), metric
    course = [loss for _, loss in losses(events)]
    assert sum(course[-5:]) < 0.5 * sum(course[:5])
    best = [event.score for event in events if isinstance(event, Saved) and event.name == "best"]
    assert best[-1] == pytest.approx(max(scores(events, "eval/pairs/mrr")))
    engine = Engine.load(str(tmp_path / "run" / "last"))
    pairs = [ScoredPair(first, second, float(i == 0)) for first, *others in triplets for i, second in enumerate(others)]
    expected = {
        key.removeprefix("eval/pairs/"): values[-1]
        for key in ("eval/pairs/mrr", "eval/pairs/accuracy@1", "eval/pairs/average_precision")
        if (values := scores(events, key))
    }
    for found in (engine.evaluate("pairs", pairs), engine.evaluate_embedding(pairs)):
        assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-3)
    assert "Mean reciprocal rank" in (tmp_path / "run" / "last" / "README.md").read_text()


COMBINED = [
    (loss, FORMATS[(i + 2 * j) % len(FORMATS)], preset)
    for (i, preset), (j, loss) in product(enumerate(PRESETS), enumerate(SimilarityLoss))
]
"""Every loss with every preset and every format."""


@pytest.mark.parametrize(("loss", "suffix", "preset"), COMBINED)
def test_every_loss_trains_from_every_format_with_every_preset(
    tiny_bert: Path, tmp_path: Path, loss: str, suffix: str, preset: str
):
    file = write(tmp_path / f"t{suffix}", COLUMNS, *TRIPLETS[:8])
    found = events_of(recipe_of(tiny_bert, file, loss=loss, steps=2, topic=True, freezing=PRESETS[preset]))
    main = "mrr" if loss is SimilarityLoss.MULTIPLE_NEGATIVES else "spearman_cosine"
    values = [*scores(found, f"eval/pairs/{main}"), *(value for _, value in losses(found))]
    assert values
    assert np.isfinite(values).all()


def test_where_only_heads_may_train_pairs_alone_train_nothing(tiny_bert: Path, triplets: Path):
    found = events_of(recipe_of(tiny_bert, triplets, freezing={"preset": "heads_only"}))
    assert last(found).reason is StopReason.NOTHING_TRAINS
    assert len(scores(found, "eval/pairs/mrr")) == 1


@pytest.mark.parametrize(
    "sections",
    [
        {"anchor": 1.0},
        {"precision": "bf16"},
        {"evaluation": {"every": 1000, "gradient_cosine": True}, "topic": True},
        {"balancing": "uncertainty", "topic": True},
        {"budget": {"epochs": 1000, "max_steps": 3, "batch_tokens": 256, "micro_batch_tokens": 40}},
        {"evaluation": {"every": 1000, "best": "pairs/average_precision"}},
    ],
    ids=["anchor", "bf16", "gradient cosine", "uncertainty", "micro-batches", "another best"],
)
def test_it_goes_with_what_other_losses_go_with(tiny_bert: Path, triplets: Path, sections: dict[str, object]):
    found = events_of(recipe_of(tiny_bert, triplets, **sections))
    assert np.isfinite([loss for _, loss in losses(found)]).all()
    assert len(scores(found, "eval/pairs/mrr")) == 2


def test_pairs_that_do_not_belong_together_alone_change_nothing_in_a_batch(tiny_bert: Path, tmp_path: Path):
    rows = [("a cat", "a kitten", 1), ("a bus", "a coach", 1), ("a train", "a dog", 0), ("my bank", "her soup", 0)]
    trainer, run = begin(recipe_of(tiny_bert, write(tmp_path / "t.csv", ("sentence1", "sentence2", "score"), *rows)))
    outcome = GradientAccumulator(trainer)(BatchIndices("pairs", [2, 3]))
    assert outcome.loss == 0
    gradients = [p.grad for p in trainer.schedule.optimization.parameters if p.grad is not None]
    assert all((gradient == 0).all() for gradient in gradients)
    run.close()


@pytest.mark.parametrize(("has", "named"), pairs([None, *SimilarityLoss], [None, *SimilarityLoss], every=2))
def test_a_checkpoint_keeps_its_loss_where_a_recipe_names_none(
    tiny_bert: Path, triplets: Path, tmp_path: Path, has, named
):
    events_of(recipe_of(tiny_bert, triplets, loss=has, steps=1), tmp_path / "run")
    recipe = recipe_of(tmp_path / "run" / "last", triplets, loss=named, steps=1)
    events = events_of(recipe, tmp_path / "more")
    expected = named or has
    assert load(tmp_path / "more" / "last").model.tasks["pairs"].head.loss == expected
    best = [event.score for event in events if isinstance(event, Saved) and event.name == "best"]
    main = "mrr" if expected is SimilarityLoss.MULTIPLE_NEGATIVES else "spearman_cosine"
    assert best[0] == pytest.approx(scores(events, f"eval/pairs/{main}")[0])
    (tmp_path / "recipe.yaml").write_text(dump(recipe))  # what nobody named stays open
    assert load_recipe(tmp_path / "recipe.yaml").tasks["pairs"].head.loss == named


def test_pairs_without_scores_go_on_by_the_loss_of_their_checkpoint(tiny_bert: Path, tmp_path: Path):
    alone = write(tmp_path / "pairs.csv", ("sentence1", "sentence2"), ("a cat", "a kitten"), ("a bus", "a coach"))
    events_of(recipe_of(tiny_bert, alone, steps=1), tmp_path / "run")
    events_of(recipe_of(tmp_path / "run" / "last", alone, loss=None, steps=1), tmp_path / "more")
    strategies = [Strategy("again", recipe_of(tmp_path / "run" / "last", alone, loss=None, steps=1))]
    with forked():
        assert len(list(compare(strategies, seeds=[1], folder=tmp_path / "compared"))) == 1
    scored = write(tmp_path / "scored.csv", ("sentence1", "sentence2", "score"), ("a cat", "a dog", 1), ("a", "b", 0))
    missing = Strategy("missing", recipe_of(tmp_path / "nowhere", scored, loss=None), may_fail=True)
    with forked(), pytest.raises(RunError, match="missing"):  # after the other
        list(compare([missing, *strategies], seeds=[1], folder=tmp_path / "compared"))
    with pytest.raises(DataError, match="score is missing"):
        set_up(recipe_of(tiny_bert, alone, loss=None, steps=1))


def test_a_plan_measures_it(tiny_bert: Path, triplets: Path):
    found = plan(recipe_of(tiny_bert, triplets))
    assert found.draws["pairs"] == found.steps
    assert not any("nothing to rank" in warning for warning in found.warnings)
