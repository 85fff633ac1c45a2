"""Names of groups of texts: the words that are frequent in a group and rare elsewhere (c-TF-IDF)."""

from collections.abc import Sequence

import numpy as np

from mtl.text.splitting import split_words

WORDS = 3
"""In a name."""
_SHORTEST = 2  # letters, but for scripts in which a character is a word


def keywords(texts: Sequence[str], groups: Sequence[str], *, count: int = WORDS) -> dict[str, str]:
    """The words of each group with the highest c-TF-IDF, joined by commas; empty where a group has no word.

    English function words are left out; those of other languages are, as far as they are frequent everywhere.

    Args:
        texts: `(N,)`.
        groups: `(N,)`, the group of each.
        count: of words, where a group has as many.

    Source:
        Grootendorst 2022, *BERTopic: Neural topic modeling with a class-based TF-IDF procedure*, equation 2.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import CountVectorizer

    names = list(dict.fromkeys(groups))
    place = {name: i for i, name in enumerate(names)}
    counter = CountVectorizer(analyzer=_words)
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # no text has a word
        return dict.fromkeys(names, "")
    member = csr_matrix((np.ones(len(groups)), ([place[group] for group in groups], np.arange(len(groups)))))
    by_group = (member @ counts).toarray()
    totals = by_group.sum(axis=1, keepdims=True)
    weight = np.log1p(totals.mean() / by_group.sum(axis=0))
    scores = by_group / totals.clip(min=1) * weight
    vocabulary = counter.get_feature_names_out()
    best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return {
        name: ", ".join(vocabulary[word] for word in best[i] if scores[i, word] > 0) for i, name in enumerate(names)
    }


def _words(text: str) -> list[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found = (text[span.start : span.end].lower() for span in split_words(text))
    return [word for word in found if word not in ENGLISH_STOP_WORDS and _tells(word)]


def _tells(word: str) -> bool:
    return word.isalpha() and (len(word) >= _SHORTEST or not word.isascii())
