import os
import shutil
import threading
import time
from dataclasses import replace

import pytest

from demo.answers.engines import BACKBONE, GIVEN, STARTER, Engines, key_of
from demo.runs import RunManager
from mtl.errors import CheckpointError, MtlError, RunError
from mtl.recipe import DEFAULT_BACKBONE
from tests.demo.fakes import FakeModel, settings


class Loader:
    def __init__(self):
        self.names = []

    def __call__(self, name):
        self.names.append(name)
        time.sleep(0.05)
        if name == "broken":
            raise CheckpointError("broken")
        return FakeModel()


def engines(**how) -> tuple[Engines, Loader]:
    page, load = settings(**how), Loader()
    return Engines(settings=page, runs=RunManager(page), load=load), load


def test_a_model_is_loaded_once_whoever_asks_at_the_same_time():
    shared, load = engines()
    found = []
    threads = [threading.Thread(target=lambda: found.append(shared.get(BACKBONE, ""))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert load.names == [DEFAULT_BACKBONE]
    assert len(set(map(id, found))) == 1


def test_the_least_recently_used_model_goes():
    shared, load = engines(space=True, checkpoint="third")
    for key in (STARTER, BACKBONE, STARTER, GIVEN, STARTER, BACKBONE):
        shared.get(key, "")
    assert load.names == [STARTER, DEFAULT_BACKBONE, "third", DEFAULT_BACKBONE]


def test_a_model_that_cannot_be_loaded_is_tried_again():
    shared, load = engines(checkpoint="broken")
    for _ in range(2):
        with pytest.raises(CheckpointError):
            shared.get(GIVEN, "")
    assert load.names == ["broken", "broken"]


@pytest.mark.parametrize("key", [None, "", "given", "/etc/passwd", "nothing"])
def test_a_made_up_choice_is_refused(key):
    with pytest.raises(MtlError, match="Choose a model"):
        engines()[0].get(key, "")


def test_a_strangers_run_cannot_be_loaded():
    with pytest.raises(RunError, match="no such run"):
        engines(share=True)[0].get(key_of("20260101-000000-topic-aabbccdd"), "ben")


def test_a_given_checkpoint_is_the_first_choice():
    assert engines(checkpoint="a/b/c")[0].choices("")[0] == ("b/c", GIVEN)
    assert (f"{DEFAULT_BACKBONE.rpartition('/')[2]} without heads", BACKBONE) in engines()[0].choices("")


def test_models_that_take_too_much_memory_go_but_not_the_one_in_use():
    page, load = replace(settings(checkpoint="third"), loaded_engines_mb=250.0), Loader()

    def sized(name: str) -> FakeModel:
        model = load(name)
        model.memory_bytes = 300_000_000 if name == "third" else 100_000_000
        return model

    shared = Engines(settings=page, runs=RunManager(page), load=sized)
    for key in (STARTER, BACKBONE, STARTER, GIVEN, GIVEN, STARTER, BACKBONE, STARTER):
        shared.get(key, "")
    assert load.names == [STARTER, DEFAULT_BACKBONE, "third", STARTER, DEFAULT_BACKBONE]


def write_model(folder, content):
    """As a checkpoint is saved: a new folder takes the place of the old one."""
    fresh = folder.with_name("fresh")
    fresh.mkdir()
    (fresh / "model.safetensors").write_bytes(content)
    os.utime(fresh / "model.safetensors", ns=(1, 1))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def test_a_model_whose_files_were_replaced_is_loaded_again(tmp_path):
    folder = tmp_path / "checkpoint"
    write_model(folder, b"old weights")
    shared, load = engines(checkpoint=str(folder))
    first = shared.get(GIVEN, "")
    assert shared.get(GIVEN, "") is first
    write_model(folder, b"new weights")  # of the same size and time
    assert shared.get(GIVEN, "") is not first
    assert load.names == [str(folder)] * 2
