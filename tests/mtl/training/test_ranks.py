"""A run that several processes share is that of one: losses, figures, cache, stops, and what it goes on from."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import mtl
from mtl.cache import RaggedStore
from mtl.checkpoint.store import load
from mtl.distributed import start, world
from mtl.errors import MtlError, TrainingError
from mtl.outside import summary
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, Finished, Noticed, RunFolder, RunState, Started, Step, StopReason
from mtl.training import accumulation, resume_in_folder, run_in_folder, session, share_run
from mtl.training.accumulation import GradientAccumulator
from mtl.training.losses import BatchLoss, batch_loss
from mtl.training.resume import load_state
from mtl.training.sampler import BatchIndices
from mtl.training.train_set import TrainBatch
from tests.mtl.no_dropout import copy_without_dropout
from tests.mtl.ranks import ending_on_ranks, on_ranks
from tests.mtl.recipes import quick_recipe, write_easy_labels
from tests.mtl.training.seen import begin

STEPS, EVERY = 6, 3
NO_DROPOUT = {"head": {"dropout": 0.0}}
PAIRS = {loss: {"head": {"loss": loss}} for loss in ("cosine", "cosent", "multiple_negatives")}
CRF = {"head": {"dropout": 0.0, "decoder": "crf"}}
SECTIONS: dict[str, dict[str, object]] = {
    "full": {"freezing": {"preset": "full"}, "tasks_names": CRF},
    "last_layers": {"freezing": {"preset": "last_layers", "layers": 1}, "anchor": 1.0},
    "lora": {
        "freezing": {"preset": "lora", "rank": 2},
        "budget": {"micro_batch_tokens": 16},
        "tasks_pairs": PAIRS["cosine"],
    },
    "heads_only": {"freezing": {"preset": "heads_only"}, "tasks": ("topic", "names")},
    "gradual": {"freezing": {"preset": "gradual"}},
    "probe_then_finetune": {"freezing": {"preset": "probe_then_finetune"}, "tasks_pairs": PAIRS["cosine"]},
    "uncertainty": {"balancing": "uncertainty", "tasks_topic": {"class_weights": "balanced", **NO_DROPOUT}},
    "pairs": {"tasks_pairs": PAIRS["multiple_negatives"]},
    "bf16": {"precision": "bf16", "tasks": ("topic", "names"), "anchor": 0.0},
}


@pytest.fixture(scope="module")
def make(backbone_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Recipe]:
    """A recipe of a few steps without dropout, of tasks with unequal numbers of examples."""
    data = tmp_path_factory.mktemp("data")
    backbone = copy_without_dropout(backbone_folder("bert"), data / "backbone")

    def make(tasks: tuple[str, ...] = ("topic", "names", "pairs"), **sections: object) -> Recipe:
        budget = {"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64, **sections.pop("budget", {})}
        changed = {"tasks_topic": {"max_rows": 7, **NO_DROPOUT}, "tasks_names": NO_DROPOUT}
        changed |= {"evaluation": {"every": EVERY}, "seed": 3, **sections}
        changed = {key: value for key, value in changed.items() if key.removeprefix("tasks_") in (key, *tasks)}
        return quick_recipe(backbone, data, tasks, budget=budget, **changed)

    return make


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


Shown = list[tuple[object, ...]]


def shown(events: list[Event]) -> Shown:
    """Losses and evaluations of a run, in order."""
    return [
        (e.step, e.task, e.loss, e.learning_rate) if isinstance(e, Step) else (e.step, dict(e.metrics), dict(e.losses))
        for e in events
        if isinstance(e, Step | Evaluated)
    ]


def assert_alike(found: Shown, expected: Shown, tolerance: float) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            assert mine == (theirs if isinstance(theirs, str) else pytest.approx(theirs, abs=tolerance))


def in_all(recipes: dict[str, Recipe]) -> dict[str, Shown]:
    return {name: shown(list(mtl.train(recipe))) for name, recipe in recipes.items()}


@pytest.fixture(scope="module")
def runs(
    make: Callable[..., Recipe], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Shown], dict[str, Shown], dict[str, Shown]]:
    """Of each recipe what one process shows, and what each of two shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTL_HOME", str(tmp_path_factory.mktemp("alone")))
        recipes = {name: make(**sections) for name, sections in SECTIONS.items()}
        alone = in_all(recipes)  # first, so that the children find everything imported
        patch.setenv("MTL_HOME", str(tmp_path_factory.mktemp("shared")))
        main, second = on_ranks(2, lambda: in_all(recipes))
    return alone, main, second


