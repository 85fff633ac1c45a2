"""A pass of the model in training over tokenised texts, without gradients and in full precision, as in use."""

from collections.abc import Collection

from mtl.cache import CachedActivations
from mtl.checkpoint.store import LoadedModel
from mtl.decoding import ModelOutput
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.runner import Runner
from mtl.inference.spec import spec_of
from mtl.text.tokenized import TokenizedTexts

_BATCH_TOKENS = 1024


def run_model(
    loaded: LoadedModel,
    texts: TokenizedTexts,
    *,
    tasks: Collection[str] = (),
    words: bool = False,
    cached: CachedActivations | None = None,
) -> ModelOutput:
    """Embeddings of texts, and the answers of some heads.

    Args:
        loaded: is put into eval mode.
        texts: tokenised.
        tasks: whose heads run.
        words: whether tags are wanted.
        cached: activations of the windows, where they are known.
    """
    loaded.model.eval()
    backend = TorchBackend(loaded.model, tasks=tasks, cached=cached)
    runner = Runner(spec_of(loaded).of_tasks(tasks), loaded.tokenizer, backend, batch_tokens=_BATCH_TOKENS)
    return runner.run(texts, words=words)
