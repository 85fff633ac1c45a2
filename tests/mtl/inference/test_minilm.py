"""The default backbone against sentence-transformers on the same weights."""

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from mtl.backbones import find_backbone
from mtl.inference import Engine
from tests.mtl.conftest import MINILM

SHORT = [
    "Anna met Tom in Paris.",
    "anna met tom in paris",
    "WHY IS THE TRAIN LATE AGAIN?!",
    "The film was not as bad as I feared.",
    "Two cups of flour, one egg and a pinch of salt.",
    "@marco_b thanks for the tip #coffee",
    "A",
    "?",
    "...",
    "3,000.50 €",
    "O'Neil's dog didn't bark.",
    "Die Straße nach Zürich ist gesperrt.",
    "Où est la gare, s'il vous plaît ?",
    "Zoe\u0308 ate cre\u0300me bru\u0302le\u0301e",
    "東京は大きい都市です。",
    "Привет, как дела?",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "🙂",
    "👩‍👩‍👧‍👦 at the beach 🏖️ with 🐕",
    "So good 👍🏽👍🏽👍🏽",
    "",
    " ",
    "\t\n",
    "   leading and trailing   ",
    "tabs\tand\nnew\r\nlines",
    "non\u00a0breaking\u2009spaces\u3000here",
    "zero\u200bwidth\ufeff",
    "null\x00byte and bell\x07",
    "İstanbul ﬁne ½ ﷺ",
    "[CLS] [SEP] [MASK] [PAD] [UNK]",
    "<s>html &amp; <b>tags</b></s>",
    "https://example.org/a?b=c&d=%20e#f",
    "name@example.com",
    "C++ and C# and F#",
    "x = [i**2 for i in range(10)]",
    "supercalifragilisticexpialidocious",
    "pneumonoultramicroscopicsilicovolcanoconiosis is a word",
    "ALLCAPS lower MiXeD",
    "“Quotes” and ‘quotes’ — and – dashes…",
]
_TEXT = "the old doctor walked slowly along the river bank and thought about music trains elections and bread"
WORDS = _TEXT.split()
LONG = [
    " ".join(WORDS),
    " ".join(WORDS * 3) + ".",
    "word " * 120,
    "🙂" * 200,
    "a" * 300,
    "東京" * 150,
    " ".join(f"{word}{i}" for i, word in enumerate(WORDS * 6)),
    " ".join((WORDS * 38)[:600]),
    "!" * 700,
    "line one.\n\nline two.\n" * 40,
]
COUNTED = [
    f"Sentence number {i} of the {name} list." for i, name in enumerate(["first", "second", "third", "last"] * 3)
]
TEXTS = [*SHORT, *LONG, *COUNTED]


@pytest.fixture(scope="module")
def reference() -> SentenceTransformer:
    found = SentenceTransformer(str(find_backbone(MINILM).folder), device="cpu")
    found.tokenizer.split_special_tokens = True  # a special token that somebody typed is text
    return found


@pytest.fixture(scope="module")
def embeddings(minilm: Engine) -> np.ndarray:
    return minilm.encode(TEXTS)


def test_there_are_enough_sentences_of_mixed_length():
    assert len(TEXTS) >= 60
    assert len(LONG[7].split()) == 600


def test_embeddings_equal_those_of_sentence_transformers(embeddings: np.ndarray, reference: SentenceTransformer):
    np.testing.assert_allclose(embeddings, reference.encode(TEXTS), rtol=0, atol=1e-5)


def test_the_company_of_a_sentence_changes_nothing(minilm: Engine, embeddings: np.ndarray):
    picked = [0, 7, 18, 21, 22, 30, 38, 41, 43]
    alone = np.stack([minilm.encode(TEXTS[i]) for i in picked])
    np.testing.assert_allclose(embeddings[picked], alone, rtol=0, atol=1e-5)


def test_the_order_of_sentences_changes_nothing(minilm: Engine, embeddings: np.ndarray):
    short = len(SHORT)
    np.testing.assert_allclose(minilm.encode(SHORT[::-1])[::-1], embeddings[:short], rtol=0, atol=1e-5)


def test_the_models_normalisation_is_honoured(embeddings: np.ndarray):
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)


def test_asking_for_normalised_embeddings_changes_nothing_here(
    minilm: Engine, embeddings: np.ndarray, reference: SentenceTransformer
):
    texts = SHORT[:12]
    found = minilm.encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(found, embeddings[:12], rtol=0, atol=1e-6)
    np.testing.assert_allclose(found, reference.encode(texts, normalize_embeddings=True), rtol=0, atol=1e-5)


def test_the_models_maximum_length_is_honoured(minilm: Engine, reference: SentenceTransformer):
    assert minilm.max_length == reference.max_seq_length == 256
    (found,) = minilm.analyze([LONG[7]])
    assert found.tokens == 256
    assert LONG[7][: found.cut_at].split() == LONG[7].split()[: len(LONG[7][: found.cut_at].split())]


def test_the_model_has_no_heads_and_384_dimensions(minilm: Engine):
    assert (dict(minilm.tasks), minilm.dimension, minilm.backbone) == ({}, 384, MINILM)


def test_close_sentences_are_closer_than_far_ones(minilm: Engine):
    close, same, far = minilm.encode(
        ["The cat sleeps on the sofa.", "A cat is sleeping on the couch.", "Taxes will rise."]
    )
    assert close @ same > 0.7 > 0.3 > close @ far