@pytest.mark.parametrize("name", SECTIONS)
def test_two_processes_have_the_losses_and_figures_of_one(runs: tuple[dict[str, Shown], ...], name: str):
    alone, main, second = (run[name] for run in runs)
    assert main == second
    assert_alike(main, alone, 5e-2 if name == "bf16" else 1e-4)  # one word of the dev texts is 0.02
    assert main[0] == alone[0]  # the evaluation before the first step, to the last bit


def gradients(recipe: Recipe, indices: BatchIndices, limit: int | None) -> tuple[float, float, list[torch.Tensor]]:
    trainer, run = begin(recipe)
    trainer.loaded.model.eval()
    outcome = GradientAccumulator(trainer, limit)(indices)
    found = [torch.zeros_like(p) if p.grad is None else p.grad for p in trainer.schedule.optimization.parameters]
    run.close()
    return outcome.loss, outcome.total, found


@pytest.mark.parametrize(
    ("task", "rows", "sections", "limit"),
    [
        ("topic", 7, {"tasks_topic": {"class_weights": "balanced"}}, None),
        ("names", 5, {"tasks_names": CRF, "balancing": "uncertainty"}, 16),
        ("pairs", 8, {"tasks_pairs": PAIRS["cosent"], "balancing": "uncertainty"}, None),
        ("pairs", 2, {"tasks_pairs": PAIRS["cosent"], "anchor": 0.5}, None),  # one process has nothing
        ("pairs", 8, {"tasks_pairs": PAIRS["multiple_negatives"], "balancing": "uncertainty"}, None),
        ("pairs", 4, {"tasks_pairs": PAIRS["multiple_negatives"], "anchor": 0.5}, None),  # one has no positive pair
        ("pairs", 2, {"tasks_pairs": PAIRS["multiple_negatives"]}, None),
    ],
    ids=["classes", "crf", "cosent", "few for cosent", "negatives", "hard negatives alone", "few for negatives"],
)
def test_three_processes_have_the_gradient_of_the_whole_batch(
    make: Callable[..., Recipe], task: str, rows: int, sections: dict[str, object], limit: int | None
):
    recipe, indices = make(**sections), BatchIndices(task, list(range(rows)))
    trainer, run = begin(recipe)
    model, schedule = trainer.loaded.model.eval(), trainer.schedule
    found = batch_loss(model, trainer.batch(indices))
    minimised = schedule.weights(task, found.tasks[task])
    if found.moved is not None:
        minimised = minimised + recipe.anchor * found.moved
    held = schedule.optimization.parameters
    expected = torch.autograd.grad(minimised, held, materialize_grads=True)
    run.close()
    for loss, total, gradient in on_ranks(3, lambda: gradients(recipe, indices, limit)):
        assert (loss, total) == pytest.approx((found.tasks[task].item(), minimised.item()), rel=1e-4)
        for mine, theirs in zip(gradient, expected, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-6)


def full_in_main(recipe: Recipe) -> tuple[list[str], Shown]:
    """A run in which the main process has less memory than the other."""

    def limited(model: object, batch: TrainBatch, *pairs: object) -> BatchLoss:
        if start().is_main and batch.tokens.ids.numel() > 20:
            raise MemoryError
        return batch_loss(model, batch, *pairs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accumulation, "batch_loss", limited)
        events = list(mtl.train(recipe))
    return [event.message for event in events if isinstance(event, Noticed)], shown(events)


