"""Tagging heads: emissions and losses of both decoders."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mtl.heads import TaggingHead
from mtl.labels import TagSet
from mtl.recipe import Activation, Decoder, HeadConfig

TAGS = TagSet(("LOC", "PER"))
L, H = len(TAGS.tags), 6
DECODERS = pytest.mark.parametrize("decoder", list(Decoder))


def head_of(decoder: Decoder, *, seed: int = 0, **settings: object) -> TaggingHead:
    torch.manual_seed(seed)
    head = TaggingHead(HeadConfig(decoder=decoder, **settings), size=H, tags=TAGS).eval()
    if head.is_crf:
        torch.nn.init.normal_(head.transitions)
        torch.nn.init.normal_(head.starts)
    return head


def random_emissions(seed: int, lengths: list[int], *, scale: float = 3.0) -> tuple[Tensor, Tensor]:
    longest = max(1, *lengths)
    emissions = scale * torch.randn(len(lengths), longest, L, generator=torch.Generator().manual_seed(seed))
    return emissions, torch.arange(longest) < torch.tensor(lengths).unsqueeze(1)


def test_emissions_come_from_the_first_token_of_each_word():
    head = head_of(Decoder.LINEAR)
    hidden = torch.randn(2, 5, H)
    first = torch.tensor([[1, 3, 4], [2, 0, 0]])
    emissions = head(hidden, first)
    assert emissions.shape == (2, 3, L)
    torch.testing.assert_close(emissions[0, 1], head.output(hidden[0, 3]))
    torch.testing.assert_close(emissions[1, 0], head.output(hidden[1, 2]))


def test_hidden_layers_come_before_the_output():
    head = head_of(Decoder.LINEAR, hidden=(5, 4), activation=Activation.RELU)
    assert [layer.out_features for layer in head.hidden if isinstance(layer, torch.nn.Linear)] == [5, 4]
    assert head.output.in_features == 4


def test_the_linear_loss_is_the_mean_cross_entropy_over_words():
    emissions, mask = random_emissions(3, [4, 2])
    tags = torch.randint(L, mask.shape, generator=torch.Generator().manual_seed(0))
    expected = cross_entropy(emissions[mask], tags[mask])
    torch.testing.assert_close(head_of(Decoder.LINEAR).loss(emissions, tags, mask), expected)


def test_the_linear_loss_skips_words_whose_tag_the_head_lacks():
    emissions, mask = random_emissions(3, [4, 2])
    tags = torch.zeros(mask.shape, dtype=torch.long)
    tags[0, 1] = -100
    kept = mask.clone()
    kept[0, 1] = False
    torch.testing.assert_close(
        head_of(Decoder.LINEAR).loss(emissions, tags, mask), cross_entropy(emissions[kept], tags[kept])
    )


@DECODERS
def test_a_batch_without_any_known_tag_has_a_finite_loss_and_gradient(decoder: Decoder):
    head = head_of(decoder)
    emissions, mask = random_emissions(3, [2, 1])
    emissions.requires_grad_()
    loss = head.loss(emissions, torch.full(mask.shape, -100), mask)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(emissions.grad).all()


@DECODERS
def test_a_batch_without_words_has_a_zero_loss(decoder: Decoder):
    head = head_of(decoder)
    emissions, mask = random_emissions(3, [0, 0])
    emissions.requires_grad_()
    loss = head.loss(emissions, torch.full(mask.shape, -100), mask)
    loss.backward()
    assert float(loss.detach()) == 0


def test_the_crf_loss_is_a_mean_over_words():
    head = head_of(Decoder.CRF)
    emissions, mask = random_emissions(4, [3, 3])
    tags = torch.ones(mask.shape, dtype=torch.long)
    twice = head.loss(torch.cat([emissions] * 2), torch.cat([tags] * 2), torch.cat([mask] * 2))
    torch.testing.assert_close(twice, head.loss(emissions, tags, mask))


def test_label_smoothing_counts_in_training_only():
    head = head_of(Decoder.LINEAR, label_smoothing=0.2)
    emissions, mask = random_emissions(5, [3, 2])
    tags = torch.zeros(mask.shape, dtype=torch.long)
    torch.testing.assert_close(head.loss(emissions, tags, mask), cross_entropy(emissions[mask], tags[mask]))
    smoothed = cross_entropy(emissions[mask], tags[mask], label_smoothing=0.2)
    torch.testing.assert_close(head.train().loss(emissions, tags, mask), smoothed)


def test_emissions_are_float32_whatever_the_hidden_states_are():
    head = head_of(Decoder.LINEAR).bfloat16()
    assert head(torch.randn(1, 2, H).bfloat16(), torch.zeros(1, 1, dtype=torch.long)).dtype == torch.float32


def test_masks_of_illegal_tags_are_no_part_of_the_state():
    assert set(head_of(Decoder.CRF).state_dict()) == {"transitions", "starts", "output.weight", "output.bias"}


def test_a_mixing_head_starts_from_the_mean_of_all_layers_and_learns_their_weights():
    torch.manual_seed(0)
    head = TaggingHead(HeadConfig(layers="mix"), size=H, tags=TAGS, states=4).eval()
    layers = torch.randn(2, 5, 4, H)
    first = torch.tensor([[0, 2], [1, 4]])
    words = layers.mean(dim=2)[torch.arange(2).unsqueeze(1), first]
    torch.testing.assert_close(head(layers, first), head.output(words))
    head(layers, first).pow(2).sum().backward()
    assert head.mix.scores.grad.abs().min() > 0


def test_a_mixing_head_can_choose_one_layer():
    head = TaggingHead(HeadConfig(layers="mix"), size=H, tags=TAGS, states=3).eval()
    head.mix.scores.data = torch.tensor([0.0, 50.0, 0.0])
    layers, first = torch.randn(1, 2, 3, H), torch.tensor([[0, 1]])
    torch.testing.assert_close(head(layers, first), head.output(layers[:, :, 1]))


@pytest.mark.parametrize("layer", [1, 2])
def test_a_head_can_read_one_layer(layer):
    head = TaggingHead(HeadConfig(layers=layer), size=H, tags=TAGS, states=3).eval()
    layers, first = torch.randn(1, 2, 3, H), torch.tensor([[0, 1]])
    torch.testing.assert_close(head(layers, first), head.output(layers[:, :, layer]))
    assert set(head.state_dict()) == {"output.weight", "output.bias"}


def test_a_sentence_over_two_windows_has_the_crf_loss_of_its_joined_words():
    head = head_of(Decoder.CRF)
    emissions, mask = random_emissions(6, [3, 2, 2])
    tags = torch.tensor([[1, 2, 2], [2, 0, -100], [0, 3, -100]])  # the first entity goes on in the second window
    sentences = torch.tensor([[0, 1, 2, 3, 4], [6, 7, -1, -1, -1]])
    joined = torch.cat([emissions[0], emissions[1, :2]]).unsqueeze(0)
    whole = head.loss(joined, torch.tensor([[1, 2, 2, 2, 0]]), torch.ones(1, 5, dtype=torch.bool)) * 5
    other = head.loss(emissions[2:], tags[2:], mask[2:]) * 2
    torch.testing.assert_close(head.loss(emissions, tags, mask, sentences), (whole + other) / 7)
