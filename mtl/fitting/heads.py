"""`fit_heads`: from an engine and labelled texts to an engine with heads."""

from collections.abc import Iterable, Mapping, Sequence

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, labels_of
from mtl.errors import DataError, InputError
from mtl.fitting.attaching import Fitted, FittedSpans, attach_heads, linear_head
from mtl.fitting.building import FeatureReader
from mtl.fitting.checking import checked_examples
from mtl.fitting.classes import DEFAULTS, Answer, FitOptions, LabelledTexts, LinearHead, fit_classes
from mtl.fitting.spans import fit_spans
from mtl.inference.engine import Engine
from mtl.text import word_offsets


def fit_heads(
    engine: Engine,
    data: Mapping[str, Iterable[Example]],
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
        labels: by task all labels of its head, where it should have more than its examples.

    Returns:
        An engine in float32 by torch; `save` writes it as a checkpoint.

    Raises:
        DataError: there is no task, or one has a name that no recipe could have, no examples or labels, examples of
            several kinds, one that is no text with labels, a label that is not among those that were given, or pairs,
            which train the embedding.
        InputError: the options are none.
        MtlError: the engine's model cannot be loaded.
    """
    if not isinstance(options, FitOptions):
        raise InputError(f"options: FitOptions were expected, was {type(options).__name__}")
    checked = checked_examples(data, labels)
    model = engine.loaded_model().model
    fitted: dict[str, Fitted] = {}
    for name, task in checked.items():
        known = linear_head(model, name)
        names = _names(task.examples, known) if task.labels is None else task.labels
        fit = _fit_spans if isinstance(task.examples[0], TaggedText) else _fit_classes
        try:
            fitted[name] = fit(engine, task.examples, names, known=known, options=options)
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
    pool = FeatureReader(engine)([e.text for e in examples if not isinstance(e, TaggedText | ScoredPair)])
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
    pool = reader([e.text for e in units], [word_offsets(e.worded.words) for e in units])
    assert pool.words is not None
    spans = {i: e.char_spans() for i, e in enumerate(units)}
    head = fit_spans(pool, spans, labels, options=options, start=start.head if start else None)
    return FittedSpans(head, pool.words.mix)
