"""The network as a stack, heads on top, in its real proportions: what trains is filled, what is frozen is hatched."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from demo.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Trained:
    """What trains: the embeddings or not, how many of the top layers (None for all), and which heads do not.

    `adapters` stand beside layers that are frozen themselves; `later` says that the heads train first.
    """

    embeddings: bool
    layers: int | None
    frozen_heads: frozenset[str]
    adapters: bool = False
    later: bool = False


def stack(architecture: Architecture | None, trained: Trained, tasks: Sequence[str]) -> str:
    """A picture of the network as HTML; without an architecture the layers are one block without a size."""
    heads = "".join(_block(f"{task} head", None, 4, task not in trained.frozen_heads) for task in tasks)
    return f'<div class="ph-stack" role="img" aria-label="What trains">{heads}{_layers(architecture, trained)}</div>'


def _layers(architecture: Architecture | None, trained: Trained) -> str:
    if architecture is None:
        count = "all" if trained.layers is None else trained.layers
        top = _block(f"top layers ({count})", None, 60, trained.layers != 0)
        rest = "" if trained.layers is None else _block("layers below", None, 80, False)
        return top + rest + _block("embeddings", None, 100, trained.embeddings)
    largest = max(architecture.embeddings, architecture.layer)
    first = 0 if trained.layers is None else architecture.layers - trained.layers
    layers = "".join(
        _block(
            f"layer {i + 1}",
            architecture.layer,
            100 * architecture.layer / largest,
            i >= first,
            _note(trained, i >= first),
        )
        for i in reversed(range(architecture.layers))
    )
    width = 100 * architecture.embeddings / largest
    later = "trains last" if trained.later and trained.embeddings else ""
    return layers + _block("embeddings", architecture.embeddings, width, trained.embeddings, later)


def _note(trained: Trained, trains: bool) -> str:
    if trained.adapters:
        return "adapter"
    return "trains later" if trained.later and trains else ""


def _block(name: str, parameters: int | None, width: float, trains: bool, note: str = "") -> str:
    state = "trains" if trains else "frozen"
    size = f"{parameters / 1e6:.1f} M" if parameters else ""
    return (
        f'<div class="ph-block ph-{state}"><span class="ph-name">{escape(name)}</span>'
        f'<span class="ph-figure">{size}</span>'
        f'<span class="ph-track"><i style="width:{max(width, 3):.0f}%"></i></span>'
        f'<span class="ph-state">{note or state}</span></div>'
    )
