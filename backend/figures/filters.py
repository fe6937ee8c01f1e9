"""The filters of a layer as one image: a tile for each place in the dense network, clear where nothing is."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from backend.domain.first_layers import BLANK, MOST_FILTERS, FilterGrid

_FEWEST_COLUMNS, _MOST_COLUMNS = 8, 16
_TILE = 10
"""Pixels that a tile has at least; smaller filters are magnified."""
_GAP = 6
"""Of a tile's width, one part in so many lies between it and the next."""
_MIDDLE = 128
"""Gray of a weight of zero; darker below, lighter above."""
_FAINT, _BRIGHT = 48, 255
"""Grays of the least and the largest magnitude."""
_CLEAR = bytes(4)
_ZERO = bytes((_MIDDLE, _MIDDLE, _MIDDLE, 40))
"""A weight that is zero: so faint that a filter's outline still shows."""


@dataclass(frozen=True)
class FilterImage:
    """Rows of pixels (red, green, blue, opacity), and how many pixels lie from one tile to the next."""

    rows: Sequence[bytes]
    pitch: int


def lay_out(grid: FilterGrid) -> tuple[int, int]:
    """Columns and rows of tiles, row after row in the order of the dense network."""
    shown = min(grid.dense, MOST_FILTERS)
    columns = min(shown, max(_FEWEST_COLUMNS, min(_MOST_COLUMNS, ceil((2 * shown) ** 0.5))))
    return columns, ceil(shown / columns)


def draw_filters(grid: FilterGrid) -> FilterImage:
    """All filters that are left, at their places."""
    _, height, width = grid.size
    zoom = ceil(_TILE / max(height, width))
    side = max(height, width) * zoom
    gap = max(1, side // _GAP)
    tiles = dict(zip(grid.places, _tiles(grid, zoom), strict=True))
    columns, rows = lay_out(grid)
    empty = _CLEAR * (side + gap)
    margin = _CLEAR * (side + gap - width * zoom)
    blank = empty * columns
    lines: list[bytes] = []
    for row in range(rows):
        row_tiles = [tiles.get(row * columns + column) for column in range(columns)]
        lines += [
            b"".join(empty if tile is None else tile[y // zoom] + margin for tile in row_tiles)
            for y in range(height * zoom)
        ]
        lines += [blank] * (side + gap - height * zoom)
    return FilterImage(lines, side + gap)


def _tiles(grid: FilterGrid, zoom: int) -> list[list[bytes]]:
    """The rows of pixels of every filter, each pixel repeated `zoom` times along the row."""
    values, height, width = grid.size
    levels = grid.values()
    area = height * width
    gray = [_gray(grid, level) for level in range(BLANK, -BLANK)]
    tiles = []
    for start in range(0, len(grid.places) * values * area, values * area):
        planes = [levels[start + plane * area : start + (plane + 1) * area] for plane in range(values)]
        pixels = _mixed(planes) if values > 1 else [gray[level - BLANK] for level in planes[0]]
        tiles.append(
            [b"".join(pixel * zoom for pixel in pixels[row * width : (row + 1) * width]) for row in range(height)]
        )
    return tiles


def _gray(grid: FilterGrid, level: int) -> bytes:
    if level == BLANK:
        return _ZERO
    if grid.channels == "magnitude":
        value = _FAINT + (_BRIGHT - _FAINT) * abs(level) // -(BLANK + 1)
    else:
        value = _MIDDLE + level
    return bytes((value, value, value, 255))


def _mixed(planes: Sequence[memoryview]) -> list[bytes]:
    """Red, green and blue put together; faint where all three weights are zero."""
    return [
        _ZERO
        if all(level == BLANK for level in levels)
        else bytes((*(_MIDDLE if level == BLANK else _MIDDLE + level for level in levels), 255))
        for levels in zip(*planes, strict=True)
    ]
