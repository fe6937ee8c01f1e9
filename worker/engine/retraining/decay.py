"""How a learning rate changes over a stretch of training."""

import math

from backend.domain.retraining import Training

_STEPS = (0.5, 0.75)
"""Shares of a stretch after which the learning rate falls to a tenth of what it was (He et al. 2016: 32k and 48k of 64k
steps)."""


def learning_rate(training: Training, share: float, step: float) -> float:
    """The step size that a stretch asks for; `share` is the part of it that is done, in [0, 1], `step` that of a step.

    It rises along a line to its peak at the last step of the warm-up.
    """
    peak, warm_up = training.optimizer.learning_rate, training.learning_rate_warm_up
    if share < warm_up:
        return peak * min(1.0, (share + step) / warm_up)
    if warm_up:
        share = (share - warm_up) / (1 - warm_up)
    match training.learning_rate_decay:
        case "cosine":
            return cosine(peak, share)
        case "steps":
            return stepwise(peak, share)
        case _:
            return peak


def cosine(peak: float, share: float) -> float:
    """Fall from `peak` to zero along half a cosine; `share` is the part that is done, in [0, 1]."""
    return peak * 0.5 * (1 + math.cos(math.pi * share))


def stepwise(peak: float, share: float) -> float:
    """Fall to a tenth after half of the stretch, and to a hundredth after three quarters."""
    done = round(share, 12)  # half of what a warm-up or rewinding leaves is half, in binary too
    return float(peak * 0.1 ** sum(done >= step for step in _STEPS))


def warm_cosine(peak: float, share: float, warm_up: float) -> float:
    """Rise to `peak` along a line over the first `warm_up` share, then fall along half a cosine."""
    if share < warm_up:
        return peak * share / warm_up
    return cosine(peak, (share - warm_up) / (1 - warm_up))
