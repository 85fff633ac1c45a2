"""A temperature in a checkpoint: the same answers with other probabilities, whatever runs the model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mtl.inference import Engine

TEMPERATURE = 2.5
TEXTS = ["Anna met Tom in Rome.", "the final score was even", "", "Olga praised the harbour of Oslo 🦊"]


@pytest.fixture(scope="module", params=["torch", "openvino"])
def engines(request: pytest.FixtureRequest, trained: Path, tmp_path_factory: pytest.TempPathFactory):
    """The trained model with a temperature of 1 for every task, and with another one."""
    found = []
    for temperature in (1.0, TEMPERATURE):
        folder = Path(shutil.copytree(trained / "last", tmp_path_factory.mktemp("model") / "last"))
        config = json.loads((folder / "config.json").read_text())
        for task in config["tasks"].values():
            task["temperature"] = temperature
        (folder / "config.json").write_text(json.dumps(config))
        found.append(Engine.load(folder, backend=request.param, precision="fp32"))
    return found


def test_probabilities_are_those_of_logits_divided_by_it(engines: list[Engine]):
    plain, tempered = (engine.classify(TEXTS) for engine in engines)
    for before, after in zip(plain, tempered, strict=True):
        assert before.keys() == after.keys()
        for task, probabilities in before.items():
            powers = np.array(list(probabilities.values()), dtype=np.float64) ** (1 / TEMPERATURE)
            np.testing.assert_allclose(list(after[task].values()), powers / powers.sum(), rtol=1e-4)


def test_labels_and_entities_stay_and_embeddings_too(engines: list[Engine]):
    plain, tempered = (engine.analyze(TEXTS) for engine in engines)
    for before, after in zip(plain, tempered, strict=True):
        assert before.labels == after.labels
        np.testing.assert_array_equal(before.embedding, after.embedding)
        for task, entities in before.entities.items():
            places = [
                [(e["entity_group"], e["start"], e["end"]) for e in own] for own in (entities, after.entities[task])
            ]
            assert places[0] == places[1]


def test_scores_of_entities_change(engines: list[Engine]):
    scores = [[e["score"] for found in engine.tag(TEXTS) for own in found.values() for e in own] for engine in engines]
    assert scores[0] and scores[0] != scores[1]


def test_a_run_stores_a_temperature_of_its_own_for_each_head(trained: Path):
    tasks = json.loads((trained / "last" / "config.json").read_text())["tasks"]
    kept = {name: task.get("temperature", 1.0) for name, task in tasks.items()}
    assert kept.pop("similarity") == 1
    assert all(0.25 <= temperature <= 10 and temperature != 1 for temperature in kept.values())
