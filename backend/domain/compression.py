"""How many bytes a tensor with zeros needs when only what is not zero is stored."""

from math import ceil, prod

_POINTER_BYTES = 4
_INDEX_BYTES = (1, 2, 4, 8)


def compressed_bytes(shape: tuple[int, ...], nonzero: int, value_bytes: float) -> int:
    """Bytes of the cheapest of three forms for a tensor with `nonzero` values of `value_bytes` each, rounded up.

    Plain: every value. Bitmap: one bit for each place, and the values. Compressed sparse rows (first axis by all the
    others): for each value its column in 1, 2, 4 or 8 bytes, for each row and one more a pointer of 4 bytes.
    """
    elements = prod(shape)
    values = nonzero * value_bytes
    rows = shape[0] if shape else 1
    column = next(size for size in _INDEX_BYTES if elements // max(1, rows) <= 2 ** (8 * size))
    bitmap = ceil(elements / 8) + values
    sparse_rows = nonzero * column + (rows + 1) * _POINTER_BYTES + values
    return ceil(min(elements * value_bytes, bitmap, sparse_rows))
