"""Which encoders of the catalogue a page offers, and which of them fit the selected tasks."""

from collections.abc import Sequence
from functools import cache

from demo.inputs.drafts import Draft
from demo.settings import Settings
from mtl.backbones.catalogue import (
    CATALOGUE,
    CatalogueEntry,
    DataSummary,
    Recommendation,
    combined,
    find_entry,
    recommend,
)
from mtl.errors import InputError


def offered(settings: Settings) -> tuple[CatalogueEntry, ...]:
    """The entries that this page loads as they are; a page with limits offers those of its list only."""
    listed = [entry for entry in map(find_entry, settings.backbones) if entry]
    if not settings.any_backbone:
        return tuple(listed)
    return (*listed, *(entry for entry in CATALOGUE if entry.safetensors and entry not in listed))


def data_of(chosen: Sequence[Draft]) -> DataSummary:
    """The summary of the selected tasks, without those whose texts were not looked at."""
    return combined([draft.texts for draft in chosen if draft.texts is not None])


def recommended(data: DataSummary, settings: Settings) -> tuple[Recommendation, ...]:
    """The entries that fit; none where there are no texts, or no choice."""
    known = CATALOGUE if settings.any_backbone else offered(settings)
    if not data.examples or len(known) < 2:
        return ()
    return recommend(data, has_accelerator=_has_accelerator(), entries=known)


@cache
def _has_accelerator() -> bool:
    from mtl.device import best_device

    try:
        return best_device().type != "cpu"
    except InputError:  # the plan reports it
        return False
