"""Labels drawn from the network's own answer: what turns the empirical Fisher information into the model's own."""

import torch
from torch import Tensor


def surprise(logits: Tensor, generator: torch.Generator) -> Tensor:
    """Gradient of the mean cross-entropy by logits (N, classes), for labels drawn from the answer itself.

    `generator` is on the CPU; one number is drawn for each example, and nothing waits for the device.
    """
    shares = logits.detach().float().softmax(1)
    draws = torch.rand(len(logits), 1, generator=generator).to(logits.device, non_blocking=True)
    labels = (shares.cumsum(1) < draws).sum(1, keepdim=True).clamp_(max=logits.size(1) - 1)
    pull = shares.scatter_add(1, labels, torch.full_like(shares[:, :1], -1.0))
    return (pull / len(logits)).to(logits.dtype)
