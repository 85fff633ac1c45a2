"""Visitors share the page: places, turns, disk and memory, and what a recipe may cost."""

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.inputs import drafts
from demo.runs import queue
from demo.runs.quotas import RecentTurns
from demo.runs.recipe_limits import need_affordable, need_size
from demo.runs.uploads import delete_old_uploads
from demo.runs.visitors import hashed_visitor, write_visitor
from demo.training.planner import Planner
from demo.training.recipe_form import recipe_of
from mtl.errors import RecipeError, RunError
from mtl.recipe import Recipe, parse
from mtl.runs import RunFolder, home, runs_root
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM
from tests.hardening.running import ENDS, ended, page


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def recipe() -> Recipe:
    return recipe_of(FORM, drafts.built_in(), settings())


def test_one_owner_and_one_address_have_their_share_of_places_and_no_more(recipe: Recipe):
    runs = page(max_live_runs=0)
    runs._settings = replace(runs._settings, owner_runs=2, address_runs=3)
    for _ in range(2):
        runs.start(recipe, owner="ann", address="1.1.1.1")
    with pytest.raises(RunError, match="You have 2 runs that train or wait"):
        runs.start(recipe, owner="ann", address="2.2.2.2")
    runs.start(recipe, owner="token 1", address="1.1.1.1")
    with pytest.raises(RunError, match="3 runs from your network train or wait"):
        runs.start(recipe, owner="token 2", address="1.1.1.1")
    runs.start(recipe, owner="ben", address="3.3.3.3")
    assert "1.1.1.1" not in "".join(file.read_text() for file in runs_root().glob("*/address"))


def test_a_visitor_with_many_runs_waits_for_one_with_few():
    turns, folders = RecentTurns(), []
    asked = ["ann"] * 4 + ["ben", "eve", "ben"]
    for number, owner in enumerate(asked):
        folder = RunFolder(runs_root() / f"run-{number}")
        folder.create()
        write_visitor(folder, hashed_visitor(owner, f"address of {owner}"))
        queue.put(folder)
        folders.append(folder)
    order = [asked[int(folder.id[-1])] for folder in turns.in_order(folders)]
    assert order == ["ann", "ben", "eve", "ann", "ben", "ann", "ann"]
    turns.note(folders[4])
    assert [folder.id for folder in turns.in_order(folders)][:2] == ["run-0", "run-5"]


@pytest.mark.parametrize("seed", range(20))
def test_nobody_waits_for_more_than_one_turn_of_each_other_visitor_before_his_own(seed: int):
    draw, turns, folders = random.Random(seed), RecentTurns(), []
    for number in range(12):
        folder = RunFolder(runs_root() / f"run-{number}")
        folder.create()
        write_visitor(folder, hashed_visitor(draw.choice("abcd"), ""))
        queue.put(folder)
        folders.append(folder)
    owners = [(folder.path / "owner").read_text() for folder in turns.in_order(folders)]
    for place in range(len(owners)):
        counts = [owners[: place + 1].count(one) for one in set(owners[place:])]
        assert max(counts) - min(counts) <= 1


def test_new_visitors_without_an_end_keep_no_run_waiting_for_ever():
    turns = RecentTurns()

    def ask(name: str, owner: str) -> RunFolder:
        folder = RunFolder(runs_root() / name)
        folder.create()
        write_visitor(folder, hashed_visitor(owner, f"address of {owner}"))
        queue.put(folder)
        return folder

    for _ in range(3):  # he had turns, which puts him behind all who had none
        turns.note(ask("before", "ann"))
        queue.take(RunFolder(runs_root() / "before"))
        shutil.rmtree(runs_root() / "before")
    waits = ask("waits", "ann")
    queued = [waits]
    for number in range(30):
        queued.append(ask(f"new-{number}", f"visitor {number}"))
        first = turns.in_order(queued)[0]
        turns.note(first)
        queue.take(first)
        queued.remove(first)
        if first is waits:
            break
    assert first is waits and number == 10


def test_a_visitor_whose_runs_fill_his_share_of_the_disk_starts_none_and_others_do(recipe: Recipe):
    runs = page(command=ENDS)
    runs._settings = replace(runs._settings, visitor_runs_mb=1.0, kept_runs_mb=3.0)
    first = runs.start(recipe, owner="ann")
    ended(first)
    (first.path / "large").write_bytes(bytes(2_000_000))
    with pytest.raises(RunError, match="Your runs take 2 MB, and 1 MB is the limit; delete one"):
        runs.start(recipe, owner="ann")
    other = runs.start(recipe, owner="ben")
    ended(other)
    (other.path / "large").write_bytes(bytes(2_000_000))
    with pytest.raises(RunError, match="The runs on this page take 3 MB, which is the limit; .* deleted 7 days"):
        runs.start(recipe, owner="eve")
    runs.delete(first.id, "ann")
    ended(runs.start(recipe, owner="ann"))


