"""Any text is a recipe or an error of ours, in bounded time and memory; `HARDENING=full` tries 10,000."""

from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from demo.reading import read_in_child
from mtl.recipe import Recipe
from tests.demo import fakes
from tests.hardening.extent import cases
from tests.hardening.fuzz_jobs import parse_all

_AT_ONCE = 20
PAGE = fakes.settings(training="capped")


def _keys(model: object) -> list[str]:
    found: list[str] = []
    waiting = [model]
    while waiting:
        fields = getattr(waiting.pop(), "model_fields", {})
        found += fields
        waiting += [
            one for field in fields.values() for one in (field.annotation, *getattr(field.annotation, "__args__", ()))
        ]
    return sorted(set(found))


KEYS = st.sampled_from([*_keys(Recipe), "topic", "a.b", "", "__class__"])
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["classification", "tagging", "similarity", "full", "last_layers", "a.csv", "epoch", "mean"]),
)  # fmt: skip
_TREES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
_GOOD = {
    "backbone": "a/b",
    "tasks": {"topic": {"kind": "classification", "train": "a.csv", "dev": ["b.csv"], "head": {"dropout": 0.1}}},
    "freezing": {"preset": "last_layers", "layers": 2},
    "optimizer": {"head_lr": 0.001},
    "budget": {"epochs": 3},
    "evaluation": {"every": "epoch", "best": "mean"},
}


@st.composite
def near_recipes(draw: st.DrawFn) -> str:
    """A recipe of which a key has any value, or with another key."""
    content = yaml.safe_load(yaml.safe_dump(_GOOD))
    for _ in range(draw(st.integers(1, 3))):
        place = content
        while True:
            inner = [key for key in place if isinstance(place[key], dict)]
            if not inner or draw(st.booleans()):
                break
            place = place[draw(st.sampled_from(inner))]
        place[draw(st.one_of(KEYS, st.sampled_from(sorted(place) or ["seed"])))] = draw(_TREES)
    return yaml.safe_dump(content, allow_unicode=True)


_SIGNS = st.sampled_from(
    [*"[]{}:-?&*!|>'\"%@`#,\n\t ", "- ", ": ", "&a ", "*a", "!!python/object:os.system ", "<<: *a", "? "]
)
_YAML = st.one_of(
    near_recipes(),
    near_recipes(),
    _TREES.map(lambda tree: yaml.safe_dump(tree, allow_unicode=True)),
    st.text(max_size=80),
    st.lists(st.one_of(_SIGNS, KEYS), max_size=40).map("".join),
    st.builds(lambda sign, times: sign * times, _SIGNS, st.integers(1, 5_000)),
)


@cases(300, at_once=_AT_ONCE)
@given(st.lists(_YAML, min_size=_AT_ONCE, max_size=_AT_ONCE))
def test_any_text_is_a_recipe_or_an_error_of_ours(texts):
    assert read_in_child(parse_all, texts, path=Path("given.yaml"), settings=PAGE) == []
