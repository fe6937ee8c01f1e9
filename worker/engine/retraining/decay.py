"""How a learning rate changes over a stretch of training."""

import math


def cosine(peak: float, share: float) -> float:
    """Fall from `peak` to zero along half a cosine; `share` is the part that is done, in [0, 1]."""
    return peak * 0.5 * (1 + math.cos(math.pi * share))


def warm_cosine(peak: float, share: float, warm_up: float) -> float:
    """Rise to `peak` along a line over the first `warm_up` share, then fall along half a cosine."""
    if share < warm_up:
        return peak * share / warm_up
    return cosine(peak, (share - warm_up) / (1 - warm_up))
