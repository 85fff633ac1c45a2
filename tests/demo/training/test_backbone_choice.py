"""What a page offers of the catalogue, and its advice for drafts."""

from dataclasses import replace
from pathlib import Path

import pytest

from demo.inputs import kept_drafts
from demo.inputs.drafts import TaskUpload, built_in
from demo.training import architecture
from demo.training.backbone_choice import data_of, offered, recommended
from mtl.backbones.catalogue import CATALOGUE, DataSummary
from mtl.recipe import DEFAULT_BACKBONE, TaskKind
from tests.demo.fakes import settings


def test_a_page_of_ones_own_offers_what_loads_as_it_is():
    found = offered(settings())
    assert found[0].name == DEFAULT_BACKBONE
    assert set(found) == {entry for entry in CATALOGUE if entry.safetensors}
    assert len(found) == len(set(found))


@pytest.mark.parametrize("how", [{"share": True}, {"training": "capped"}, {"share": True, "training": "full"}])
def test_a_page_with_limits_offers_its_list_alone(how):
    assert [entry.name for entry in offered(settings(**how))] == [DEFAULT_BACKBONE]
    assert recommended(DataSummary(100, 10), settings(**how)) == ()


def test_no_data_give_no_advice():
    assert recommended(data_of([]), settings()) == ()
    assert recommended(data_of([replace(draft, texts=None) for draft in built_in()]), settings()) == ()


def test_the_example_tasks_are_english_and_of_no_domain():
    data = data_of(built_in())
    assert (data.is_english, data.domain, data.non_latin < 0.01) == (True, None, True)
    assert data.has_tagging and data.has_similarity
    assert data.examples == sum(draft.train_size for draft in built_in())
    assert len(recommended(data, settings())) == 3


def test_an_uploaded_task_in_another_script_gets_multilingual_encoders(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n" + "".join(f"Поезд {i} опоздал на час,{'ab'[i % 2]}\n" for i in range(20)))
    kept_drafts.add_task(TaskUpload("trains", TaskKind.CLASSIFICATION, file, None), owner="ann", settings=settings())
    data = data_of([kept_drafts.known("ann", settings())[-1]])
    assert data.non_latin == 1.0
    assert all(one.entry.is_multilingual for one in recommended(data, settings()))


def test_the_picture_of_the_network_has_the_sizes_of_the_catalogue():
    for entry in CATALOGUE:
        found = architecture.of(entry.name)
        assert found is not None
        assert found.embeddings + found.layers * found.layer == entry.parameters
