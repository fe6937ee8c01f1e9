"""Size metrics from counts, each defined once (after the glossary): no other place divides."""


def sparsity(kept: int, dense: int) -> float:
    """Fraction removed, in [0, 1): 1 - kept / dense; 0 when there was nothing to remove."""
    return 1.0 - density(kept, dense)


def density(kept: int, dense: int) -> float:
    """Fraction kept, in (0, 1]; 1 when there was nothing to remove."""
    return kept / dense if dense else 1.0


def share(part: int, whole: int) -> float:
    """What a part counts for in a whole, in [0, 1]; 0 when the whole is nothing."""
    return part / whole if whole else 0.0


def compression_ratio(dense_parameters: int, parameters: int) -> float:
    """Dense over remaining parameters (2 means half the size)."""
    return dense_parameters / parameters


def theoretical_speedup(dense_macs: int, macs: int) -> float:
    """Dense over remaining multiply-accumulate operations; a latency is not implied."""
    return dense_macs / macs
