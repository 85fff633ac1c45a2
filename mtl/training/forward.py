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
    spec = spec_of(loaded).of_tasks(tasks)
    backend = _backend(loaded, tasks, cached, shared=shared)
    runner = Runner(spec, loaded.tokenizer, backend, batch_tokens=_BATCH_TOKENS)
    return runner.run(texts, words=bool(spec.names(TaskKind.TAGGING)))


def run_uncalibrated(
    loaded: LoadedModel, texts: TokenizedTexts, task: str, *, cached: CachedActivations | None = None
) -> ModelOutput:
    """As `run_model`, shared by all processes, at temperature 1 and with the marginals of every tag of a word."""
    spec = spec_of(loaded).of_tasks((task,)).uncalibrated((task,))
    backend = _backend(loaded, (task,), cached, shared=True)
    runner = Runner(spec, loaded.tokenizer, backend, batch_tokens=_BATCH_TOKENS, marginals=True)
    return runner.run(texts, words=bool(spec.names(TaskKind.TAGGING)))


def _backend(loaded: LoadedModel, tasks: Collection[str], cached: CachedActivations | None, *, shared: bool) -> Backend:
    loaded.model.eval()
    backend = TorchBackend(loaded.model, tasks=tasks, cached=cached)
    return SharedBackend(backend, world()) if shared and world().size > 1 and not world().shards else backend
