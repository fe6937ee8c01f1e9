"""What a picture of a first layer shows, in words."""

from math import prod

from backend.domain.first_layers import BLANK, MOST_FILTERS, Channels, FilterGrid, FirstLayer, InputMap

_SCALES: dict[Channels, str] = {
    "color": "Red, green and blue are the three input channels; gray is zero.",
    "single": "Gray is zero, lighter is above, darker below.",
    "rows": "Each row of a filter is one input channel; gray is zero, lighter is above, darker below.",
    "magnitude": "Drawn is the mean magnitude over the input channels; lighter is stronger.",
}


def caption_of(picture: FirstLayer) -> str:
    """A few plain sentences."""
    sentences = _filters(picture) if isinstance(picture, FilterGrid) else _inputs(picture)
    return " ".join(filter(None, sentences))


def _filters(grid: FilterGrid) -> tuple[str, ...]:
    is_shrunk = len(grid.kernel) > 1 and grid.size[1:] != grid.kernel[-2:]
    kernel, drawn = (" x ".join(map(str, sizes)) for sizes in (grid.kernel, grid.size[1:]))
    has_zeros = BLANK in grid.values()
    is_missing = grid.left < grid.dense
    return (
        f"{grid.left:,} of {grid.dense:,} filters are left{', at their places in the dense network' * is_missing}.",
        f"The first {MOST_FILTERS} places are drawn." if grid.dense > MOST_FILTERS else "",
        _SCALES[grid.channels],
        f"Kernels of {kernel} are shrunk to {drawn}." if is_shrunk else "",
        "Weights that are exactly zero are see-through." if has_zeros else "",
        "Crosses mark filters that were removed." if is_missing else "",
    )


def _inputs(picture: InputMap) -> tuple[str, ...]:
    is_map = len(picture.shape) > 1
    what = "pixel" if is_map else "input"
    unread = picture.counts.count(0)
    cells = prod(picture.shape)
    fold = picture.fold
    return (
        f"How many weights read each {what}, {picture.dense:,} in the dense network."
        if picture.has_zeros
        else f"Every neuron that is left reads every {what}: drawn is the L2 norm of the weights at each.",
        f"Nothing reads {unread:,} of {cells:,}." if unread else "",
        f"A cell stands for {f'{fold} x {fold} pixels' if is_map else f'{fold} inputs'}." if fold > 1 else "",
        ""
        if picture.is_input
        else "The layer is put to many places, or the input is changed before: "
        "inputs are those of the layer, by index.",
    )
