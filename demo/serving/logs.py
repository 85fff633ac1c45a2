"""The log of the page."""

import warnings

from mtl.serving import logs


def set_up() -> None:
    """Log warnings and errors of the page as JSON lines, those of threads too."""
    logs.set_up(("polyhead", "demo", "mtl", logs.SERVER))
    # Gradio warns of values that a visitor sent, and quotes them.
    warnings.filterwarnings("ignore", category=UserWarning, module="gradio")
