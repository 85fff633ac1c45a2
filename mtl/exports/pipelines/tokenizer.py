"""The tokenizer of an export, with offsets as the pipelines should give them."""

import json

from tokenizers import Tokenizer, normalizers, processors
from transformers import PreTrainedTokenizerBase

from mtl.checkpoint.store import LoadedModel
from mtl.exports.encoder_files import load_tokenizer


def pipeline_tokenizer(loaded: LoadedModel) -> PreTrainedTokenizerBase:
    """The backbone's tokenizer, with the lower case and without blanks at the edges of tokens."""
    tokenizer = load_tokenizer(loaded)
    backend: Tokenizer = tokenizer.backend_tokenizer
    if loaded.tokenizer.config.lower_case:
        before = [backend.normalizer] if backend.normalizer else []
        backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *before])
    content = json.loads(backend.to_str())
    is_byte_level = '"ByteLevel"' in json.dumps(content["pre_tokenizer"])
    if is_byte_level and '"trim_offsets": true' not in json.dumps(content["post_processor"]):
        trim = processors.ByteLevel(trim_offsets=True)
        after = [backend.post_processor] if backend.post_processor else []
        backend.post_processor = processors.Sequence([trim, *after])
    return tokenizer


def tells_words(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a pipeline tells from the tokens where words begin."""
    return bool(getattr(tokenizer.backend_tokenizer.model, "continuing_subword_prefix", None))
