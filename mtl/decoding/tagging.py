"""From emissions to tags and their probabilities, over many sentences at once and without torch.

The argmax is kept where it is legal BIO; only sentences where it is not, and those of a conditional random field, go
through Viterbi. Illegal starts and transitions cost `mtl.labels.ILLEGAL`, as in training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats, log_softmax, logsumexp
from mtl.labels import ILLEGAL, TagSet

_GROUP = 16_384  # words of sentences that are decoded together, padding included


@dataclass(frozen=True, slots=True)
class Decoded:
    """The tag `(W,)` of each word and its probability `(W,)`.

    `log_marginals` `(W, L)` are those of every tag at temperature 1, where they were asked for; words that are no
    decision of their own have no numbers.
    """

    tags: NDArray[np.intp]
    probabilities: Floats
    log_marginals: Floats | None = None


class TagDecoder:
    """Decodes the emissions of one tagging head.

    Args:
        tags: the L tags.
        transitions: `(L, L)` of a conditional random field, or None for a linear head.
        starts: `(L,)` of the same.
        argmax: whether each word takes its best tag, and an I-X that continues nothing begins an entity.
        temperature: divides the logarithms of the marginals of each word, which no tag depends on.

    Attributes:
        transitions: `(L, L)`, those of the arguments or 0, with the cost of what is illegal.
        starts: `(L,)`, likewise.
        is_crf: whether tags have the probability that the whole sentence gives them.
        is_argmax: as the argument; nothing is added up then.
    """

    def __init__(
        self,
        tags: TagSet,
        *,
        transitions: Floats | None = None,
        starts: Floats | None = None,
        argmax: bool = False,
        temperature: float = 1.0,
    ) -> None:
        self._temperature = temperature
        self.is_argmax = argmax
        self.tags = tags.tags
        self._legal = tags.legal_transitions()
        self._legal_starts = tags.legal_starts()
        inside = [tag.replace("B-", "I-", 1) if tag.startswith("B-") else tag for tag in tags.tags]
        self._inside = np.array([tags.index()[tag] for tag in inside], dtype=np.intp)
        self.is_crf = transitions is not None
        illegal = np.where(self._legal, 0, ILLEGAL).astype(np.float32)
        illegal_starts = np.where(self._legal_starts, 0, ILLEGAL).astype(np.float32)
        self.transitions = illegal if transitions is None else illegal + transitions
        self.starts = illegal_starts if starts is None else illegal_starts + starts

    def __call__(
        self,
        sentences: Sequence[Floats],
        continued: Sequence[NDArray[np.bool_]] | None = None,
        *,
        marginals: bool = False,
    ) -> list[Decoded]:
        """Decode sentences to legal BIO.

        Args:
            sentences: emissions `(W, L)` of each.
            continued: `(W,)` of each, whether a word is no decision of its own but goes on with the tag of the word
                before; never the first word. None where all words are their own.
            marginals: whether those of every tag are given too.
        """
        counts = [len(sentence) for sentence in sentences]
        if not sum(counts):
            none = np.zeros((0, len(self.tags)), dtype=np.float32) if marginals else None
            nothing = Decoded(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32), none)
            return [nothing] * len(sentences)
        flat, ends = np.concatenate([s for s in sentences if len(s)]), np.cumsum(counts)
        goes_on = np.concatenate(continued) if continued is not None else np.zeros(len(flat), dtype=np.bool_)
        if not goes_on.any():
            tags, log_marginals = self._decode(flat, counts, ends)
            probabilities = self._probabilities(tags, log_marginals)
        else:
            before = np.concatenate([np.zeros(1, np.intp), np.cumsum(~goes_on)])
            own_ends = before[ends]
            tags, own = self._decode(flat[~goes_on], np.diff(own_ends, prepend=0).tolist(), own_ends)
            decided = before[1:] - 1
            probabilities = self._probabilities(tags, own)[decided]
            tags = np.where(goes_on, self._inside[tags[decided]], tags[decided])
            log_marginals = np.where(goes_on[:, None], np.float32(np.nan), own[decided]) if marginals else own
        rows = log_marginals if marginals else None
        return [
            Decoded(tags[end - n : end], probabilities[end - n : end], None if rows is None else rows[end - n : end])
            for n, end in zip(counts, ends, strict=True)
        ]

    def _probabilities(self, tags: NDArray[np.intp], scores: Floats) -> Floats:
        return tag_probabilities(tags, scores, self._temperature, is_argmax=self.is_argmax)

    def _decode(self, flat: Floats, counts: Sequence[int], ends: NDArray[np.intp]) -> tuple[NDArray[np.intp], Floats]:
        """Tags `(W,)` and log-marginals `(W, L)` of all words, one sentence after the other."""
        if self.is_crf:
            return self._through_crf(flat, counts, ends)
        scores = log_softmax(flat)
        return self._legal_argmax(scores, counts, ends), scores

    def _legal_argmax(self, scores: Floats, counts: Sequence[int], ends: NDArray[np.intp]) -> NDArray[np.intp]:
        tags: NDArray[np.intp] = scores.argmax(axis=-1)
        legal = np.ones(len(tags), dtype=bool)
        legal[1:] = self._legal[tags[:-1], tags[1:]]
        starts = (ends - counts)[np.asarray(counts) > 0]
        legal[starts] = self._legal_starts[tags[starts]]
        if self.is_argmax:
            return tags - ~legal  # B-X comes before I-X
        broken = np.unique(np.searchsorted(ends, np.flatnonzero(~legal), side="right"))
        for rows in _groups(broken.tolist(), counts):
            padded, mask = _pad(scores, rows, counts, ends)
            for row, best in zip(rows, legal_viterbi(padded, mask), strict=True):
                tags[ends[row] - counts[row] : ends[row]] = best[: counts[row]]
        return tags

    def _through_crf(
        self, flat: Floats, counts: Sequence[int], ends: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], Floats]:
        tags = np.zeros(len(flat), dtype=np.intp)
        scores = np.zeros_like(flat, dtype=np.float32)
        for rows in _groups([i for i, count in enumerate(counts) if count], counts):
            padded, mask = _pad(flat, rows, counts, ends)
            best = viterbi(padded, mask, self.transitions, self.starts)
            found = log_marginals(padded, mask, self.transitions, self.starts)
            for i, row in enumerate(rows):
                place = slice(ends[row] - counts[row], ends[row])
                tags[place], scores[place] = best[i, : counts[row]], found[i, : counts[row]]
        return tags, scores


def tag_probabilities(tags: NDArray[np.intp], scores: Floats, temperature: float, *, is_argmax: bool) -> Floats:
    """The probability `(W,)` of a tag of each word `(W,)` at a temperature, from log-marginals `(W, L)` at 1.

    Where each word takes its best tag (`is_argmax`), it is the probability of that one.
    """
    scaled = scores if temperature == 1 else log_softmax(scores / np.float32(temperature))
    return np.exp(scaled.max(axis=-1) if is_argmax else scaled[np.arange(len(tags)), tags])


def viterbi(emissions: Floats, mask: NDArray[np.bool_], transitions: Floats, starts: Floats) -> NDArray[np.intp]:
    """The best tag sequence `(B, W)` of each row of emissions `(B, W, L)`; positions outside the mask are 0."""
    rows, length, tags = emissions.shape
    score = starts + emissions[:, 0]
    pointers = np.zeros((length, rows, tags), dtype=np.intp)
    for i in range(1, length):
        paths = score[:, :, None] + transitions
        pointers[i] = np.where(mask[:, i, None], paths.argmax(axis=1), np.arange(tags))
        score = np.where(mask[:, i, None], paths.max(axis=1) + emissions[:, i], score)
    return _traced(pointers, score, mask)


def legal_viterbi(emissions: Floats, mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """As `viterbi`, where every legal transition costs nothing: a step takes O(L) numbers instead of O(L * L).

    Args:
        emissions: `(B, W, L)`, the tags in the order of `TagSet`: O, then B-X and I-X of each type.
        mask: `(B, W)`.
    """
    rows, length, tags = emissions.shape
    begin, inside = np.arange(1, tags, 2), np.arange(2, tags, 2)
    score = emissions[:, 0].copy()
    score[:, inside] += ILLEGAL
    pointers = np.zeros((length, rows, tags), dtype=np.intp)
    for i in range(1, length):
        best = score.argmax(axis=1)
        before = np.repeat(best[:, None], tags, axis=1)  # of O and of each B-X
        before[:, inside] = np.where(score[:, inside] > score[:, begin], inside, begin)
        pointers[i] = np.where(mask[:, i, None], before, np.arange(tags))
        step = np.take_along_axis(score, before, axis=1) + emissions[:, i]
        score = np.where(mask[:, i, None], step, score)
    return _traced(pointers, score, mask)


def _traced(pointers: NDArray[np.intp], score: Floats, mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Back from the best last tag."""
    length, rows, _ = pointers.shape
    best = np.zeros((rows, length), dtype=np.intp)
    current = score.argmax(axis=-1)
    for i in range(length - 1, -1, -1):
        best[:, i] = current
        current = pointers[i][np.arange(rows), current]
    result: NDArray[np.intp] = best * mask
    return result


