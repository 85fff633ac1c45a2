"""The live examples of the guide as HTML: shares as bars, heads as rows, words as sub-words."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.answers.passes import Task, answer_of
from demo.palette import COLOURS, LabelColours
from demo.training.architecture import Architecture
from demo.views.answers.classes import tag
from demo.views.answers.label_sets import set_tags
from demo.views.answers.words import codes
from demo.views.message import note
from demo.views.tables import Column, Html, table
from mtl.inference.analysis import Analysis
from mtl.recipe import TaskKind
from mtl.text import split_words
from mtl.text.subwords import Subword, by_word

_READS = {TaskKind.CLASSIFICATION: "the pooled vector", TaskKind.TAGGING: "the first sub-word of each word"}


def head_rows(analysis: Analysis, tasks: Mapping[str, Task], colours: LabelColours) -> str:
    """The predictions of every head from one pass."""
    rows: list[list[str | Html]] = []
    for name, task in tasks.items():
        if task.kind is TaskKind.CLASSIFICATION:
            answer = set_tags(analysis.classes[name], answer_of(analysis, name), colours=colours)
        else:
            found = analysis.entities.get(name, [])
            answer = ", ".join(f"{escape(e['word'])} {tag(e['entity_group'], colours)}" for e in found) or "no entity"
        rows.append([name, str(task.kind), _READS.get(task.kind, "two pooled vectors"), Html(answer)])
    rows.append(["embedding", "no head", "the pooled vector", f"{len(analysis.embedding)} numbers"])
    columns = [Column("head"), Column("kind"), Column("reads"), Column("prediction")]
    return table(columns, rows, caption="Predictions of every head from one pass")


def shares(parts: Mapping[str, float], *, label: str) -> str:
    """A bar for each part with its share in percent."""
    rows = "".join(
        f'<div class="ph-bar"><span class="ph-name">{escape(name)}</span><span class="ph-track">'
        f'<span class="ph-fill" style="width:{share * 100:.1f}%;background:{COLOURS[place % len(COLOURS)]}">'
        "</span></span>"
        f'<span class="ph-figure">{share:.0%}</span></div>'
        for place, (name, share) in enumerate(parts.items())
    )
    return f'<section class="ph-card"><h3>{escape(label)}</h3>{rows}</section>'


def trained_shares(architecture: Architecture) -> dict[str, float]:
    """The share of the encoder's parameters that each freezing choice trains."""
    total = architecture.embeddings + architecture.layers * architecture.layer
    choices = {"heads only": 0.0}
    for layers in range(1, architecture.layers + 1):
        choices[f"last {layers}" if layers < architecture.layers else "all layers"] = (
            layers * architecture.layer / total
        )
    return choices | {"full": 1.0}


def pieces(text: str, subwords: Sequence[Subword]) -> str:
    """The mean number of sub-words per word, and the words with most sub-words."""
    words = split_words(text)
    cut = by_word(words, subwords)
    if not words:
        return note("Type a sentence with a few words.")
    most = sorted(range(len(words)), key=lambda i: -len(cut[i]))[:6]
    rows: list[list[str | int | Html]] = [
        [text[words[i].start : words[i].end], len(cut[i]), codes(cut[i])] for i in most
    ]
    columns = [Column("word"), Column("sub-words", number=True), Column("tokens")]
    mean = sum(map(len, cut)) / len(words)
    return note(f"{mean:.2f} sub-words per word on average.") + table(
        columns, rows, caption="Words with most sub-words"
    )


def nearest_labels(found: Mapping[str, float]) -> str:
    """The cosine of a text with what is said of each label, the nearest first."""
    rows = [(name, f"{cosine:.3f}") for name, cosine in sorted(found.items(), key=lambda pair: -pair[1])]
    return table([Column("label"), Column("cosine", number=True)], rows, caption="Labels, the nearest first")


def cosine_table(found: Mapping[str, float], *, own: str) -> str:
    """The cosine for every pooling, with the pooling of the model marked."""
    rows = [
        (Html(f"<strong>{escape(name)}</strong> (model default)" if name == own else escape(name)), f"{cosine:.3f}")
        for name, cosine in found.items()
    ]
    return table([Column("pooling"), Column("cosine", number=True)], rows, caption="Cosine for every pooling")
