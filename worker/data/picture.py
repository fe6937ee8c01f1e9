"""A grid of examples as PNG: one row for each class."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from worker.data.labeled import Array, LabeledExamples

EXAMPLES_PER_CLASS = 10
MAX_CLASSES = 40
SMALLEST_TILE = 28
LARGEST_TILE = 64
GAP = 2
BACKGROUND = 255
APART = 12
"""Pixels between the sheets of two inputs."""
COLOR_CHANNELS = 3
IMAGE_AXES = 4


def draw_examples(data: LabeledExamples) -> bytes:
    """PNG with the first ten training examples of each class (of the first 40 classes), a class per row.

    Of several inputs, those in `drawn_inputs`, one below the other.
    """
    sheets = [_draw_sheet(data.x_train[name], data.y_train, len(data.class_names)) for name in drawn_inputs(data)]
    out = io.BytesIO()
    _stack(sheets).save(out, "PNG")
    return out.getvalue()


def drawn_inputs(data: LabeledExamples) -> tuple[str, ...]:
    """Names of the inputs that are images; where there are none, of all."""
    images = tuple(name for name in data.names if _is_image(data.x_train[name]))
    return images or data.names


def _draw_sheet(examples: Array, labels: Array, class_count: int) -> Image.Image:
    """A row of examples for each class."""
    classes = min(class_count, MAX_CLASSES)
    pictures = examples if examples.ndim == IMAGE_AXES else examples.reshape(len(examples), 1, 1, -1)
    rows = [np.flatnonzero(labels == label)[:EXAMPLES_PER_CLASS] for label in range(classes)]
    shown = pictures[np.concatenate(rows)]
    tiles = iter([_draw_tile(example) for example in _to_pixels(shown)])
    size = _tile_size(pictures.shape[2:])
    cell = (size[0] + GAP, size[1] + GAP)
    sheet = Image.new("RGB", (EXAMPLES_PER_CLASS * cell[0] + GAP, classes * cell[1] + GAP), (BACKGROUND,) * 3)
    for row, members in enumerate(rows):
        for column in range(len(members)):
            tile = next(tiles).resize(size, Image.Resampling.NEAREST)
            sheet.paste(tile, (column * cell[0] + GAP, row * cell[1] + GAP))
    return sheet


def _is_image(examples: Array) -> bool:
    return examples.ndim == IMAGE_AXES and min(examples.shape[2:]) > 1


def _stack(sheets: Sequence[Image.Image]) -> Image.Image:
    """The sheets below each other, a little apart."""
    width, height = max(sheet.width for sheet in sheets), sum(sheet.height + APART for sheet in sheets) - APART
    stack, top = Image.new("RGB", (width, height), (BACKGROUND,) * 3), 0
    for sheet in sheets:
        stack.paste(sheet, (0, top))
        top += sheet.height + APART
    return stack


def _to_pixels(examples: Array) -> Array:
    """uint8 (N, H, W, 3 or 1); floating-point values are stretched so that the smallest is black, the largest white."""
    channels = examples if examples.shape[1] == COLOR_CHANNELS else examples[:, :1]
    if channels.dtype != np.uint8:
        low, high = float(channels.min()), float(channels.max())
        channels = np.rint((channels - low) * (255.0 / (high - low) if high > low else 0.0)).astype(np.uint8)
    pixels: Array = np.moveaxis(channels, 1, -1)
    return pixels


def _draw_tile(pixels: Array) -> Image.Image:
    return Image.fromarray(pixels if pixels.shape[-1] == COLOR_CHANNELS else pixels[..., 0]).convert("RGB")


def _tile_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height in pixels: small images grow by whole factors, large ones shrink to 64."""
    height, width = shape
    longest = max(height, width)
    if longest > LARGEST_TILE:
        return max(1, width * LARGEST_TILE // longest), max(1, height * LARGEST_TILE // longest)
    factor = -(-SMALLEST_TILE // longest)
    return width * factor, height * factor
