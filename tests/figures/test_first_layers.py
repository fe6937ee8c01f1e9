"""First layers: every tile and every cell says what the numbers say, and what is gone is seen to be gone."""

import base64
import struct
import zlib

import pytest

from backend.domain.first_layers import BLANK, FilterGrid, FirstLayer, InputMap
from backend.figures.filters import draw_filters, lay_out
from backend.figures.first_layer_caption import caption_of
from backend.figures.first_layers import draw_first_layer
from backend.figures.png import to_png


def grid(levels: list[int], **changes: object) -> FilterGrid:
    """Two of three 2x2 filters, the one in the middle removed."""
    values = {
        "layer": "conv1",
        "inputs": ("x",),
        "dense": 3,
        "left": 2,
        "places": (0, 2),
        "norms": (1.5, 0.5),
        "channels": "single",
        "size": (1, 2, 2),
        "kernel": (2, 2),
        "scale": 0.8,
        "pixels": base64.b64encode(struct.pack(f"{len(levels)}b", *levels)).decode(),
    }
    return FilterGrid.model_validate(values | changes)


def reading(**changes: object) -> InputMap:
    values = {
        "layer": "fc1",
        "inputs": ("x",),
        "shape": (2, 3),
        "size": (2, 3),
        "fold": 1,
        "is_input": True,
        "dense": 10,
        "has_zeros": True,
        "counts": (0, 1, 2, 3, 4, 5),
        "norms": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5),
    }
    return InputMap.model_validate(values | changes)


ONE_CHANNEL = grid([127, 0, -127, BLANK, 64, 64, 64, 64])


def pixels(picture: FilterGrid) -> list[list[tuple[int, ...]]]:
    return [[tuple(row[at : at + 4]) for at in range(0, len(row), 4)] for row in draw_filters(picture).rows]


def test_weights_are_shades_of_gray_and_zeros_are_faint():
    image = pixels(ONE_CHANNEL)
    pitch = draw_filters(ONE_CHANNEL).pitch
    assert [len(image), len(image[0])] == [pitch, 3 * pitch]
    assert [image[0][0], image[0][5], image[5][0], image[5][5]] == [
        (255, 255, 255, 255),
        (128, 128, 128, 255),
        (1, 1, 1, 255),
        (128, 128, 128, 40),
    ]
    assert {pixel for row in image for pixel in row[pitch : 2 * pitch]} == {(0, 0, 0, 0)}
    assert image[0][2 * pitch] == (192, 192, 192, 255)


def test_three_channels_are_red_green_and_blue():
    image = pixels(grid([100, -100, 0], size=(3, 1, 1), kernel=(1, 1), places=(1,), norms=(1.0,), left=1))
    pitch = len(image)
    assert image[0][pitch] == (228, 28, 128, 255)
    assert image[0][0] == image[0][2 * pitch] == (0, 0, 0, 0)


def test_magnitudes_are_lighter_the_stronger_they_are():
    image = pixels(grid([1, 60, 90, 127, 0, 0, 0, 0], channels="magnitude"))
    grays = [image[y][x][0] for y in (0, 5) for x in (0, 5)]
    assert grays == sorted(grays)
    assert grays[-1] == 255


def test_removed_filters_are_crossed_out_at_their_places():
    figure = draw_first_layer(ONE_CHANNEL)
    image, left, gone = figure.data
    assert image.type == "image"
    assert [list(trace.x) for trace in (left, gone)] == [[0.5, 2.5], [1.5]]
    assert [data[0] for data in left.customdata] == [0, 2]
    assert [data[1] for data in left.customdata] == [1.5, 0.5]
    assert gone.marker.symbol == "x-thin"
    assert (left.marker.opacity, gone.marker.opacity) == (0, None)
    assert image.x0 - image.dx / 2 == pytest.approx(0)
    assert image.dx * draw_filters(ONE_CHANNEL).pitch == pytest.approx(1)


def test_many_filters_fill_rows():
    columns, rows = lay_out(ONE_CHANNEL.model_copy(update={"dense": 700}))
    assert (columns, rows) == (16, 16)
    assert lay_out(ONE_CHANNEL.model_copy(update={"dense": 20})) == (8, 3)


def test_tiles_are_square_and_never_wider_than_a_page():
    for dense in (3, 20, 64, 700):
        one = ONE_CHANNEL.model_copy(update={"dense": dense})
        layout = draw_first_layer(one).layout
        columns, rows = lay_out(one)
        assert layout.width / columns == layout.height / rows >= 40
        assert layout.width <= 640


def test_the_image_is_one_that_others_can_read():
    rows = [bytes((1, 2, 3, 4)) * 3, bytes((5, 6, 7, 8)) * 3]
    png = to_png(rows)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    start = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[start - 4 : start])
    assert zlib.decompress(png[start + 4 : start + 4 + length]) == b"".join(b"\0" + row for row in rows)
    (checksum,) = struct.unpack(">I", png[start + 4 + length : start + 8 + length])
    assert checksum == zlib.crc32(png[start : start + 4 + length])
    assert struct.unpack(">II", png[16:24]) == (3, 2)


def test_inputs_that_nothing_reads_are_holes_in_the_map():
    (heatmap,) = draw_first_layer(reading()).data
    assert [list(row) for row in heatmap.z] == [[None, 1, 2], [3, 4, 5]]
    assert (heatmap.zmin, heatmap.zmax) == (0, 5)
    assert list(heatmap.customdata[1][2]) == [5, 0.5]


def test_where_no_weight_is_zero_norms_tell_the_inputs_apart():
    (heatmap,) = draw_first_layer(reading(has_zeros=False, counts=(4,) * 6)).data
    assert list(heatmap.z[1]) == [0.3, 0.4, 0.5]
    assert "norm" in heatmap.colorbar.title.text


def test_folded_cells_are_named_by_their_first_pixel():
    (heatmap,) = draw_first_layer(reading(fold=4, size=(8, 12))).data
    assert (heatmap.x0, heatmap.dx, heatmap.y0, heatmap.dy) == (0, 4, 0, 4)
    assert heatmap.hovertemplate.startswith("from row %{y}, column %{x}")
    assert draw_first_layer(reading()).data[0].hovertemplate.startswith("row")


def test_inputs_that_are_no_image_are_bars():
    (bars,) = draw_first_layer(reading(shape=(6,), size=(11,), fold=2)).data
    assert (list(bars.x), list(bars.y)) == ([0, 2, 4, 6, 8, 10], [0, 1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("picture", "sentences"),
    [
        (
            ONE_CHANNEL,
            "2 of 3 filters are left, at their places in the dense network. Gray is zero, lighter is above, darker "
            "below. Weights that are exactly zero are see-through. Crosses mark filters that were removed.",
        ),
        (
            grid([1] * 8, dense=300, left=300, channels="magnitude", kernel=(16, 16)),
            "300 of 300 filters are left. The first 256 places are drawn. Drawn is the mean magnitude over the input "
            "channels; lighter is stronger. Kernels of 16 x 16 are shrunk to 2 x 2.",
        ),
        (reading(), "How many weights read each pixel, 10 in the dense network. Nothing reads 1 of 6."),
        (
            reading(shape=(6,), size=(11,), fold=2, has_zeros=False, counts=(1,) * 6, is_input=False),
            "Every neuron that is left reads every input: drawn is the L2 norm of the weights at each. A cell stands "
            "for 2 inputs. The layer is put to many places, or the input is changed before: inputs are those of the "
            "layer, by index.",
        ),
    ],
)
def test_captions_say_what_is_drawn(picture: FirstLayer, sentences: str):
    assert caption_of(picture) == sentences
