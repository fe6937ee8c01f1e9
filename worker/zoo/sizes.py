"""Sizes of feature maps after convolution and pooling."""


def valid(size: int, kernel: int, padding: int = 0) -> int:
    """Size after a convolution of stride 1."""
    return size + 2 * padding - kernel + 1


def pooled(size: int, kernel: int) -> int:
    """Size after pooling with stride equal to the kernel."""
    return size // kernel
