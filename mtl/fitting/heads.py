"""`fit_heads`: from an engine and labelled texts to an engine with heads."""

from collections.abc import Mapping, Sequence

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, labels_of
from mtl.errors import DataError
from mtl.fitting.attaching import Fitted, FittedSpans, attach_heads, linear_head
from mtl.fitting.building import FeatureReader
from mtl.fitting.classes import DEFAULTS, Answer, FitOptions, LabelledTexts, LinearHead, fit_classes
from mtl.fitting.spans import fit_spans
from mtl.inference.engine import Engine
from mtl.recipe.choices import task_name
from mtl.text import clean, word_offsets


def fit_heads(
    engine: Engine,
    data: Mapping[str, Sequence[Example]],
    *,
    options: FitOptions = DEFAULTS,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> Engine:
    """Fit a linear head for each task on the features of the engine's frozen encoder, by L-BFGS.

    A head of the same name whose shape is linear is where the solver begins: a label that it lacks begins with zeros,
    one that the examples lack is dropped. Other heads stay as they are.

    Args:
        engine: whose encoder reads the texts; it stays as it is.
        data: by task its examples, all of one kind: `LabelledText`, `MultiLabelText` or `TaggedText`.
        options: penalty and balance.
        labels: by task all labels of its head, where it should have others than its examples.

    Returns:
        An engine in float32 by torch; `save` writes it as a checkpoint.

    Raises:
        DataError: there is no task, or one has a name that no recipe could have, no examples or labels, examples of
            several kinds, or pairs, which train the embedding.
        MtlError: the engine's model cannot be loaded.
    """
    if not data:
        raise DataError("examples of at least one task were expected, there are none")
    model = engine.loaded_model().model
    fitted: dict[str, Fitted] = {}
    for name, examples in data.items():
        try:
            task_name(name)
        except ValueError as error:
            raise DataError(f"{error}, was {name[:40]!r}") from error
        kinds = {type(example) for example in examples}
        if len(kinds) != 1 or not kinds <= {LabelledText, MultiLabelText, TaggedText}:
            came = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
            raise DataError(f"{name}: texts with classes, with sets of labels or with spans were expected, was {came}")
        known = linear_head(model, name)
        own = (labels or {}).get(name)
        names = _names(examples, known) if own is None else tuple(own)
        fit = _fit_spans if kinds == {TaggedText} else _fit_classes
        try:
            fitted[name] = fit(engine, examples, names, known=known, options=options)
        except DataError as error:
            raise DataError(f"{name}: {error.message}") from error
    return attach_heads(engine, fitted)


def _names(examples: Sequence[Example], known: Fitted | None) -> tuple[str, ...]:
    """The labels of the examples: first those that the head has, in its order."""
    found = labels_of(examples)
    before = () if known is None else known.labels if isinstance(known, LinearHead) else known.head.types
    return (*(label for label in before if label in found), *(label for label in found if label not in before))


def _fit_classes(
    engine: Engine, examples: Sequence[Example], labels: tuple[str, ...], *, known: Fitted | None, options: FitOptions
) -> Fitted:
    pool = FeatureReader(engine)([clean(e.text) for e in examples if not isinstance(e, TaggedText | ScoredPair)])
    answers: dict[int, Answer] = {}
    for i, example in enumerate(examples):
        if isinstance(example, LabelledText):
            answers[i] = example.label
        elif isinstance(example, MultiLabelText):
            answers[i] = example.labels
    multi_label = isinstance(examples[0], MultiLabelText)
    start = known if isinstance(known, LinearHead) and known.multi_label == multi_label else None
    return fit_classes(pool, LabelledTexts(labels, answers, multi_label), options=options, start=start)


def _fit_spans(
    engine: Engine, examples: Sequence[Example], labels: tuple[str, ...], *, known: Fitted | None, options: FitOptions
) -> Fitted:
    units = [e.units(engine.splitting) for e in examples if isinstance(e, TaggedText)]
    start = known if isinstance(known, FittedSpans) else None
    reader = FeatureReader(engine, mix=start.mix if start else None)
    pool = reader([clean(e.text) for e in units], [word_offsets(e.worded.words) for e in units])
    assert pool.words is not None
    spans = {i: e.char_spans() for i, e in enumerate(units)}
    head = fit_spans(pool, spans, labels, options=options, start=start.head if start else None)
    return FittedSpans(head, pool.words.mix)
