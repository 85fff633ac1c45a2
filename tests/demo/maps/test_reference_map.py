import numpy as np
import pytest

from demo.maps.projection import Projection, project
from demo.maps.reference_map import ReferenceMaps, reference_map
from mtl.recipe import TaskKind
from tests.demo.fakes import FakeModel, FakeTask


@pytest.fixture(scope="module")
def seen():
    return reference_map(FakeModel())


def test_the_map_is_that_of_the_embeddings_tab(seen):
    np.testing.assert_allclose(seen.points, project(seen.vectors, Projection.PCA), atol=1e-4)


def test_an_example_falls_onto_its_own_mark(seen):
    np.testing.assert_allclose(seen.place(seen.vectors[7]), seen.points[7], atol=1e-5)


def test_the_nearest_examples_are_those_of_brute_force_without_the_sentence_itself(seen):
    vector = seen.vectors[3]
    cosines = [float(vector @ v / np.linalg.norm(vector) / np.linalg.norm(v)) for v in seen.vectors]
    order = [i for i in sorted(range(len(cosines)), key=lambda i: -cosines[i]) if seen.texts[i] != seen.texts[3]]
    found = seen.near(vector, text=seen.texts[3], count=5)
    assert [near.index for near in found] == order[:5]
    assert found[0].cosine == pytest.approx(cosines[order[0]], abs=1e-5)


def test_a_model_without_classes_has_no_labels():
    class Bare(FakeModel):
        tasks = {"entities": FakeTask(TaskKind.TAGGING, ("PER",))}

    assert reference_map(Bare()).labels == ()
    assert reference_map(FakeModel()).labels


def test_a_model_looks_at_the_examples_once():
    looked = []

    def look(model):
        looked.append(model)
        return reference_map(model)

    reference_maps, model = ReferenceMaps(look), FakeModel()
    assert reference_maps.get(model) is reference_maps.get(model)
    assert looked == [model]
