import pytest

from demo.settings import Training
from tests.demo.fakes import settings


def test_a_local_page_trains_in_full_and_shows_every_run():
    local = settings()
    assert local.training is Training.FULL
    assert local.any_backbone
    assert not local.private_runs
    assert local.max_steps is None


@pytest.mark.parametrize("public", [{"share": True}, {"space": True}])
def test_a_public_page_is_capped_unless_asked_otherwise(public):
    capped = settings(**public)
    assert capped.training is Training.CAPPED
    assert capped.max_live_runs == 1
    assert capped.max_steps and capped.max_minutes
    assert not capped.any_backbone
    assert settings(training="full", **public).training is Training.FULL
    assert settings(training="off", **public).training is Training.OFF


def test_strangers_runs_are_private_wherever_strangers_may_be():
    assert settings(share=True, training="full").private_runs
    assert settings(training="capped").private_runs


def test_a_public_page_never_takes_any_backbone():
    assert not settings(space=True, training="full").any_backbone