def test_where_memory_runs_out_in_one_process_all_make_smaller_passes(make: Callable[..., Recipe]):
    recipe = make(tasks_pairs=PAIRS["cosine"])
    alone = shown(list(mtl.train(recipe)))
    for notices, found in on_ranks(2, lambda: full_in_main(recipe)):
        assert notices[0].startswith("memory ran out on ")
        assert_alike(found, alone, 1e-4)


def take_part(recipe: Recipe, folder: RunFolder, on_event: Callable[[Event], None] = lambda _: None) -> None:
    """What `mtl train` does in each process, begun anew or gone on with."""
    if not start().is_main:
        share_run(recipe)
        return
    goes_on = folder.events_file.exists()
    for event in resume_in_folder(folder.path) if goes_on else run_in_folder(recipe, folder.path):
        on_event(event)


@pytest.mark.slow
def test_a_killed_process_ends_the_run_in_the_others_and_any_number_goes_on(
    make: Callable[..., Recipe], tmp_path: Path
):
    recipe = make(tasks=("topic", "names"), sampling={"joint": False})
    expected = shown(list(mtl.train(recipe)))
    folder = RunFolder(tmp_path / "run")

    def killed() -> str:
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(accumulation, "batch_loss", dying)
                take_part(recipe, folder)
        except TrainingError as error:
            return str(error)
        return "nothing happened"

    def dying(model: object, batch: TrainBatch, *pairs: object) -> BatchLoss:
        dying.calls = getattr(dying, "calls", 0) + 1
        if start().rank == 1 and dying.calls == EVERY + 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch_loss(model, batch, *pairs)

    codes, found = zip(*ending_on_ranks(3, killed), strict=True)
    assert codes == (0, -signal.SIGKILL, 0)
    status = folder.read_status()
    assert status.state is RunState.FAILED
    assert status.message == found[0] == found[2]
    assert status.message.startswith("a process of this run has ended or cannot be reached, so the run ends here;")
    for size in (1, 2, 3):
        again = RunFolder(tmp_path / f"run-{size}")
        shutil.copytree(folder.path, again.path)
        if size == 1:
            list(resume_in_folder(again.path))
        else:
            on_ranks(size, lambda again=again: take_part(recipe, again))
        assert again.read_status().state is RunState.FINISHED
        assert_alike(shown(again.events()), expected, 1e-4)
        assert [event.step for event in again.events() if isinstance(event, Started)] == [0, EVERY]


def test_a_stop_is_heard_by_all_at_the_same_step_and_the_state_is_that_of_one_process(
    make: Callable[..., Recipe], tmp_path: Path
):
    recipe = make()
    folder = RunFolder(tmp_path / "run")
    seen: list[Event] = []

    def stop(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Step) and event.step == 3:
            folder.request_stop()

    def run() -> int:
        take_part(recipe, folder, stop)
        return len(seen)

    on_ranks(2, run)
    assert (folder.read_status().state, folder.read_status().step) == (RunState.STOPPED, 3)
    alone: list[Event] = []
    for event in mtl.train(recipe, folder=tmp_path / "alone", should_stop=lambda: bool(alone) and alone[-1].step == 3):
        alone.append(event)
    assert isinstance(alone[-1], Finished)
    assert alone[-1].reason is StopReason.STOPPED
    shared, own = load_state(folder.resume), load_state(tmp_path / "alone" / "resume")
    for name, values in own.model.items():
        if not name.endswith("key.bias"):  # it changes nothing, so its gradient is noise, which AdamW makes large
            torch.testing.assert_close(shared.model[name], values, rtol=1e-3, atol=1e-4)
    assert shared.optimizer["state"].keys() == own.optimizer["state"].keys()
    assert shared.scheduler == own.scheduler
    assert shared.progress.inputs == own.progress.inputs


def with_dropout(make: Callable[..., Recipe], backbone: Path) -> Recipe:
    return make(tasks_topic={}, tasks_names={}).model_copy(update={"backbone": str(backbone)})


