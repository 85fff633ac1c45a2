"""A model in parts: each process holds its share of every layer and gets the rest while the layer runs (FSDP).

The shares are PyTorch's `fully_shard` (Zhao et al. 2023), which loads only where a launch asks for it. Gradients are
sums over the processes, as elsewhere here.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from mtl.distributed.starting import world


def shard(model: nn.Module, layers: Sequence[nn.Module]) -> None:
    """Leave each process its share of the parameters, on its device; in place.

    From then on all processes make the same passes at the same time.

    Args:
        model: which is called whole.
        layers: modules of it that are gathered one at a time.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FSDPModule, fully_shard

    everyone = world()
    assert everyone.device is not None
    mesh = init_device_mesh(everyone.device.type, (everyone.size,))
    for module in (*dict.fromkeys(layers), model):
        fully_shard(module, mesh=mesh, reshard_after_forward=True)
    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)


def is_shared(tensor: Tensor) -> bool:
    """Whether each process holds a part of a tensor."""
    if not world().shards:
        return False
    from torch.distributed.tensor import DTensor

    return isinstance(tensor, DTensor)


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor; all processes ask for it at the same time."""
    return tensor.full_tensor() if is_shared(tensor) else tensor  # type: ignore[attr-defined]


def own_part(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor, in place."""
    return tensor.to_local() if is_shared(tensor) else tensor  # type: ignore[attr-defined]


def shared_as(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor in the parts of another one, where that is in parts and of the same shape."""
    if not is_shared(like) or tensor.shape != like.shape:
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)  # type: ignore[attr-defined]
