"""A pass of the model in training over tokenised texts, without gradients and in full precision, as in use."""

from collections.abc import Collection

from mtl.cache import CachedActivations
from mtl.checkpoint.store import LoadedModel
from mtl.decoding import ModelOutput
from mtl.distributed import world
from mtl.inference.backends.interface import Backend
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.runner import Runner
from mtl.inference.spec import spec_of
from mtl.recipe.choices import TaskKind
from mtl.text.tokenized import TokenizedTexts
from mtl.training.shared_backend import SharedBackend

_BATCH_TOKENS = 1024


def run_model(
    loaded: LoadedModel,
    texts: TokenizedTexts,
    *,
    tasks: Collection[str] = (),
    cached: CachedActivations | None = None,
    shared: bool = False,
) -> ModelOutput:
    """Embeddings of texts, and the answers of some heads.

    Args:
        loaded: is put into eval mode.
        texts: tokenised.
        tasks: whose heads run; tags are given where one of them is of tagging.
        cached: activations of the windows, where they are known.
        shared: whether all processes of the run call this and share the work; each gets the whole output.
    """
    loaded.model.eval()
    backend: Backend = TorchBackend(loaded.model, tasks=tasks, cached=cached)
    if shared and world().size > 1 and not world().shards:
        backend = SharedBackend(backend, world())
    runner = Runner(spec_of(loaded).of_tasks(tasks), loaded.tokenizer, backend, batch_tokens=_BATCH_TOKENS)
    words = any(loaded.model.tasks[name].kind is TaskKind.TAGGING for name in tasks)
    return runner.run(texts, words=words)
