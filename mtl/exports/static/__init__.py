"""`static`: one vector for each token, the mean of which embeds a text, with classification heads on top."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mtl.checkpoint.sample import read_sample
from mtl.checkpoint.store import LoadedModel
from mtl.evaluation import main_metric, main_metric_name, request_of
from mtl.exports.card import write_card
from mtl.exports.plain_tokenizer import plain_tokenizer
from mtl.exports.report import ExportLog
from mtl.exports.static.distilling import read_vocabulary, token_vectors
from mtl.exports.static.engine import StaticEngine, StaticHead, need_model2vec
from mtl.exports.static.heads import fit
from mtl.inference.backends import DEFAULT_BATCH_TOKENS
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.runner import Runner
from mtl.inference.spec import spec_of
from mtl.recipe.choices import TaskKind

__all__ = ["StaticEngine", "write"]

_USAGE = """from model2vec import StaticModel

StaticModel.from_pretrained("this/folder").encode(["A sentence."])

from mtl.exports.static import StaticEngine  # the heads too

StaticEngine.load("this/folder").classify(["A sentence."])"""


def write(loaded: LoadedModel, folder: Path, log: ExportLog) -> None:
    """Distil the encoder, and teach heads on the result.

    Raises:
        InputError: `model2vec` is not installed.
    """
    need_model2vec()
    engine = distilled(loaded, log)
    engine.save(folder)
    write_card(loaded, folder, library="model2vec", pipeline="feature-extraction", usage=_USAGE)
    log.note("the mean of static vectors knows no order of words, and none changes the meaning of another")
    for name in engine.heads:
        if loaded.model.tasks[name].thresholds:
            log.note(
                f"{name}: the thresholds of its labels are not held; they are those of the model's own probabilities"
            )
    tagging = [name for name, task in loaded.model.tasks.items() if task.kind is TaskKind.TAGGING]
    if tagging:
        log.note(f"no entities ({', '.join(tagging)}): a static vector does not know the words around its own")
    for sentence in _costs(loaded, engine):
        log.note(sentence)


def distilled(loaded: LoadedModel, log: ExportLog) -> StaticEngine:
    """The encoder as static vectors, with a new head for each classification task."""
    from model2vec import StaticModel

    from mtl.exports.static.teaching import Teacher, by_examples, train_examples

    tokenizer = plain_tokenizer(loaded.tokenizer)
    tokenizer.no_truncation()
    vocabulary = read_vocabulary(loaded, tokenizer)
    vectors = token_vectors(vocabulary, tokenizer.get_vocab_size())
    name = loaded.backbone.name.rsplit("/", 1)[-1]
    config = {"model_type": "model2vec", "architectures": ["StaticModel"], "hidden_dim": vectors.shape[1]}
    model = StaticModel(vectors, tokenizer, config, normalize=True, base_model_name=name, max_length=None)
    tasks = {name: task for name, task in loaded.model.tasks.items() if task.kind is TaskKind.CLASSIFICATION}
    examples = train_examples(loaded.folder)
    untaught = [name for name in tasks if not examples.get(name)]
    teacher = Teacher(loaded, vocabulary, model) if untaught else None
    if untaught:
        log.note(f"without the training data of the run, {', '.join(untaught)} learned from answers of the model")
    heads = {}
    for name, task in tasks.items():
        taught = teacher(name) if teacher and name in untaught else by_examples(examples[name], task.labels, model)
        heads[name] = StaticHead(task.labels, task.multi_label, fit(taught, multi_label=task.multi_label))
    return StaticEngine(model, heads)


def _costs(loaded: LoadedModel, engine: StaticEngine) -> Iterator[str]:
    """What a task's main metric loses on the evaluation sample; the export's labels are those above 0.5."""
    run = Runner(spec_of(loaded), loaded.tokenizer, TorchBackend(loaded.model), batch_tokens=DEFAULT_BATCH_TOKENS)
    for name, examples in (read_sample(loaded.folder, loaded.model.tasks) if loaded.folder else {}).items():
        if name in engine.heads:
            task, request = loaded.model.tasks[name], request_of(loaded.model.tasks[name], examples)
            before = main_metric(task, examples, run(request))
            after = main_metric(replace(task, thresholds=()), examples, engine.run(request))
            yield f"{name}, {main_metric_name(task)} on the evaluation sample: {before:.3f} → {after:.3f}"
