"""How much the hardening tests do: little in `make test`, all of it with `HARDENING=full` in the environment."""

import os

FULL = os.environ.get("HARDENING") == "full"
"""Whether files have their full size, and generated tests 10,000 cases each."""