@pytest.mark.slow
def test_with_dropout_the_same_number_of_processes_goes_on_to_the_last_bit(
    make: Callable[..., Recipe], tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(summary, "LEAST_TEXTS", 4)
    recipe = with_dropout(make, tiny_bert)
    whole, _ = on_ranks(2, lambda: shown(list(mtl.train(recipe))))
    alone = shown(list(mtl.train(recipe)))
    assert whole != alone  # other masks
    folder = RunFolder(tmp_path / "run")

    def stop(event: Event) -> None:
        if isinstance(event, Step) and event.step == EVERY:
            folder.request_stop()

    on_ranks(2, lambda: take_part(recipe, folder, stop))
    on_ranks(2, lambda: take_part(recipe, folder))
    assert [one for one in shown(folder.events()) if one[0]] == [one for one in whole if one[0]]
    for name in ("best", "last"):
        assert load(folder.path / name).outside.keys() == {"topic", "names"}


def fills(recipe: Recipe) -> int:
    """How many entries of the cache this process makes in a run."""
    made: list[str] = []
    honest = RaggedStore.write

    def write(self: RaggedStore, key: str, *args: object, **kwargs: object) -> object:
        made.append(key)
        return honest(self, key, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RaggedStore, "write", write)
        list(mtl.train(recipe))
    return len(made)


def test_the_cache_is_filled_once(make: Callable[..., Recipe]):
    main, *others = on_ranks(3, lambda: fills(make(tasks=("topic", "names"), freezing={"preset": "heads_only"})))
    assert main > 0
    assert others == [0, 0]


def test_a_stop_while_the_cache_is_filled_ends_all_in_order(make: Callable[..., Recipe], tmp_path: Path):
    recipe = make(tasks=("topic", "names"), freezing={"preset": "heads_only"})
    folder = RunFolder(tmp_path / "run")

    def run() -> str:
        honest = RaggedStore.write

        def write(*args: object, **kwargs: object) -> object:
            folder.request_stop()
            return honest(*args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RaggedStore, "write", write)
            patch.setattr(session, "_LAST_EVALUATION", 0.0)
            take_part(recipe, folder)
        return "in order"

    assert on_ranks(2, run) == ["in order", "in order"]
    assert folder.read_status().state is RunState.STOPPED


def refusal(recipes: list[Recipe]) -> str:
    try:
        list(mtl.train(recipes[start().rank]))
    except MtlError as error:
        return str(error)
    return "nothing was refused"


def test_other_data_in_one_process_are_refused_in_all(make: Callable[..., Recipe]):
    recipes = [make(), make(tasks_topic={"max_rows": 6, **NO_DROPOUT})]
    assert (
        on_ranks(2, lambda: refusal(recipes))
        == ["the same tasks.topic was expected in each process, process 1 has another"] * 2
    )


def test_data_that_one_process_lacks_are_named_by_all(make: Callable[..., Recipe], tmp_path: Path):
    missing = make().model_copy(update={"backbone": str(tmp_path / "none")})
    main, second = on_ranks(2, lambda: refusal([make(), missing]))
    assert second in main
    assert main.startswith("process 1 on ")


def test_the_labels_of_texts_are_shared_too(make: Callable[..., Recipe], tmp_path: Path):
    """A multi-label task gets the same thresholds in each process."""
    about = write_easy_labels(tmp_path, rounds=12)
    recipe = make(tasks=("topic",))
    content = recipe.model_dump(mode="json", exclude_unset=True)
    content["tasks"]["about"] = {**about, "head": {"dropout": 0.0}}
    recipe = Recipe.model_validate(content)
    alone = shown(list(mtl.train(recipe)))
    main, second = on_ranks(2, lambda: shown(list(mtl.train(recipe))))
    assert main == second
    assert_alike(main, alone, 1e-4)


def test_without_a_launch_nothing_is_shared():
    assert world().size == 1
