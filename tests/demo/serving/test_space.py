import sys
from types import ModuleType

import pytest

from demo.serving.space import use_bucket, use_processor_on_zero_gpu


def test_a_space_keeps_its_home_in_the_bucket_that_it_has(tmp_path):
    space = {"SPACE_ID": "someone/polyhead"}
    use_bucket(space, tmp_path)
    assert space["MTL_HOME"] == str(tmp_path / "polyhead")


def test_nothing_changes_without_a_space_without_a_bucket_or_with_a_home_of_its_own(tmp_path):
    for given, bucket in (
        ({}, tmp_path),
        ({"SPACE_ID": "a/b"}, tmp_path / "missing"),
        ({"SPACE_ID": "a/b", "MTL_HOME": "x"}, tmp_path),
    ):
        before = dict(given)
        use_bucket(given, bucket)
        assert given == before


@pytest.mark.parametrize(
    ("given", "declared"), [({}, 0), ({"SPACES_ZERO_GPU": "false"}, 0), ({"SPACES_ZERO_GPU": "true"}, 1)]
)
def test_a_function_is_declared_on_zero_gpu_alone_and_the_processor_computes(monkeypatch, given, declared):
    functions = []
    package = ModuleType("spaces")
    package.GPU = functions.append
    monkeypatch.setitem(sys.modules, "spaces", package)
    use_processor_on_zero_gpu(given)
    assert len(functions) == declared
    assert given.get("MTL_DEVICE") == ("cpu" if declared else None)