def log_marginals(emissions: Floats, mask: NDArray[np.bool_], transitions: Floats, starts: Floats) -> Floats:
    """The logarithm of the probability `(B, W, L)` of each tag given the whole sentence, by forward-backward."""
    length = emissions.shape[1]
    alpha, beta = np.zeros_like(emissions), np.zeros_like(emissions)
    alpha[:, 0] = starts + emissions[:, 0]
    for i in range(1, length):
        step = logsumexp(alpha[:, i - 1, :, None] + transitions, axis=1) + emissions[:, i]
        alpha[:, i] = np.where(mask[:, i, None], step, alpha[:, i - 1])
    for i in range(length - 2, -1, -1):
        step = logsumexp(transitions + (emissions[:, i + 1] + beta[:, i + 1])[:, None], axis=-1)
        beta[:, i] = np.where(mask[:, i + 1, None], step, beta[:, i + 1])
    return log_softmax(alpha + beta)


def _groups(rows: Sequence[int], counts: Sequence[int]) -> list[list[int]]:
    """Rows of like length together, so that padding stays small."""
    result: list[list[int]] = []
    for row in sorted(rows, key=lambda r: -counts[r]):
        if not result or counts[result[-1][0]] * (len(result[-1]) + 1) > _GROUP:
            result.append([])
        result[-1].append(row)
    return result


def _pad(
    flat: Floats, rows: Sequence[int], counts: Sequence[int], ends: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.bool_]]:
    length = max(counts[row] for row in rows)
    padded = np.zeros((len(rows), length, flat.shape[1]), dtype=np.float32)
    mask = np.zeros((len(rows), length), dtype=bool)
    for i, row in enumerate(rows):
        padded[i, : counts[row]] = flat[ends[row] - counts[row] : ends[row]]
        mask[i, : counts[row]] = True
    return padded, mask
