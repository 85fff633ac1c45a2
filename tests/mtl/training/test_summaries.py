"""What a run says of its training texts: by the encoder of each checkpoint, however it began, ended or went on."""

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mtl
from mtl.checkpoint.config import read_config
from mtl.checkpoint.store import load
from mtl.data import read_task, texts_of
from mtl.inference import Engine
from mtl.outside import SUMMARIES_FILE, Summary, read_summaries, summarize, summary
from mtl.recipe import Recipe
from mtl.runs import Noticed, Step, StopReason
from mtl.text.tokenized import TokenizedTexts
from mtl.training import keeping_summaries, session, summarizing
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import last
from tests.tiers import slow_except
from tests.tiny import EXACT, HIDDEN, WORDS

FULL: dict[str, object] = {"preset": "full"}
FROZEN: dict[str, object] = {"preset": "heads_only"}
PRESETS: dict[str, dict[str, object]] = {
    "heads_only": FROZEN,
    "one_head_frozen": {"preset": "one_head_frozen", "frozen_heads": "topic"},
    "last_layers": {"preset": "last_layers", "layers": 1},
    "full": FULL,
    "lora": {"preset": "lora", "rank": 2},
    "probe_then_finetune": {"preset": "probe_then_finetune", "layers": 2, "probe": 0.4},
    "gradual": {"preset": "gradual"},
}
TEXTED = ("topic", "names")
OTHER = tuple(zip(WORDS[:5], ("trip", "sport", "money", "trip", "sport"), strict=True))
"""Words and labels of texts that are like none of the first data."""


@pytest.fixture(scope="module", autouse=True)
def few_texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The examples of these runs are few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTL_HOME", str(tmp_path_factory.mktemp("home")))
        for module in (summary, summarizing):
            patch.setattr(module, "LEAST_TEXTS", 4)
        yield


def recipe_in(folder: Path, backbone: Path, freezing: dict[str, object], **sections: object) -> Recipe:
    usual = {
        "freezing": freezing,
        "budget": {"epochs": 1000, "max_steps": 5, "batch_tokens": 64},
        "evaluation": {"every": 2},
        "optimizer": {"backbone_lr": 1e-2, "head_lr": 1e-2},
    }
    folder.mkdir(exist_ok=True)
    return quick_recipe(backbone, folder, **usual | sections)


def stored(checkpoint: Path) -> dict[str, Summary]:
    return read_summaries(checkpoint, tasks=read_config(checkpoint).tasks, dimension=HIDDEN)


def expected(recipe: Recipe, checkpoint: Path, task: str) -> Summary:
    """By an engine of the checkpoint, on its own."""
    engine, data = Engine.load(checkpoint, **EXACT), read_task(task, recipe.tasks[task])
    train, dev = ([text for e in part for text in texts_of(e)] for part in (data.train, data.dev))
    unseen = [text for text in dev if text not in train]
    found = summarize(engine.encode(train), engine.encode(unseen) if unseen else None)
    assert found is not None
    return found


def assert_alike(found: Summary, wanted: Summary) -> None:
    assert found.centres.shape == wanted.centres.shape
    np.testing.assert_allclose(found.centres, wanted.centres, rtol=0, atol=3e-3)
    assert found.limit == pytest.approx(wanted.limit, rel=0.02, abs=1e-5)


def texts_of_train(recipe: Recipe, task: str) -> list[str]:
    return [text for e in read_task(task, recipe.tasks[task]).train for text in texts_of(e)]


def tokenized(count: int) -> TokenizedTexts:
    """Texts of 1 to 7 tokens, one window each, without tokens in memory."""
    starts, lengths = np.arange(count), np.arange(count) % 7 + 1
    passages = np.stack([starts, starts + 1], axis=1)
    return TokenizedTexts(passages, passages, lengths, lengths, np.zeros(count, np.bool_), {}, None, 0)


