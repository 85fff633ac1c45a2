"""What a push adds to a checkpoint."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PushOptions:
    """What the checkpoint does not say itself."""

    licence: str | None = None
    """An identifier of the Hub, such as `apache-2.0`; the Hub refuses unknown ones."""
    data_sets: tuple[str, ...] = ()
    """Hub ids, beside those that the recipe names."""
    private: bool = False
    """Whether only its owner sees a repository that is made; one that is there stays as it is."""
    sample: bool = True
    """Whether the evaluation sample, a few of the dev examples, is uploaded."""
