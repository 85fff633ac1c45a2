"""Classification heads."""

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from mtl.heads import ClassificationHead, hidden_layers
from mtl.recipe import Activation, HeadConfig

H, C = 6, 3


def head_of(**settings: object) -> ClassificationHead:
    torch.manual_seed(0)
    return ClassificationHead(HeadConfig(**settings), size=H, classes=C).eval()


def linear_sizes(head: nn.Module) -> list[tuple[int, int]]:
    return [(m.in_features, m.out_features) for m in head.modules() if isinstance(m, nn.Linear)]


@pytest.mark.parametrize(
    ("hidden", "sizes"),
    [
        (None, [(H, H), (H, C)]),
        ((), [(H, C)]),
        ((4,), [(H, 4), (4, C)]),
        ((4, 5), [(H, 4), (4, 5), (5, C)]),
    ],
)
def test_a_head_is_made_of_its_hidden_layers_and_an_output(hidden: tuple[int, ...] | None, sizes: list):
    assert linear_sizes(head_of(hidden=hidden)) == sizes


@pytest.mark.parametrize("activation", list(Activation))
def test_logits_are_dense_activation_and_output(activation: Activation):
    head = head_of(hidden=(4,), activation=activation)
    pooled = torch.randn(2, H)
    function = {Activation.TANH: torch.tanh, Activation.GELU: nn.functional.gelu, Activation.RELU: torch.relu}
    torch.testing.assert_close(head(pooled), head.output(function[activation](head.hidden[0](pooled))))


@pytest.mark.parametrize("hidden", [None, ()])
def test_dropout_acts_in_training_only(hidden: tuple[int, ...] | None):
    head = head_of(hidden=hidden, dropout=0.5)
    pooled = torch.ones(64, H)
    assert torch.equal(head(pooled), head(pooled))
    assert not torch.equal(head.train()(pooled), head(pooled))


def test_the_loss_is_the_mean_cross_entropy_over_known_labels():
    logits, classes = torch.randn(4, C), torch.tensor([0, -100, 2, 1])
    known = classes >= 0
    torch.testing.assert_close(head_of().loss(logits, classes), cross_entropy(logits[known], classes[known]))


def test_a_batch_of_unknown_labels_has_a_zero_loss_with_a_gradient():
    logits = torch.randn(2, C, requires_grad=True)
    loss = head_of().loss(logits, torch.tensor([-100, -100]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not logits.grad.any()


def test_label_smoothing_counts_in_training_only():
    head, logits, classes = head_of(label_smoothing=0.3), torch.randn(4, C), torch.tensor([0, 1, 2, 0])
    torch.testing.assert_close(head.loss(logits, classes), cross_entropy(logits, classes))
    torch.testing.assert_close(head.train().loss(logits, classes), cross_entropy(logits, classes, label_smoothing=0.3))


def test_a_shared_layer_comes_first_and_is_not_the_heads_own():
    shared = hidden_layers(H, (4,), HeadConfig(activation=Activation.TANH, dropout=0.0))
    head = ClassificationHead(HeadConfig(hidden=(4, 5)), size=H, classes=C, shared=(shared, 4)).eval()
    assert linear_sizes(head) == [(4, 5), (5, C)]
    pooled = torch.randn(2, H)
    torch.testing.assert_close(head(pooled), head.output(torch.tanh(head.hidden[0](torch.tanh(shared[0](pooled))))))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("shares", [None, torch.tensor([0.25, 0.75, 1.0, 1.0])])
def test_weights_of_classes_are_those_of_torch(smoothing: float, shares: torch.Tensor | None):
    weights, logits, classes = torch.tensor([0.5, 1.0, 4.0]), torch.randn(4, C), torch.tensor([0, 0, 2, 1])
    head = head_of(label_smoothing=smoothing).train()
    head.class_weights = weights
    expected = cross_entropy(logits, classes, weight=weights, label_smoothing=smoothing)
    if shares is not None:
        each = cross_entropy(logits, classes, weight=weights, label_smoothing=smoothing, reduction="none")
        expected = (each * shares).sum() / (weights[classes] * shares).sum()
    torch.testing.assert_close(head.loss(logits, classes, shares), expected)
    torch.testing.assert_close(head.units(classes), weights[classes].sum())


def test_weights_of_classes_are_no_part_of_a_checkpoint():
    head = head_of()
    names = set(head.state_dict())
    head.class_weights = torch.ones(C)
    assert set(head.state_dict()) == names


def several(**settings: object) -> ClassificationHead:
    torch.manual_seed(0)
    return ClassificationHead(HeadConfig(**settings), size=H, classes=C, multi_label=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("trains", [True, False])
def test_the_loss_of_several_labels_is_binary_cross_entropy(smoothing: float, trains: bool):
    logits, labels = torch.randn(4, C), torch.tensor([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]], dtype=torch.int8)
    wanted = labels.float() * (1 - smoothing) + smoothing / 2 if trains else labels.float()
    found = several(label_smoothing=smoothing).train(trains).loss(logits, labels)
    torch.testing.assert_close(found, binary_cross_entropy_with_logits(logits, wanted))


def test_windows_of_a_text_with_several_labels_count_by_their_shares_and_others_not():
    logits, shares = torch.randn(3, C, requires_grad=True), torch.tensor([0.25, 0.75, 1.0])
    labels = torch.tensor([[1, 0, 1], [1, 0, 1], [-100, -100, -100]])
    each = binary_cross_entropy_with_logits(logits, labels.clamp(min=0).float(), reduction="none").mean(1)
    torch.testing.assert_close(several().loss(logits, labels, shares), 0.25 * each[0] + 0.75 * each[1])
    none = several().loss(logits, labels[2:].expand(3, -1))
    assert float(none.detach()) == 0
    assert torch.equal(torch.autograd.grad(none, logits)[0], torch.zeros(3, C))
