"""The tasks of a recipe: their files, and the shape of their heads."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from mtl.recipe.choices import Activation, Decoder, SimilarityLoss, TaskKind
from mtl.recipe.values import Config, Count, as_tuple


def _with_text_labels(value: object) -> object:
    """Labels as files have them: numbers in digits, and YAML's booleans in each usual spelling."""
    if not isinstance(value, dict):
        return value
    result: dict[object, object] = {}
    for key, label in value.items():
        keys = (str(key).lower(), str(key), str(key).upper()) if isinstance(key, bool) else (_text_label(key),)
        result |= dict.fromkeys(keys, _read_as(label))
    return result


def _read_as(label: object) -> object:
    """A label as a file would give it, so that a checkpoint's sample holds it."""
    text = _text_label(label)
    if isinstance(text, str) and not (text := text.strip()):
        raise ValueError("a label was expected, was empty")
    return text


def _text_label(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


ColumnRole = Literal[
    "text",
    "label",
    "labels",
    "sentence1",
    "sentence2",
    "score",
    "negative",
    "tokens",
    "tags",
    "spans",
    "token",
    "tag",
]
"""What a column can be; `token` and `tag` are those of CoNLL."""


class HeadConfig(Config):
    """The shape of one head; keys of another kind of task than the head's are refused with the task's path."""

    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=8192)], ...], BeforeValidator(as_tuple)] | None = None
    """Sizes of the hidden layers; default: one of size H for classification, none for tagging and with `solver: lbfgs`;
    [] for none."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Of training by SGD; L-BFGS drops nothing."""
    activation: Activation = Activation.TANH
    norm: Annotated[float | None, Field(gt=0, exclude_if=lambda value: value is None)] = None
    """Epsilon of a layer norm after the activation of each hidden layer; none by default."""
    shared: str | None = None
    """Name of a group of classification heads that share their first hidden layer."""
    decoder: Decoder = Decoder.LINEAR
    layers: Annotated[
        Literal["last", "mix"] | Annotated[int, Field(ge=1, le=1000)] | None,
        Field(exclude_if=lambda value: value is None),
    ] = None
    """What tags are read from: the last layer, a learned mix of all, or the layer of that number from the bottom. Those
    below the last leave it free to keep the embedding. Default: what the checkpoint's head reads; for a new head the
    last layer, and with `full` and an anchor that after two thirds of all."""
    loss: Annotated[SimilarityLoss | None, Field(exclude_if=lambda value: value is None)] = None
    """Of similarity; default: that of the checkpoint it starts from, or `cosent`. `cosent` and `cosine` learn from
    scores, `multiple_negatives` from pairs that belong together (with a score of at least 0.5): all other second
    sentences of a batch are negatives, so more tokens of a batch give more of them. Micro-batches are compared each by
    itself."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


_HEAD_KEYS = {
    TaskKind.CLASSIFICATION: {"hidden", "dropout", "activation", "norm", "shared", "label_smoothing"},
    TaskKind.TAGGING: {"hidden", "dropout", "activation", "norm", "decoder", "layers", "label_smoothing"},
    TaskKind.SIMILARITY: {"loss"},
}


_CLASSIFICATION_KEYS = ("multi_label", "class_weights")


def _with_text_keys(value: object) -> object:
    """YAML reads a label such as `1` as a number."""
    if not isinstance(value, dict):
        return value
    return {str(key) if type(key) is int else key: weight for key, weight in value.items()}


class TaskConfig(Config):
    """One task: its kind, its files and its head."""

    kind: TaskKind
    train: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    dev: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Factor of the task's loss."""
    format: str | None = None
    """The format of the files (see `mtl convert --help`); default: told by their content."""
    columns: dict[ColumnRole, str | int] = {}
    """The name of a column, or its number from 1, for what is called otherwise in the files."""
    map_labels: Annotated[dict[str, str], BeforeValidator(_with_text_labels)] = {}
    """Labels (entity types for tagging) to read as another one; a type read as `O` is no entity."""
    score_range: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest score of a similarity task's files; a pair without a score has the highest."""
    multi_label: bool = False
    """Of classification: whether a text has any number of labels, none included."""
    class_weights: Annotated[
        Literal["balanced"] | dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None,
        BeforeValidator(_with_text_keys),
    ] = None
    """Of single-label classification: how much each label counts in the loss, 1 where it is not named; `balanced`
    weighs labels inversely to their number of training examples."""
    max_rows: Count | None = None
    """Read only so many training examples."""
    take: Annotated[Literal["first", "drawn"], Field(exclude_if=lambda value: value == "first")] = "first"
    """Which of more than `max_rows`: the first, or some that are drawn by chance, the same ones each time."""
    head: HeadConfig = HeadConfig()

    @model_serializer(mode="wrap")
    def _without_other_kinds(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what belongs to heads of other kinds and what nobody said of a head, which may be a checkpoint's.

        So a written recipe loads again, and means the same.
        """
        content: dict[str, Any] = handler(self)
        if self.kind is not TaskKind.CLASSIFICATION:
            content = {k: v for k, v in content.items() if k not in _CLASSIFICATION_KEYS}
        if "head" in content:
            said = _HEAD_KEYS[self.kind] & self.head.model_fields_set
            content["head"] = {k: v for k, v in content["head"].items() if k in said}
            if not said:
                del content["head"]
        return content

    @model_validator(mode="after")
    def _head_fits_kind(self) -> "TaskConfig":
        allowed = _HEAD_KEYS[self.kind]
        wrong = sorted(self.head.model_fields_set - allowed)
        if wrong:
            raise ValueError(f"a {self.kind} head takes {', '.join(sorted(allowed))}, was given {', '.join(wrong)}")
        if self.kind is not TaskKind.CLASSIFICATION:
            for key in _CLASSIFICATION_KEYS:
                if getattr(self, key):
                    raise ValueError(f"{key} belongs to classification tasks, this one is of kind {self.kind}")
        if self.multi_label and self.class_weights:
            raise ValueError("class_weights belongs to single-label tasks, this one has multi_label")
        if self.head.decoder is Decoder.CRF and self.head.label_smoothing:
            raise ValueError("a crf head takes no label_smoothing")
        if self.score_range[0] >= self.score_range[1]:
            raise ValueError("score_range is [lowest, highest]")
        if len(set(self.columns.values())) < len(self.columns):
            raise ValueError(f"a different column was expected for each of {', '.join(self.columns)}")
        return self
