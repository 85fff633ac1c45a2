"""Where this user's runs, caches and temporary files are."""

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """`$MTL_HOME`, by default the user's data directory; never inside the checkout."""
    configured = os.environ.get("MTL_HOME")
    return Path(configured).expanduser() if configured else Path(platformdirs.user_data_dir("polyhead"))
