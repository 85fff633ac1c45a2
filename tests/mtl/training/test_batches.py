"""How many tokens a batch has: more where only a head of classification runs, and never too few batches."""

from pathlib import Path

import pytest

from mtl.training import set_up, setup
from tests.mtl.recipes import quick_recipe

HEADS = {"preset": "heads_only"}


def batches_of(backbone: Path, folder: Path, **sections: object) -> dict[str, list[list[int]]]:
    budget = {"batch_tokens": 32, **sections.pop("budget", {})}
    trainer = set_up(quick_recipe(backbone, folder, ("topic", "names"), budget=budget, **sections))
    sampler = trainer.schedule.sampler
    found = {name: list(sampler.batches(name)) for name in trainer.data.train}
    for name, batches in found.items():
        assert sorted(row for batch in batches for row in batch) == list(range(len(trainer.data.train[name])))
    return found


@pytest.mark.parametrize("fewest", [1, 2, 3])
@pytest.mark.parametrize("most", [16, 64, 4096])
def test_batches_over_a_frozen_backbone_grow_up_to_both_limits(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fewest: int, most: int
):
    monkeypatch.setattr(setup, "_FEWEST_BATCHES", fewest)
    small = batches_of(tiny_bert, tmp_path, freezing=HEADS, budget={"frozen_batch_tokens": 16})
    grown = batches_of(tiny_bert, tmp_path, freezing=HEADS, budget={"frozen_batch_tokens": most})
    assert grown["names"] == small["names"]
    assert min(fewest, len(small["topic"])) <= len(grown["topic"]) <= len(small["topic"])
    if (fewest, most) == (1, 4096):
        assert len(grown["topic"]) < len(small["topic"])


@pytest.mark.parametrize(
    "sections", [{"freezing": {"preset": "full"}}, {"freezing": HEADS, "cache": {"enabled": False}}], ids=str
)
def test_batches_that_run_the_backbone_keep_their_size(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sections: dict[str, object]
):
    monkeypatch.setattr(setup, "_FEWEST_BATCHES", 1)
    limited = batches_of(tiny_bert, tmp_path, budget={"frozen_batch_tokens": 16}, **sections)
    assert batches_of(tiny_bert, tmp_path, **sections) == limited
