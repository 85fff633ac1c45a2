"""A linear head for spans on states of words, and what it finds in the texts of a pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mtl.data.examples import tags_from_chars
from mtl.decoding import Entity, TagDecoder, entities_of, softmax
from mtl.decoding.probabilities import Floats
from mtl.decoding.tagging import Decoded
from mtl.errors import DataError
from mtl.fitting.chain import legal_chain
from mtl.fitting.classes import DEFAULTS, FitOptions, LinearHead, aligned, balanced_weights, checked_labels
from mtl.fitting.objectives import Objective, SoftmaxLoss, Vector
from mtl.fitting.pool import FeaturePool, WordStates
from mtl.fitting.solving import solve
from mtl.labels import TagSet, TypedSpan
from mtl.text import Span
from mtl.text.batching import Integers, segments

_GROUP = 4096  # words of sentences of like length that are gone through together, padding included
_BLOCK = 1 << 14  # words whose states are in memory as float32 at a time


@dataclass(frozen=True, eq=False)
class SpanHead:
    """A weight `(H, L)` and bias `(L,)` that read the mixed states of words; columns follow `TagSet(types)`."""

    types: tuple[str, ...]
    weight: Floats
    bias: Floats

    @property
    def tags(self) -> TagSet:
        """The L tags."""
        return TagSet(self.types)


@dataclass(frozen=True, eq=False)
class SpanGuesses:
    """What a head finds in T texts.

    `entities` are those of the best legal tags, with the mean probability of their tags as in `Engine.tag`;
    `confidence` `(T,)` is the probability of the whole best sequence among all legal ones, `least` `(T,)` the lowest
    probability that a word has its tag, given the whole sentence; both are 1 for a text without words.
    """

    at: Integers
    entities: tuple[list[Entity], ...]
    confidence: Floats
    least: Floats


def fit_spans(
    pool: FeaturePool,
    labelled: Mapping[int, Sequence[TypedSpan]],
    types: Sequence[str],
    *,
    options: FitOptions = DEFAULTS,
    start: SpanHead | None = None,
) -> SpanHead:
    """The head of least cost for texts of a pool whose spans are known.

    Args:
        pool: with states of words.
        labelled: by the position of a text all of its spans, in its offsets; spans of other types do not count.
        types: of entities.
        options: penalty and balance.
        start: a head of before; the tags that it has too begin with its weights, which saves time alone.

    Raises:
        DataError: there are no types, one comes twice, or the pool has no words.
    """
    tags = TagSet(checked_labels(types))
    objective = _objective(pool, labelled, tags, options=options)
    begin = None if start is None else _aligned(start, tags, need_words(pool))
    return _solved(pool, objective, tags, begin, options=options)


def fit_spans_near(
    pool: FeaturePool,
    labelled: Mapping[int, Sequence[TypedSpan]],
    prior: SpanHead,
    *,
    options: FitOptions = DEFAULTS,
    start: SpanHead | None = None,
) -> SpanHead:
    """As `fit_spans`, for the types of a head that is known before any example: the penalty is on the distance from it.

    Args:
        pool: as in `fit_spans`; also the other arguments.
        labelled: with no text the head is the prior itself.
        prior: on states of words of the same mix.
        options: penalty and balance.
        start: a head of before.
    """
    tags, words = prior.tags, need_words(pool)
    centre = _aligned(prior, tags, words)
    objective = replace(_objective(pool, labelled, tags, options=options), centre=centre)
    begin = centre if start is None else _aligned(start, tags, words)
    return _solved(pool, objective, tags, begin, options=options)


def guess_spans(pool: FeaturePool, head: SpanHead, texts: Integers | None = None) -> SpanGuesses:
    """Entities and confidence of all texts of a pool, or of those at some positions `(T,)`.

    Raises:
        DataError: the pool has no words.
    """
    words = need_words(pool)
    at = np.arange(len(pool)) if texts is None else np.asarray(texts, dtype=np.int64)
    rows = words.words_of(at)
    logits = _logits(words, head, rows)
    counts = words.starts[at + 1] - words.starts[at]
    upto = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    begins = words.begins[rows]
    edges = np.concatenate([np.flatnonzero(begins), [len(rows)]]).astype(np.int64)
    sentences = [logits[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)]
    goes_on = words.continued[rows]
    decoded = TagDecoder(head.tags)(sentences, [goes_on[a:b] for a, b in zip(edges[:-1], edges[1:], strict=True)])
    tags = np.concatenate([one.tags for one in decoded]) if decoded else np.zeros(0, np.intp)
    chances = np.concatenate([one.probabilities for one in decoded]) if decoded else np.zeros(0, np.float32)
    log_path, least = _paths(logits, tags, goes_on, edges)
    owner = np.repeat(np.arange(len(at)), counts)[edges[:-1]]
    total, lowest = np.zeros(len(at)), np.ones(len(at), np.float32)
    np.add.at(total, owner, log_path)
    np.minimum.at(lowest, owner, least)
    names = head.tags.tags
    entities: list[list[Entity]] = [[] for _ in range(len(at))]
    for i in np.unique(np.repeat(np.arange(len(at)), counts)[tags > 0]).tolist():
        own, text = slice(upto[i], upto[i + 1]), int(at[i])
        entities[i] = entities_of(pool.texts[text], pool.text_words(text), Decoded(tags[own], chances[own]), names)
    return SpanGuesses(at, tuple(entities), np.exp(np.minimum(total, 0.0)).astype(np.float32), lowest)


def need_words(pool: FeaturePool) -> WordStates:
    """The states of a pool's words.

    Raises:
        DataError: it has none.
    """
    if pool.words is None:
        raise DataError("a pool with states of words was expected for spans, this one was built without")
    return pool.words


def _objective(
    pool: FeaturePool, labelled: Mapping[int, Sequence[TypedSpan]], tags: TagSet, *, options: FitOptions
) -> Objective:
    words = need_words(pool)
    at = np.array(list(labelled), dtype=np.int64)
    index = tags.index()
    known = {text: [span for span in own if span.label in tags.types] for text, own in labelled.items()}
    given = (_tags(pool, text, spans) for text, spans in known.items())
    classes = np.array([index[tag] for own in given for tag in own], dtype=np.int64)
    rows = words.words_of(at)
    own = ~words.continued[rows]
    rows, classes = rows[own], classes[own]
    weights = np.ones(len(rows), np.float32)
    if options.balanced:
        weights = balanced_weights(classes, len(tags.tags))[classes]
    return Objective(words.values(rows), SoftmaxLoss(classes, weights), words.scaling, options.l2, len(tags.tags))


def _solved(
    pool: FeaturePool, objective: Objective, tags: TagSet, begin: Vector | None, *, options: FitOptions
) -> SpanHead:
    found = solve(objective, begin, stopping=options.stopping)
    return SpanHead(tags.types, *need_words(pool).scaling.folded(found.weight))


def _paths(
    logits: Floats, tags: Integers, goes_on: NDArray[np.bool_], edges: Integers
) -> tuple[NDArray[np.float64], Floats]:
    """Of each sentence the log-probability of its tags among legal ones, and the lowest marginal of its tags.

    Words that go on with the tag before are no decisions of their own.
    """
    own = np.flatnonzero(~goes_on)
    begins = np.searchsorted(own, edges)
    starts, counts = begins[:-1], np.diff(begins)
    probabilities, chosen = softmax(logits[own]), tags[own]
    log_path, least = np.zeros(len(counts)), np.ones(len(counts), np.float32)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    while len(order):
        longest = int(counts[order[0]])
        group, order = np.split(order, [max(1, _GROUP // longest)])
        mask = np.arange(longest) < counts[group, None]
        flat = segments(starts[group], counts[group])
        padded = np.zeros((len(group), longest, logits.shape[1]), dtype=np.float32)
        padded[mask] = probabilities[flat]
        chain = legal_chain(padded, mask)
        logs = np.zeros(mask.shape)
        logs[mask] = np.log(np.maximum(probabilities[flat, chosen[flat]], 1e-30))
        log_path[group] = logs.sum(axis=1) - chain.log_legal
        marginal = np.ones(mask.shape, dtype=np.float32)
        marginal[mask] = chain.marginals[mask][np.arange(len(flat)), chosen[flat]]
        least[group] = marginal.min(axis=1)
    return log_path, least


def _logits(words: WordStates, head: SpanHead, rows: Integers) -> Floats:
    found = np.empty((len(rows), len(head.bias)), dtype=np.float32)
    for begin in range(0, len(rows), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        found[part] = words.values(rows[part]) @ head.weight + head.bias
    return found


def _tags(pool: FeaturePool, text: int, spans: Sequence[TypedSpan]) -> tuple[str, ...]:
    units = [Span(start, end) for start, end in pool.text_words(text).tolist()]
    return tags_from_chars(units, spans)


def _aligned(head: SpanHead, tags: TagSet, words: WordStates) -> Vector:
    return aligned(LinearHead(head.tags.tags, head.weight, head.bias), tags.tags, words.scaling)
