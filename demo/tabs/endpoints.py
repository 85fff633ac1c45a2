"""What programs call by name: texts in, plain JSON out, under the limits, shares and turns of the page."""

from collections.abc import Callable
from typing import Any

from gradio.events import api

from demo.answers.cost import need_typed
from demo.inputs.text_input import given_texts
from demo.serving import visitor
from demo.tabs.shared import ENGINE_SLOTS, Shared
from mtl.errors import InputError
from mtl.inference.analysis import Analysis
from mtl.serving import results

_QUEUED: dict[str, Any] = {"concurrency_id": "engine", "concurrency_limit": ENGINE_SLOTS}


def build_endpoints(shared: Shared) -> None:
    """Add `/analyze`, `/embed`, `/classify` and `/tag`; each takes a text or a list, and gives a list."""

    # Gradio makes the public description of each from its annotations and docstring.
    def analyze(text: str | list[str], model: str = "") -> list[dict[str, Any]]:
        """Embedding, classes and entities of each text, from one pass; `model` as in the header, the first if empty."""
        return _results(shared, text, model, lambda one: {**results.analyzed(one), **_embedding(one)})

    def embed(text: str | list[str], model: str = "") -> list[list[float]]:
        """The embedding of each text; `model` as in the header, the first if empty."""
        return [one.embedding.tolist() for one in _analyses(shared, text, model)]

    def classify(text: str | list[str], model: str = "") -> list[dict[str, Any]]:
        """By task the probability of each label, the chosen labels, and how unlike the training texts each text is."""
        return _results(shared, text, model, results.classified)

    def tag(text: str | list[str], model: str = "") -> list[dict[str, Any]]:
        """By task the entities of each text, offsets in Unicode characters, and how unlike the training texts it is."""
        return _results(shared, text, model, results.tagged)

    for handler in (analyze, embed, classify, tag):
        api(handler, api_name=handler.__name__, **_QUEUED)


def _results(
    shared: Shared, text: object, model: object, of: Callable[[Analysis], dict[str, object]]
) -> list[dict[str, Any]]:
    return [{"text": one.text, **of(one)} for one in _analyses(shared, text, model)]


def _analyses(shared: Shared, text: object, key: object) -> list[Analysis]:
    texts = given_texts(text, shared.settings)
    owner = visitor.current().owner
    known = [one for _, one in shared.engines.choices(owner)]
    if key not in ("", *known):
        raise InputError(f"A model of {', '.join(known)} was expected.")
    model = shared.engines.get(str(key) or known[0], owner)
    need_typed(model, texts, shared.settings)
    return model.analyze(texts)


def _embedding(one: Analysis) -> dict[str, Any]:
    return {"embedding": one.embedding.tolist()}
