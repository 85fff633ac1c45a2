"""The network as a stack with heads on top, in real proportions: trained blocks are filled, frozen blocks hatched.

Each block is a button; `data-block` is the data of its click.
"""

from html import escape

from demo.training.network import Block, Network
from demo.views.training.format import millions

PRESS = """
element.addEventListener('click', (event) => {
  const block = event.target.closest('button[data-block]');
  if (block && block.dataset.block) trigger('press', {block: block.dataset.block});
});
"""
"""The script of the component that shows the stack."""
_BOUNDARY = "trained above · frozen below"


def stack(network: Network) -> str:
    """The picture, and the number of trained parameters below it."""
    heads = "".join(_head(block) for block in network.heads)
    largest = max((block.parameters or 0 for block in network.body), default=0)
    rows, was_training = "", True
    for block in network.body:
        here = was_training and not block.trains
        # Every block has a line above it, so that no block moves in the DOM and loses the focus.
        rows += f'<div class="ph-boundary"{"" if here else " hidden"}><span>{_BOUNDARY}</span></div>'
        rows += _row(block, largest)
        was_training = block.trains
    crown = f'<div class="ph-heads" role="group" aria-label="Heads">{heads}</div>' if heads else ""
    return (
        f'<div class="ph-stack" role="group" aria-label="What trains">{crown}'
        f'<div class="ph-body">{rows}</div></div>{_sum(network)}'
    )


def _head(block: Block) -> str:
    state = "trains" if block.trains else "frozen"
    says = f"{block.name} head, {_size(block) or 'size unknown'}, {state}"
    return (
        f'<button type="button" class="ph-head-block ph-{state}" data-block="{escape(block.key)}" '
        f'aria-pressed="{str(block.trains).lower()}" aria-label="{escape(says)}. Press to freeze or unfreeze it">'
        f'<span class="ph-name">{escape(block.name)} head</span><span class="ph-figure">{_size(block)}</span>'
        f'<span class="ph-lock" aria-hidden="true"></span><span class="ph-state">{state}</span></button>'
    )


def _row(block: Block, largest: int) -> str:
    state = "trains" if block.trains else "frozen"
    width = 100 * block.parameters / largest if block.parameters and largest else 60
    says = f"{block.name}, {_size(block) or 'size unknown'}, {block.note or state}"
    tag, key = ("button", f' type="button" data-block="{escape(block.key)}"') if block.key else ("div", "")
    pressed = f' aria-pressed="{str(block.trains).lower()}"' if block.key else ""
    label = f' aria-label="{escape(says)}. Press to move the boundary here"' if block.key else ""
    return (
        f'<{tag}{key} class="ph-block ph-{state}"{pressed}{label}><span class="ph-name">{escape(block.name)}</span>'
        f'<span class="ph-figure">{_size(block)}</span>'
        f'<span class="ph-track"><i style="width:{width:.2f}%"></i></span>'
        f'<span class="ph-state">{escape(block.note or state)}</span></{tag}>'
    )


def _sum(network: Network) -> str:
    if not network.total:
        return '<p class="ph-note">The sizes of this backbone appear with the plan.</p>'
    share = network.trained / network.total
    return (
        f'<p class="ph-sum"><strong>{millions(network.trained)}</strong> of {millions(network.total)} parameters train '
        f"({share:.1%})</p>"
    )


def _size(block: Block) -> str:
    return millions(block.parameters) if block.parameters is not None else ""
