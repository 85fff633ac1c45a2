"""`plan`: what it prints, writes and refuses."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

import mtl
from mtl.recipe import load
from tests.mtl.cli.calling import complaint, succeed

FROZEN = ("--set", "freezing={preset: last_layers, layers: 1}")


def test_a_plan_prints_parts_steps_time_memory_and_advice(recipe: Path):
    printed = succeed("plan", recipe, *FROZEN).stdout
    assert re.search(r"layer 3\s.*[\d,]+\s.*trains", printed)
    assert re.search(r"layer 1\s.*[\d,]+\s.*frozen", printed)
    assert re.search(r"^trains: [\d,]+ of [\d,]+ parameters \(\d+\.\d%\)$", printed, re.M)
    assert re.search(r"^steps: 6 \(topic \d, entities \d\)$", printed, re.M)
    assert re.search(r"^time: about .+, from a few measured batches$", printed, re.M)
    assert re.search(r"^memory: about [\d,]+ MB; cache \d+\.\d MB on disk; checkpoint \d+\.\d MB$", printed, re.M)
    assert re.search(r"^advice: \w+, because \d", printed, re.M)


def test_a_plan_prints_its_warnings(recipe: Path):
    printed = succeed("plan", recipe, "--set", "tasks.topic.dev=[]", "--set", "tasks.topic.max_rows=8").stdout
    assert "warning: topic: no dev data, so it is not evaluated" in printed
    assert "warning: topic: fewer than 5 training examples of" in printed


def test_parts_are_printed_from_the_top(recipe: Path):
    printed = succeed("plan", recipe).stdout
    places = [printed.index(name) for name in ("entities head", "topic head", "layer 3", "layer 1", "embeddings")]
    assert places == sorted(places)


def test_a_plan_can_be_written_as_json(recipe: Path, tmp_path: Path):
    succeed("plan", recipe, *FROZEN, "--json", tmp_path / "plan.json")
    found = json.loads((tmp_path / "plan.json").read_text())
    expected = json.loads(json.dumps(asdict(mtl.plan(load(recipe, FROZEN[1:])))))
    measured = ("seconds", "memory_bytes")
    assert all(found.pop(key) > 0 and expected.pop(key) > 0 for key in measured)
    assert found == expected


def test_a_plan_starts_no_run(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    succeed("plan", recipe, *FROZEN)
    assert not any((tmp_path / "home" / place).exists() for place in ("runs", "cache"))


def test_where_nothing_trains_a_plan_says_so(recipe: Path):
    printed = succeed("plan", recipe, "--set", "freezing={preset: all_frozen}").stdout
    assert re.search(r"^trains: 0 of", printed, re.M)
    assert re.search(r"^steps: 0$", printed, re.M)


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("--set", "colour=red"), "colour: this key is unknown"),
        (("--set", "freezing={preset: last_layers, layers: 9}"), "freezing.layers: at most 3"),
        (("--set", "backbone=no-such/model"), "no-such/model: neither a folder here nor a model"),
        (("--json", "none/plan.json"), "none does not exist"),
    ],
)
def test_what_cannot_be_planned_is_one_line(recipe: Path, arguments: tuple[str, ...], gist: str):
    assert gist in complaint("plan", recipe, *arguments)
