"""How much the hardening tests do: little in `make test`, all of it with `HARDENING=full` in the environment."""

import os

from hypothesis import Phase, settings

FULL = os.environ.get("HARDENING") == "full"
"""Whether files have their full size, and generated tests 10,000 cases each."""


def cases(few: int, *, at_once: int = 1) -> settings:
    """So many generated cases, or 10,000, of which some share an example.

    A failure is shown as it was found: to make twenty files smaller takes minutes.
    """
    count = 10_000 if FULL else few
    return settings(max_examples=count // at_once, phases=[Phase.explicit, Phase.generate])
