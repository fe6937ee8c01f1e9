"""How many mini-batches an epoch has, from the number of examples alone."""

from backend.domain.recipe import DataSplit


def epoch_length(train_count: int, data: DataSplit) -> int:
    """Mini-batches of an epoch, once the validation split is carved from `train_count` examples."""
    return len(batch_sizes(train_count - validation_count(train_count, data.validation_share), data.batch_size))


def validation_count(train_count: int, share: float) -> int:
    """Examples that are held out: at least one, and never all."""
    return min(max(1, round(share * train_count)), train_count - 1)


def batch_sizes(count: int, batch_size: int) -> list[int]:
    """Sizes of an epoch's mini-batches; a single example that is left over joins the batch before it."""
    full, rest = divmod(count, batch_size)
    sizes = [batch_size] * full
    if rest == 1 and full:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes
