"""Recipes of every shape as mappings, for tests that hold for any recipe."""

from typing import Any

from hypothesis import strategies as st

from mtl.recipe import FreezingConfig, Preset

RATES = st.sampled_from([1e-5, 1e-4, 4e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.5])
"""Learning rates, those of the defaults among them."""

_HEADS = {
    "classification": {
        "hidden": st.none() | st.integers(1, 9) | st.lists(st.integers(1, 9), max_size=2),
        "dropout": st.sampled_from([0.0, 0.1, 0.5]),
        "label_smoothing": st.sampled_from([0.0, 0.2]),
    },
    "tagging": {"decoder": st.sampled_from(["linear", "crf"]), "layers": st.sampled_from(["last", "mix", 1, 3])},
    "similarity": {"loss": st.sampled_from(["cosine", "cosent", "multiple_negatives"])},
}
_SECTIONS = {
    "optimizer": {
        "backbone_lr": RATES,
        "head_lr": RATES,
        "tagging_lr": RATES,
        "weight_decay": st.sampled_from([0.0, 0.01]),
    },
    "budget": {
        "epochs": st.sampled_from([1, 5.0, 10.0, 20]),
        "batch_tokens": st.sampled_from([64, 512]),
        "max_steps": st.none() | st.integers(1, 9),
    },
    "evaluation": {"every": st.just("epoch") | st.integers(1, 9), "guard": st.sampled_from([0.0, 0.01])},
    "sampling": {"alpha": st.sampled_from([0.0, 0.5, 1.0])},
    "cache": {"enabled": st.booleans()},
}
_KEYS = {"seed": st.integers(0, 9), "anchor": st.sampled_from([0.0, 2.0]), "about": st.text(max_size=9)}


def _some(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


@st.composite
def freezings(draw: st.DrawFn) -> dict[str, Any]:
    """A preset, with layers where it takes them, or a backbone choice."""
    if draw(st.booleans()):
        backbone = draw(st.sampled_from(["frozen", "last_layers", "lora", "full"]))
        return {"backbone": backbone} | ({"layers": 2} if backbone == "last_layers" else {})
    preset = draw(st.sampled_from(list(Preset)))
    layers = {"layers": draw(st.integers(1, 3))} if preset is Preset.LAST_LAYERS or draw(st.booleans()) else {}
    return {"preset": preset.value} | layers


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """A recipe as a user writes it: any keys may be left out, and what is written may be the default."""
    tasks = {}
    for name in draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3, unique=True)):
        kind = draw(st.sampled_from(sorted(_HEADS)))
        tasks[name] = {"kind": kind} | draw(_some({"head": _some(_HEADS[kind]), "weight": st.sampled_from([1.0, 2.0])}))
    sections = {name: _some(keys) for name, keys in _SECTIONS.items()}
    return {"tasks": tasks} | draw(_some({**sections, **_KEYS, "freezing": freezings()}))


choices = freezings().map(FreezingConfig.model_validate)
"""Freezing choices to bring a recipe under."""