def run(recipe: Recipe, folder: Path, *, stop_at: int | None = None) -> None:
    """A run, or one that is stopped after a step and then goes on."""
    stopping = [False]
    for event in mtl.train(recipe, folder=folder, should_stop=lambda: stopping[0]):
        stopping[0] = isinstance(event, Step) and event.step == stop_at
    if stop_at is not None:
        assert stored(folder / "last").keys() == set(TEXTED)  # of the part too
        list(mtl.train(recipe, folder=folder, resume=True))


@pytest.fixture(scope="module")
def before(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose encoder was trained, and the data of the run."""
    folder = tmp_path_factory.mktemp("before")
    run(recipe_in(folder / "data", tiny_bert, FULL), folder)
    return folder / "last"


@pytest.mark.parametrize("preset", slow_except(PRESETS, "heads_only", "full", "lora"))
def test_a_run_that_goes_on_has_in_each_checkpoint_what_its_own_encoder_gives(
    tiny_bert: Path, tmp_path: Path, preset: str
):
    recipe = recipe_in(tmp_path / "data", tiny_bert, PRESETS[preset])
    run(recipe, tmp_path / "run", stop_at=3)
    for name in ("best", "last"):
        found = stored(tmp_path / "run" / name)
        assert found.keys() == set(TEXTED)
        for task, one in found.items():
            assert_alike(one, expected(recipe, tmp_path / "run" / name, task))


def test_a_best_checkpoint_of_an_earlier_step_has_other_centres(before: Path):
    """Else the test above would compare a checkpoint with itself."""
    best = before.with_name("best")
    assert read_config(best).step != read_config(before).step
    assert not np.allclose(stored(best)["topic"].centres, stored(before)["topic"].centres, atol=3e-3)


@pytest.mark.parametrize("cache", [{}, {"cache": {"enabled": False}}])
def test_a_frozen_encoder_reads_no_training_text_again_where_its_activations_are_kept(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: dict[str, object]
):
    read: list[bool] = []
    run_model = summarizing.run_model

    def noted(*given: object, cached: object, **options: object) -> object:
        read.append(cached is None)
        return run_model(*given, cached=cached, **options)

    monkeypatch.setattr(summarizing, "run_model", noted)
    run(recipe_in(tmp_path / "data", tiny_bert, FROZEN, **cache), tmp_path / "run")
    assert read and set(read) == {bool(cache)}


def test_dev_texts_that_are_no_training_texts_decide_on_the_limit(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_in(tmp_path / "data", tiny_bert, FULL)
    dev = Path(recipe.tasks["topic"].dev[0])
    dev.write_text(dev.read_text() + "".join(f"the {word} of rome and {word},trip\n" for word in WORDS[:8]))
    run(recipe, tmp_path / "run")
    found = stored(tmp_path / "run" / "last")["topic"]
    assert_alike(found, expected(recipe, tmp_path / "run" / "last", "topic"))
    folds = summarize(Engine.load(tmp_path / "run" / "last", **EXACT).encode(texts_of_train(recipe, "topic")))
    assert folds is not None and found.limit != pytest.approx(folds.limit, rel=0.02)


def continued(before: Path, tmp_path: Path, freezing: dict[str, object], **sections: object) -> dict[str, Summary]:
    """The summaries of a run from a checkpoint, on few other texts for one of its tasks."""
    recipe = recipe_in(tmp_path / "data", before, freezing, tasks=("topic",), **sections)
    train = Path(recipe.tasks["topic"].train[0])
    train.write_text("text,label\n" + "".join(f"{word} {word} water moon,{label}\n" for word, label in OTHER))
    run(recipe, tmp_path / "run")
    return stored(tmp_path / "run" / "last")


def test_a_head_that_goes_on_over_a_frozen_encoder_still_knows_its_first_texts(before: Path, tmp_path: Path):
    old, new = stored(before), continued(before, tmp_path, FROZEN)
    np.testing.assert_array_equal(new["names"].centres, old["names"].centres)
    count = len(old["topic"].centres)
    np.testing.assert_allclose(new["topic"].centres[:count], old["topic"].centres, atol=1e-3)
    engine = Engine.load(tmp_path / "run" / "last", **EXACT)
    assert not new["topic"].is_outside(engine.encode([f"{word} {word} water moon" for word, _ in OTHER])).any()


def test_what_was_known_is_forgotten_with_the_encoder_that_gave_it(before: Path, tmp_path: Path):
    new = continued(before, tmp_path, FULL)
    assert new.keys() == {"topic"} and len(new["topic"].centres) == 5


def test_a_solver_that_forgets_the_first_texts_leaves_those_of_the_run(tiny_bert: Path, tmp_path: Path):
    usual = {"optimizer": {}, "budget": {}, "solver": "lbfgs"}
    run(recipe_in(tmp_path / "data", tiny_bert, FROZEN, **usual, tasks=TEXTED), tmp_path / "before")
    old, new = stored(tmp_path / "before" / "last"), continued(tmp_path / "before" / "last", tmp_path, FROZEN, **usual)
    np.testing.assert_array_equal(new["names"].centres, old["names"].centres)
    assert len(new["topic"].centres) == 5 < len(old["topic"].centres)


def test_where_nothing_trains_all_stays_known(before: Path, tmp_path: Path):
    run(recipe_in(tmp_path / "data", before, {"preset": "all_frozen"}), tmp_path / "run")
    old, new = stored(before), stored(tmp_path / "run" / "last")
    assert old.keys() == new.keys()
    for task, one in old.items():
        np.testing.assert_array_equal(new[task].centres, one.centres)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), MemoryError()], ids=["disk", "memory"]
)
def test_without_room_a_run_says_so_and_ends_as_always(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(keeping_summaries, "write_summaries", fail)
    events = list(mtl.train(recipe_in(tmp_path / "data", tiny_bert, FULL), folder=tmp_path / "run"))
    (notice,) = [event.message for event in events if isinstance(event, Noticed)]
    assert notice.startswith("the model is saved, but cannot tell which texts are unlike its training texts: the ")
    assert last(events).reason is StopReason.COMPLETED
    for name in ("best", "last"):
        assert load(tmp_path / "run" / name).outside == {}
        assert Engine.load(tmp_path / "run" / name, **EXACT).analyze(["a film"])[0].outside == {}


def test_a_run_that_is_asked_to_stop_summarises_no_longer_than_it_may(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session, "_LAST_EVALUATION", 0.0)
    monkeypatch.setattr(session, "_LAST_SUMMARIES", 0.0)
    stopping, events = [False], []
    recipe = recipe_in(tmp_path / "data", tiny_bert, FULL)
    for event in mtl.train(recipe, folder=tmp_path / "run", should_stop=lambda: stopping[0]):
        stopping[0] = isinstance(event, Step) and event.step == 1 or stopping[0]
        events.append(event)
    assert [event.message.rpartition(": ")[2] for event in events if isinstance(event, Noticed)] == [
        "the run was asked to stop"
    ]
    assert last(events).reason is StopReason.STOPPED
    assert not (tmp_path / "run" / "last" / SUMMARIES_FILE).exists()


@given(st.integers(0, 60), st.integers(1, 40), st.integers(1, 400), st.integers(0, 5))
def test_a_sample_keeps_the_limits_but_has_the_least(count: int, most: int, tokens: int, seed: int):
    texts = tokenized(count)
    limits = summarizing.SampleLimits(most, tokens)
    found = limits.draw(texts, np.arange(0, count, 2), seed)
    assert set(found) <= set(range(0, count, 2)) and (np.diff(found) > 0).all()
    assert len(found) <= most
    assert texts.tokens[found].sum() <= tokens or len(found) <= summarizing.LEAST_TEXTS
    assert len(found) >= min(summarizing.LEAST_TEXTS, most, len(range(0, count, 2)))
    np.testing.assert_array_equal(found, limits.draw(texts, np.arange(0, count, 2), seed))
