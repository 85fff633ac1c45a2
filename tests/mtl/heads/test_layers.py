"""What heads are made of."""

import pytest
import torch

from mtl.heads.layers import Dropout


@pytest.mark.parametrize("rate", [0.001, 0.1, 0.5, 0.9])
def test_dropout_keeps_the_share_and_the_mean_and_gradients_go_where_values_went(rate: float):
    torch.manual_seed(0)
    ones = torch.ones(500, 400, requires_grad=True)
    found = Dropout(rate)(ones)
    found.sum().backward()
    assert (found == 0).float().mean().item() == pytest.approx(rate, abs=0.004)
    assert found.mean().item() == pytest.approx(1.0, abs=0.01 + 0.01 * rate / (1 - rate))
    assert ones.grad is not None
    assert torch.equal(ones.grad, found)
    # Neither rows nor columns nor places in a byte pattern are dropped together.
    assert (found == 0).float().mean(0).max().item() < rate + 0.1
    assert (found == 0).float().mean(1).max().item() < rate + 0.12


def test_dropout_follows_the_seed_and_rests_in_eval_mode():
    layer, values = Dropout(0.3), torch.randn(3, 5, 7)
    torch.manual_seed(1)
    first = layer(values)
    torch.manual_seed(1)
    assert torch.equal(layer(values), first)
    assert not torch.equal(layer(values), first)
    assert layer.eval()(values) is values
    assert Dropout(0.0)(values) is values
    assert layer.train()(torch.zeros(0, 4)).shape == (0, 4)
