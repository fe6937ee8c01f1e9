"""An independent judge of removal: what surgery cut away is erased from the dense module, and both must answer alike.

It shares nothing with the search for channels. Surgery runs once on tensors whose elements are their own positions,
so its result says which elements it kept. Elements that are gone become zeros in the dense module (original code,
original sizes). If the thinner network computes anything else, channels were cut apart that belong together, a size
was mended wrongly, or something was cut whose absence shows.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from worker.engine.coupling import find_groups
from worker.engine.network import Network, build
from worker.engine.surgery import remove

TOLERANCES = {torch.float32: 1e-5, torch.float64: 1e-12}
"""Largest difference relative to the largest answer."""
BATCH_SIZES = (1, 3, 8)
_LARGEST_POSITION = 2**24
"""Where whole numbers in float32 cease to be exact."""

Inputs = Sequence[Tensor]
"""One tensor for each input of the network, (N, ...)."""


def random_keep(network: Network, sparsity: float, seed: int = 0) -> dict[str, Tensor]:
    """Masks that drop this part of every group (rounded down), but leave a channel and the group's multiple."""
    generator = torch.Generator().manual_seed(seed)
    keep = {}
    for group in find_groups(network):
        kept = max(group.width - int(group.width * sparsity), 1)
        kept = min(-(-kept // group.multiple) * group.multiple, group.width)
        keep[group.name] = torch.ones(group.width, dtype=torch.bool)
        keep[group.name][torch.randperm(group.width, generator=generator)[kept:]] = False
    return keep


def kept_elements(network: Network, keep: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """For every floating-point tensor which elements survive the removal, bool in the dense shape."""
    dense = {name: tensor for name, tensor in network.tensors.items() if tensor.is_floating_point()}
    assert all(tensor.numel() <= _LARGEST_POSITION for tensor in dense.values())
    positions = {name: torch.arange(tensor.numel()).reshape(tensor.shape).to(tensor) for name, tensor in dense.items()}
    thin = remove(Network(network.graph, {**network.tensors, **positions}), keep).tensors
    kept = {}
    for name, tensor in dense.items():
        mask = torch.zeros(tensor.numel(), dtype=torch.bool)
        mask[thin[name].flatten().long()] = True
        kept[name] = mask.reshape(tensor.shape)
    return kept


def silenced(dense: nn.Module, kept: Mapping[str, Tensor], rows: Literal["zero", "noise"] = "zero") -> nn.Module:
    """A copy of the dense module with all that was cut away erased.

    With `noise`, what makes the channels (first axes) is noise instead of zeros: their values must not matter at all,
    because everything that would read them is erased.
    """
    module = copy.deepcopy(dense)
    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)  # their first axis reads
    reading_rows = {f"{name}.weight" for name, layer in module.named_modules() if isinstance(layer, transposed)}
    tensors = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers())}
    with torch.no_grad():
        for name, mask in kept.items():
            tensor = tensors[name]
            gone_rows = ~mask.reshape(len(mask), -1).any(1) if mask.dim() else mask.new_zeros(0)
            tensor[~mask] = 0
            if rows == "noise" and name not in reading_rows and bool(gone_rows.any()):
                noise = torch.rand(tensor[gone_rows].shape, dtype=tensor.dtype) + 0.5
                tensor[gone_rows] = torch.where(_columns_stay(mask), noise, torch.zeros_like(noise))
    return module


def _columns_stay(mask: Tensor) -> Tensor:
    """Which elements of a row stay in the rows that stay."""
    return mask.any(0)


def difference(expected: Tensor, answer: Tensor) -> float:
    """Largest difference relative to the largest expected value (or to one)."""
    assert expected.shape == answer.shape
    assert bool(torch.isfinite(answer).all())
    return float((answer - expected).abs().max()) / max(1.0, float(expected.abs().max()))


def assert_removal_is_exact(
    dense: nn.Module,
    network: Network,
    inputs: Inputs,
    keep: Mapping[str, Tensor],
    *,
    rows: Literal["zero", "noise"] = "zero",
) -> nn.Module:
    """The thin network answers what the dense module does without what was cut, in eval and in train mode.

    `inputs` hold 8 examples. Dropout is off, so that train mode can be compared. Returns the thin module.
    """
    dtype = next(dense.parameters()).dtype
    reference = silenced(dense, kept_elements(network, keep), rows)
    thin = build(remove(network, keep))
    for module in (*reference.modules(), *thin.modules()):
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    for is_training in (False, True):
        for size in BATCH_SIZES:
            if is_training and size == 1:
                continue  # batch norm has no statistics of a single vector
            batch = [value[:size] for value in inputs]
            with torch.no_grad():
                expected = copy.deepcopy(reference).train(is_training)(*batch)
                answer = copy.deepcopy(thin).train(is_training)(*batch)
            error = difference(first(expected), first(answer))
            assert error <= TOLERANCES[dtype], f"off by {error:.2g} at batch {size}, training={is_training}"
    return thin


def assert_learns(module: nn.Module, inputs: Inputs, steps: int = 5, learning_rate: float = 0.01) -> None:
    """Every parameter gets a gradient, and a few steps of gradient descent lower the loss of all answers."""
    module.train()
    labels = torch.arange(len(inputs[0]))
    optimizer = torch.optim.SGD(module.parameters(), lr=learning_rate)
    losses = []
    for _ in range(steps + 1):
        optimizer.zero_grad(set_to_none=True)
        answers = module(*inputs)
        answers = [answers] if isinstance(answers, Tensor) else answers
        loss = sum(nn.functional.cross_entropy(scores, labels % scores.size(1)) for scores in answers)
        loss.backward()
        missing = [name for name, parameter in module.named_parameters() if parameter.grad is None]
        assert not missing, f"no gradient for {missing}"
        losses.append(float(loss.detach()))
        optimizer.step()
    assert losses[-1] < losses[0]


def first(answer: Tensor | Sequence[Tensor]) -> Tensor:
    """The class scores, when auxiliary answers come along."""
    return answer if isinstance(answer, Tensor) else answer[0]
