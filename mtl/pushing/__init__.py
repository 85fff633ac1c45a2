"""Models uploaded to the Hugging Face Hub."""

from mtl.pushing.options import PushOptions
from mtl.pushing.upload import Pushed, push

__all__ = ["PushOptions", "Pushed", "push"]