def test_old_uploads_go_but_for_those_that_a_queued_run_reads(recipe: Recipe):
    runs = page(max_live_runs=0)
    needed, old = (home() / "uploads" / (name * 24) for name in "ab")
    for place in (needed, old):
        (place / "train").mkdir(parents=True)
        for one in (place / "train", place):
            os.utime(one, (0, 0))
    tasks = {
        name: task.model_copy(update={"train": (str(needed / "train" / "data.csv"),)})
        for name, task in recipe.tasks.items()
    }
    runs.start(recipe.model_copy(update={"tasks": tasks}), owner="ann")
    assert delete_old_uploads(home() / "uploads", runs._settings) == [needed]
    assert needed.exists()
    assert not old.exists()


Change = Callable[[dict[str, Any]], object]
COSTLY: dict[str, Change] = {
    "budget.batch_tokens": lambda r: r["budget"].update(batch_tokens=10**9),
    "budget.frozen_batch_tokens": lambda r: r["budget"].update(frozen_batch_tokens=10**9),
    "budget.micro_batch_tokens": lambda r: r["budget"].update(micro_batch_tokens=10**9),
    "epochs": lambda r: r["budget"].update(epochs=1000),
    "max_length": lambda r: r.update(max_length=8192),
    "head.hidden": lambda r: r["tasks"]["topic"].update(head={"hidden": [8192]}),
    "units|layers": lambda r: r["tasks"]["topic"].update(head={"hidden": [8] * 99}),
    "rank": lambda r: r.update(freezing={"preset": "lora", "rank": 512}),
    "checkpoint.sample": lambda r: r.update(checkpoint={"sample": 1000}),
    "cache.max_gb": lambda r: r.update(cache={"max_gb": 900}),
    "map_labels": lambda r: r["tasks"]["topic"].update(map_labels={str(n): "x" for n in range(100_000)}),
    "class_weights": lambda r: r["tasks"]["topic"].update(class_weights={str(n): 1.0 for n in range(100_000)}),
    "files": lambda r: r["tasks"]["topic"].update(train=["a.csv"] * 1000),
    "steps from one evaluation": lambda r: r.update(evaluation={"every": 1}),
    "tasks": lambda r: r["tasks"].update({f"t{n}": {"kind": "similarity"} for n in range(9)}),
}


@pytest.mark.parametrize("key", COSTLY)
def test_a_recipe_that_costs_too_much_is_refused_everywhere_in_one_sentence(recipe: Recipe, key: str):
    content = recipe.model_dump(mode="json", exclude_unset=True)
    content.setdefault("budget", {})
    COSTLY[key](content)
    costly = Recipe.model_validate(content)
    capped = settings(share=True)
    acts = (
        lambda: need_affordable(costly, capped),
        lambda: page(command=ENDS).start(costly, owner="ann"),
        lambda: Planner(capped).plan(costly, asker="a"),
    )
    for act in acts:
        with pytest.raises(RecipeError, match=key) as caught:
            act()
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200
    assert not runs_root().exists()


@pytest.mark.parametrize(("rows", "labels"), [(390_000, 3), (100, 100_000)])
def test_train_and_dev_together_and_labels_have_a_limit(rows: int, labels: int):
    with pytest.raises(RecipeError, match="At most .* were expected for topic, were"):
        need_size("topic", rows, labels, settings(share=True))
    need_size("topic", 2_500, 100, settings(share=True))


def test_a_comparison_divides_the_minutes_and_has_few_strategies(recipe: Recipe):
    runs = page(command=ENDS)
    folder = runs.compare(recipe, ["full", "heads_only"], owner="ann")
    ended(folder)
    asked = parse(_yaml(folder.path / "request.yaml"), folder=folder.path, where="request")
    assert asked.budget.max_minutes == 5.0
    with pytest.raises(RecipeError, match="At most 3 strategies"):
        runs.compare(recipe, ["full"] * 4, owner="ann")


def _yaml(file: Path) -> Any:
    import yaml

    return yaml.safe_load(file.read_text())
