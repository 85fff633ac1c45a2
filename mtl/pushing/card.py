"""The model card of an upload: that of the checkpoint, with what is known only now."""

from huggingface_hub import ModelCard
from huggingface_hub.utils import yaml_dump
from yaml import YAMLError

from mtl.checkpoint.card import ANY_FOLDER, SAMPLE_NOTE, model_card
from mtl.checkpoint.card_data import card_data
from mtl.checkpoint.config import CARD_FILE
from mtl.checkpoint.sample import read_sample
from mtl.data import texts_of
from mtl.errors import CheckpointError
from mtl.inference.source import ModelSource
from mtl.pushing.options import PushOptions

_WIDGET_TEXTS = 3
_SHORT = 200
"""Characters of an example that a widget shows."""


def pushed_card(source: ModelSource, repository: str, options: PushOptions) -> str:
    """The checkpoint's card, whose text may have been edited, with front matter for this repository.

    Args:
        source: a checkpoint.
        repository: `OWNER/NAME`.
        options: licence, data sets, and whether the evaluation sample is uploaded.

    Raises:
        CheckpointError: the front matter of its card is no YAML.
    """
    assert source.config is not None
    file = source.folder / CARD_FILE
    content = file.read_text(encoding="utf-8") if file.is_file() else model_card(source.config)
    try:
        given = ModelCard(content, ignore_metadata_errors=True)
    except (ValueError, YAMLError) as error:
        raise CheckpointError("a model card with front matter in YAML was expected", path=file) from error
    known = card_data(source.config, repository).to_dict()
    data_sets = list(dict.fromkeys([*known.get("datasets", ()), *options.data_sets]))
    more = {
        **({"license": options.licence} if options.licence else {}),
        **({"datasets": data_sets} if data_sets else {}),
        **({"widget": widget} if options.sample and (widget := _widget(source)) else {}),
    }
    front = yaml_dump({**given.data.to_dict(), **known, **more}, sort_keys=False)
    text = given.text.strip().replace(f'"{ANY_FOLDER}"', f'"{repository}"')
    if not options.sample:
        text = text.replace(SAMPLE_NOTE, "").strip()
    return f"---\n{front}---\n\n{text}\n"


def _widget(source: ModelSource) -> list[dict[str, str]]:
    """Short texts of the evaluation sample, which is uploaded too."""
    assert source.config is not None
    tasks = {name: record.info(name) for name, record in source.config.tasks.items()}
    examples = [example for found in read_sample(source.folder, tasks).values() for example in found]
    texts = [text for example in examples for text in texts_of(example)]
    return [{"text": text} for text in list(dict.fromkeys(t for t in texts if len(t) <= _SHORT))[:_WIDGET_TEXTS]]
