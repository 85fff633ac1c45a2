"""States at the boundary: computed once, read ever after, and never those of another model, text or cut."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl.cache import RaggedStore
from mtl.encoder import LoadedBackbone, TokenizedText, load_backbone
from mtl.encoder.frozen import FrozenStates
from tests.tiny import HIDDEN, LAYERS, MAX_TOKENS

TEXTS = ("anna met tom", "", "the old doctor won a very great election", "hi", "river " * 100)


@dataclass
class Counted:
    """A backbone that counts its forward passes."""

    backbone: LoadedBackbone
    passes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.backbone.encoder.parts().bottom[0].register_forward_hook(lambda *_: self.passes.append(1))

    @property
    def texts(self) -> list[TokenizedText]:
        return self.backbone.tokenizer(TEXTS)

    def frozen(self, store: RaggedStore, *, below: int = 2) -> FrozenStates:
        self.backbone.encoder.cut(below)
        self.passes.clear()  # a cut tries the model out
        return FrozenStates(self.backbone.encoder, self.backbone.tokenizer, below, store)

    def direct(self, text: TokenizedText) -> np.ndarray:
        return self.backbone.encoder.lower(self.backbone.tokenizer.pad([text]))[0].numpy()


@pytest.fixture
def counted(tiny_bert: Path) -> Counted:
    return Counted(load_backbone(str(tiny_bert)))


@pytest.fixture
def store(tmp_path: Path) -> RaggedStore:
    return RaggedStore(tmp_path / "cache", 10**8)


def entries(store: RaggedStore) -> int:
    return len(list(store.folder.iterdir()))


def assert_half(found: np.ndarray | None, direct: np.ndarray) -> None:
    assert found is not None
    assert (found.dtype, found.shape) == (np.float16, direct.shape)
    np.testing.assert_allclose(found, direct, rtol=2**-10, atol=1e-5)


@pytest.mark.parametrize("below", range(1, LAYERS + 1))
def test_states_are_those_computed_directly_in_half_precision(counted: Counted, store: RaggedStore, below: int):
    found = counted.frozen(store, below=below)(counted.texts)
    assert {len(text) for text in found} > {2, MAX_TOKENS}
    for text in found:
        assert_half(text.states, counted.direct(text))


@pytest.mark.parametrize("architecture", ["modernbert", "deberta-v2", "mpnet"])
def test_states_of_other_architectures_are_those_computed_directly(
    backbone_folder: Callable[[str], Path], store: RaggedStore, architecture: str
):
    counted = Counted(load_backbone(str(backbone_folder(architecture))))
    for text in counted.frozen(store)(counted.texts):
        assert_half(text.states, counted.direct(text))


def test_texts_keep_everything_else(counted: Counted, store: RaggedStore):
    anchor = np.ones(HIDDEN, dtype=np.float32)
    texts = [replace(text, first_tokens=(1, 2), anchor=anchor) for text in counted.texts]
    found = counted.frozen(store)(texts)
    assert found == texts
    assert all(text.anchor is anchor for text in found)


def test_the_second_call_reads_and_runs_no_forward_pass(counted: Counted, store: RaggedStore):
    frozen = counted.frozen(store)
    first = frozen(counted.texts)
    assert sum(counted.passes) > 0
    counted.passes.clear()
    second = frozen(counted.texts)
    assert counted.passes == []
    assert all(np.array_equal(a.states, b.states) for a, b in zip(first, second, strict=True))


def test_another_load_of_the_same_backbone_reads_what_the_first_left(
    tiny_bert: Path, counted: Counted, store: RaggedStore
):
    counted.frozen(store)(counted.texts)
    again = Counted(load_backbone(str(tiny_bert)))
    again.frozen(store)(again.texts)
    assert again.passes == []


def test_words_play_no_part_in_what_is_read(counted: Counted, store: RaggedStore):
    frozen = counted.frozen(store)
    frozen(counted.texts)
    counted.passes.clear()
    frozen([replace(text, first_tokens=(1,)) for text in counted.texts])
    assert counted.passes == []


@pytest.mark.parametrize("place", ["embeddings.word_embeddings", "encoder.layer.0.output.dense", "encoder.layer.1"])
def test_other_weights_below_the_cut_are_other_states(counted: Counted, store: RaggedStore, place: str):
    counted.frozen(store)(counted.texts)
    with torch.no_grad():
        parameter = next(counted.backbone.encoder.model.get_submodule(place).parameters())
        parameter.view(-1)[-1] += 0.5
    for text in counted.frozen(store)(counted.texts):
        assert_half(text.states, counted.direct(text))
    assert entries(store) == 2


def test_other_weights_above_the_cut_change_nothing(counted: Counted, store: RaggedStore):
    counted.frozen(store)(counted.texts)
    with torch.no_grad():
        next(counted.backbone.encoder.parts().layers[2].parameters()).mul_(2)
    counted.passes.clear()
    counted.frozen(store)(counted.texts)
    assert counted.passes == []


@pytest.mark.parametrize("architecture", ["modernbert"])
def test_at_the_cut_above_all_layers_the_final_norm_counts(
    backbone_folder: Callable[[str], Path], store: RaggedStore, architecture: str
):
    counted = Counted(load_backbone(str(backbone_folder(architecture))))
    counted.frozen(store, below=LAYERS)(counted.texts)
    with torch.no_grad():
        counted.backbone.encoder.model.final_norm.weight.mul_(2)
    for text in counted.frozen(store, below=LAYERS)(counted.texts):
        assert_half(text.states, counted.direct(text))


@pytest.mark.parametrize(
    "texts",
    [
        TEXTS[:-1],
        (*TEXTS, "hi"),
        ("anna met tim", *TEXTS[1:]),
        (TEXTS[1], TEXTS[0], *TEXTS[2:]),
        ("anna", "met tom", *TEXTS[2:]),
    ],
)
def test_other_texts_are_other_states(counted: Counted, store: RaggedStore, texts: tuple[str, ...]):
    frozen = counted.frozen(store)
    frozen(counted.texts)
    for text in frozen(counted.backbone.tokenizer(texts)):
        assert_half(text.states, counted.direct(text))
    assert entries(store) == 2


def test_each_cut_has_states_of_its_own(counted: Counted, store: RaggedStore):
    for below in range(1, LAYERS + 1):
        for text in counted.frozen(store, below=below)(counted.texts):
            assert_half(text.states, counted.direct(text))
    assert entries(store) == LAYERS


def test_a_store_without_room_gives_the_texts_without_states(counted: Counted, tmp_path: Path):
    found = counted.frozen(RaggedStore(tmp_path / "cache", 100))(counted.texts)
    assert found == counted.texts
    assert [text.states for text in found] == [None] * len(TEXTS)


def test_without_room_no_states_of_another_cut_are_left(counted: Counted, store: RaggedStore, tmp_path: Path):
    before = counted.frozen(store, below=3)(counted.texts)
    found = counted.frozen(RaggedStore(tmp_path / "full", 100), below=2)(before)
    assert [text.states for text in found] == [None] * len(TEXTS)


def test_a_damaged_entry_is_computed_anew(counted: Counted, store: RaggedStore):
    frozen = counted.frozen(store)
    frozen(counted.texts)
    for file in store.folder.rglob("values.*"):
        file.write_bytes(file.read_bytes()[:-7])
    for text in frozen(counted.texts):
        assert_half(text.states, counted.direct(text))


def test_states_in_memory_are_the_same_and_leave_nothing_on_disk(counted: Counted, store: RaggedStore):
    found = counted.frozen(store).in_memory(counted.texts)
    assert not store.folder.exists()
    kept = counted.frozen(store)(counted.texts)
    assert all(np.array_equal(a.states, b.states) for a, b in zip(found, kept, strict=True))


def test_no_texts_have_no_states(counted: Counted, store: RaggedStore):
    assert counted.frozen(store)([]) == []


def test_a_padded_batch_has_its_states_in_place_and_zeros_beyond(counted: Counted, store: RaggedStore):
    texts = counted.frozen(store)(counted.texts[:2])
    batch = counted.backbone.tokenizer.pad(texts)
    assert batch.states is not None
    assert (batch.states.dtype, batch.states.shape) == (torch.float32, (2, 5, HIDDEN))
    for row, text in enumerate(texts):
        assert np.array_equal(batch.states[row, : len(text)].numpy(), text.states)
    assert batch.states[1, 2:].abs().max() == 0


def test_a_batch_with_one_text_that_lacks_its_states_starts_at_the_bottom(counted: Counted, store: RaggedStore):
    texts = counted.frozen(store)(counted.texts[:2])
    assert counted.backbone.tokenizer.pad([texts[0], replace(texts[1], states=None)]).states is None
