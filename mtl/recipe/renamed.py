"""Recipe keys that have a new name: the old one is still read, with a note for the user."""

from typing import Any

RENAMED = {("budget", "pass_tokens"): "micro_batch_tokens"}
"""Section and old key to the new key of that section; one entry is all that a renamed key needs."""


def with_new_names(content: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The content of a recipe under the keys of today, and a note for each key that came under its old name.

    Raises:
        ValueError: a key is given under both names.
    """
    notes = []
    for (name, old), new in RENAMED.items():
        section = content.get(name)
        if not isinstance(section, dict) or old not in section:
            continue
        if new in section:
            raise ValueError(f"{name}.{old} is the old name of {name}.{new}: one of them was expected, both were given")
        content = {**content, name: {new if key == old else key: value for key, value in section.items()}}
        notes.append(f"{name}.{old} is now called {name}.{new}; the old name is still read")
    return content, tuple(notes)
