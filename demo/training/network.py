"""The network as blocks from top to bottom, each with its size and whether it trains under a freezing choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.inputs.drafts import Draft
from demo.training.architecture import Architecture
from demo.training.freezing_choice import EMBEDDINGS, Freezing
from mtl.recipe import Preset, TaskKind


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the network; `key` is what a click sends; `parameters` is None if the size is unknown."""

    key: str
    name: str
    parameters: int | None
    trains: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """Heads on top, then layers from the last to the first, then the embeddings."""

    heads: tuple[Block, ...]
    body: tuple[Block, ...]
    adapters: int | None = None
    """Parameters of the low-rank adapters, once counted."""

    @property
    def trained(self) -> int:
        """The number of parameters that train, without those of unknown size."""
        return sum(b.parameters or 0 for b in (*self.heads, *self.body) if b.trains) + (self.adapters or 0)

    @property
    def total(self) -> int:
        """The number of all parameters, without those of unknown size."""
        return sum(b.parameters or 0 for b in (*self.heads, *self.body)) + (self.adapters or 0)


def network(
    architecture: Architecture | None, choice: Freezing, drafts: Sequence[Draft], *, counted: Mapping[str, int]
) -> Network:
    """The network of some tasks on a backbone.

    Args:
        architecture: None for an unknown backbone; its layers are one block without a size.
        choice: what is frozen.
        drafts: the tasks.
        counted: parameters of parts by name, as counted by a plan; they take precedence over the estimates.
    """
    kinds = {draft.config.kind for draft in drafts if not choice.is_frozen(draft.name)}
    linear = choice.preset is Preset.HEADS_ONLY and kinds == {TaskKind.CLASSIFICATION}  # by L-BFGS
    heads = tuple(
        Block(
            f"head:{draft.name}",
            draft.name,
            counted.get(f"{draft.name} head", _head_size(architecture, draft, is_linear=linear)),
            not choice.is_frozen(draft.name),
        )
        for draft in drafts
        if draft.config.kind is not TaskKind.SIMILARITY
    )
    if architecture is None:
        return Network(heads, _unknown(choice), counted.get("adapters"))
    depth, trained = architecture.layers, choice.trained_layers(architecture.layers)
    layers = tuple(
        Block(
            f"layer:{number}",
            f"layer {number}",
            counted.get(f"layer {number}", architecture.layer),
            number > depth - trained,
            _note(choice, number > depth - trained),
        )
        for number in range(depth, 0, -1)
    )
    size = counted.get(EMBEDDINGS, architecture.embeddings)
    later = "trains last" if choice.trains_later and choice.trains_embeddings else ""
    bottom = Block(EMBEDDINGS, EMBEDDINGS, size, choice.trains_embeddings, later)
    return Network(heads, (*layers, bottom), counted.get("adapters"))


def _unknown(choice: Freezing) -> tuple[Block, ...]:
    if choice.trains_embeddings:
        top: tuple[Block, ...] = (Block("", "every layer", None, True),)
    elif choice.has_layers:
        top = (Block("", f"top layers ({choice.layers})", None, True), Block("", "layers below", None, False))
    else:
        top = (Block("", "every layer", None, False, _note(choice, False)),)
    return (*top, Block(EMBEDDINGS, EMBEDDINGS, None, choice.trains_embeddings))


def _note(choice: Freezing, trains: bool) -> str:
    if choice.has_adapters:
        return "adapter"
    return "trains later" if choice.trains_later and trains else ""


def _head_size(architecture: Architecture | None, draft: Draft, *, is_linear: bool) -> int | None:
    """Parameters of a head of the default shape."""
    if architecture is None or not architecture.hidden:
        return None
    size, labels = architecture.hidden, len(draft.counts)
    if draft.config.kind is TaskKind.TAGGING:
        return (size + 1) * (2 * labels + 1)
    return (0 if is_linear else (size + 1) * size) + (size + 1) * labels
