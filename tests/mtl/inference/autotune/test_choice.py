"""Choices that are kept, and those that are measured again."""

import pytest

from mtl.inference.autotune import machine
from mtl.inference.autotune.choice import Choice, Fidelity, is_due


@pytest.mark.parametrize(
    ("provisional", "minutes", "share", "due"),
    [
        (False, 60, 1.0, False),
        (True, 60, 1.0, True),
        (True, 5, 1.0, False),  # too soon
        (True, 60, 0.5, False),  # still busy
        (True, -60, 1.0, False),  # the clock was set back
    ],
)
def test_a_provisional_choice_is_due_after_a_while_on_a_calm_machine(
    monkeypatch: pytest.MonkeyPatch, provisional: bool, minutes: float, share: float, due: bool
):
    monkeypatch.setattr(machine, "now", lambda: 1e9 + 60 * minutes)
    monkeypatch.setattr(machine, "core_share", lambda: share)
    choice = Choice(backend="torch", precision="fp32", reason="it was asked for", measured_at=1e9)
    assert is_due(choice.model_copy(update={"provisional": provisional})) is due


@pytest.mark.parametrize(
    ("change", "faithful"),
    [
        ({}, True),
        ({"min_cosine": 0.9989}, False),
        ({"same_classes": False}, False),
        ({"tag_f1_loss": 0.003}, False),
        ({"sample_loss": 0.003}, False),
    ],
)
def test_every_figure_has_to_hold(change: dict[str, object], faithful: bool):
    found = Fidelity(min_cosine=0.9991, same_classes=True, tag_f1_loss=0.001, sample_loss=0.001)
    assert found.model_copy(update=change).faithful is faithful
