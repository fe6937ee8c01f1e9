"""Cases of norms, poolings, reductions, movement, indexing and resizing."""

import numpy as np

from tests.intake.onnx.cases import PICTURE, ROW, SEQUENCE, VOLUME, case, numbers, weight
from tests.intake.onnx.models import integers, random

NORMS = {
    "batch_norm": case(
        "BatchNormalization",
        constants={"s": weight(4), "b": weight(4), "m": weight(4), "v": random(4, low=0.5, high=2)},
    ),
    "batch_norm_numbers": case(
        "BatchNormalization",
        ROW,
        {"s": weight(6), "b": weight(6), "m": weight(6), "v": random(6, low=0.5, high=2)},
        epsilon=1e-3,
        momentum=0.99,
    ),
    "instance_norm": case("InstanceNormalization", constants={"s": weight(4), "b": weight(4)}, epsilon=1e-3),
    "layer_norm": case("LayerNormalization", constants={"s": weight(5), "b": weight(5)}),
    "layer_norm_axis": case("LayerNormalization", constants={"s": weight(4, 6, 5)}, axis=1, epsilon=1e-3),
    "layer_norm_spread": case("LayerNormalization", constants={"s": weight(5), "b": weight(6, 5)}, axis=-2),
    "group_norm_by_group": case(
        "GroupNormalization", constants={"s": weight(2), "b": weight(2)}, num_groups=2, first=18, last=20
    ),
    "group_norm_by_channel": case(
        "GroupNormalization", constants={"s": weight(4), "b": weight(4)}, num_groups=2, first=21, epsilon=1e-3
    ),
    "lrn": case("LRN", (7, 3, 4), size=3),
    "lrn_numbers": case("LRN", (7, 3, 4), size=5, alpha=0.5, beta=0.6, bias=2.0),
    "lp_normalization": case("LpNormalization", axis=1),
    "lp_normalization_one": case("LpNormalization", p=1),
}

POOLS = {
    **{
        f"{short}_{name}": case(operator, shape, kernel_shape=kernel, **options)
        for short, operator in {"max": "MaxPool", "average": "AveragePool"}.items()
        for name, shape, kernel, options in [
            ("plain", PICTURE, [2, 2], {}),
            ("strides", PICTURE, [3, 2], {"strides": [2, 2]}),
            ("pads", PICTURE, [3, 3], {"pads": [1, 1, 1, 1]}),
            ("uneven", PICTURE, [3, 3], {"pads": [0, 1, 1, 1], "strides": [2, 2]}),
            ("wide", PICTURE, [2, 2], {"pads": [1, 0, 1, 1]}),
            ("ceil", (3, 7, 7), [2, 2], {"strides": [2, 2], "ceil_mode": 1}),
            ("ceil_pads", (3, 7, 7), [3, 3], {"strides": [2, 2], "pads": [1, 1, 1, 1], "ceil_mode": 1}),
            ("same_upper", PICTURE, [3, 2], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
            ("same_lower", PICTURE, [2, 2], {"auto_pad": "SAME_LOWER"}),
            ("valid", PICTURE, [2, 2], {"auto_pad": "VALID"}),
            ("1d", SEQUENCE, [3], {"strides": [2], "pads": [1, 1]}),
            ("3d", VOLUME, [2, 2, 2], {"strides": [1, 2, 2]}),
        ]
    },
    "max_dilations": case("MaxPool", kernel_shape=[2, 2], dilations=[2, 1]),
    "average_counts": case("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    "average_counts_uneven": case(
        "AveragePool", kernel_shape=[3, 3], pads=[0, 1, 1, 1], strides=[2, 2], count_include_pad=1
    ),
    **{
        f"{operator}_{axes}d": case(operator, shape)
        for operator in ("GlobalAveragePool", "GlobalMaxPool")
        for axes, shape in {1: SEQUENCE, 2: PICTURE, 3: VOLUME}.items()
    },
}

REDUCTIONS = {
    f"{operator}_{name}": case(
        operator, constants=constants, range=(0.2 if operator == "ReduceLogSum" else -2.0, 2.0), **options
    )
    for operator in (
        "ReduceMean",
        "ReduceSum",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "ReduceSumSquare",
        "ReduceL1",
        "ReduceL2",
        "ReduceLogSum",
        "ReduceLogSumExp",
    )
    for name, constants, options in [
        ("attribute", {}, {"axes": [2, 3], "last": 12 if operator == "ReduceSum" else 17}),
        ("attribute_dropped", {}, {"axes": [-1], "keepdims": 0, "last": 12 if operator == "ReduceSum" else 17}),
        ("input", {"a": integers(2, -1)}, {"first": 13 if operator == "ReduceSum" else 18}),
        ("input_dropped", {"a": integers(1)}, {"keepdims": 0, "first": 13 if operator == "ReduceSum" else 18}),
        ("nothing", {}, {"noop_with_empty_axes": 1, "first": 13 if operator == "ReduceSum" else 18}),
    ]
}

MOVEMENT = {
    "reshape": case("Reshape", constants={"s": integers(-1, 8, 15)}),
    "reshape_zero": case("Reshape", constants={"s": integers(0, 0, -1)}),
    "reshape_zero_batch": case("Reshape", constants={"s": integers(0, -1)}),
    "reshape_allowzero": case("Reshape", constants={"s": integers(-1, 8, 15)}, allowzero=1, first=14),
    "flatten": case("Flatten"),
    "flatten_negative": case("Flatten", axis=-3),
    "transpose": case("Transpose", perm=[0, 2, 3, 1]),
    "transpose_twice": case("Transpose", perm=[0, 3, 1, 2]),
    "squeeze": case("Squeeze", (4, 1, 5, 1), {"a": integers(2, -1)}),
    "squeeze_one": case("Squeeze", (4, 1, 5, 1), {"a": integers(4)}),
    "squeeze_all": case("Squeeze", (4, 1, 5, 1)),
    "unsqueeze": case("Unsqueeze", constants={"a": integers(1)}),
    "unsqueeze_two": case("Unsqueeze", constants={"a": integers(-1, 2)}),
    "concat": case("Concat", reads=["x", "x"], axis=1),
    "concat_negative": case("Concat", reads=["x", "x", "x"], axis=-1),
    "split": case("Split", constants={"s": integers(3, 1)}, axis=1, makes=("y", "z")),
    "split_second": case("Split", constants={"s": integers(1, 2, 3)}, axis=2, makes=("a", "b", "y")),
    "split_even": case("Split", axis=1, makes=("y", "z"), last=17),
    "split_outputs": case("Split", axis=3, makes=("a", "y"), num_outputs=2, first=18),
    "expand": case("Expand", (4, 1, 5), {"s": integers(1, 4, 6, 5)}),
    "expand_fewer": case("Expand", (4, 1, 5), {"s": integers(6, 1)}),
    "tile": case("Tile", constants={"r": integers(1, 2, 1, 3)}),
    "tile_single": case("Tile", (4, 1, 5), {"r": integers(1, 1, 3, 1)}),
    "to_space": case("DepthToSpace", (8, 3, 2), blocksize=2),
    "to_space_columns": case("DepthToSpace", (8, 3, 2), blocksize=2, mode="CRD"),
    "to_depth": case("SpaceToDepth", (3, 4, 6), blocksize=2),
}

INDEXING = {
    "slice": case("Slice", constants={"s": integers(1, 0), "e": integers(3, -1), "a": integers(1, -1)}),
    "slice_steps": case(
        "Slice", constants={"s": integers(0), "e": integers(2**62), "a": integers(2), "t": integers(2)}
    ),
    "slice_backwards": case(
        "Slice", constants={"s": integers(-1), "e": integers(-(2**62)), "a": integers(2), "t": integers(-1)}
    ),
    "slice_backwards_part": case(
        "Slice", constants={"s": integers(4), "e": integers(0), "a": integers(2), "t": integers(-2)}
    ),
    "slice_all_axes": case("Slice", constants={"s": integers(0, 1, 2, 0), "e": integers(2**31, 3, 4, 5)}),
    "gather_scalar": case("Gather", constants={"i": np.int64(2)}, axis=1),
    "gather_negative": case("Gather", constants={"i": np.int64(-1)}, axis=2),
    "gather_row": case("Gather", constants={"i": integers(1, 2, 3)}, axis=2),
    "gather_picked": case("Gather", constants={"i": integers(3, 0, -1)}, axis=1),
    "gather_matrix": case("Gather", constants={"i": integers(3, 0, 1, 2).reshape(2, 2)}, axis=1),
    "pad": case("Pad", constants={"p": integers(0, 0, 1, 2, 0, 0, 3, 4)}),
    "pad_value": case("Pad", constants={"p": integers(0, 1, 0, 0, 0, 2, 0, 0), "v": np.float32(0.5)}),
    "pad_negative": case("Pad", constants={"p": integers(0, 0, -1, 0, 0, 0, 0, -2)}),
    "pad_axes": case("Pad", constants={"p": integers(1, 2), "v": np.float32(0), "a": integers(-1)}, first=18),
    **{
        f"pad_{mode}": case("Pad", constants={"p": integers(0, 0, 1, 2, 0, 0, 2, 1)}, mode=mode, first=first)
        for mode, first in (("reflect", 13), ("edge", 13), ("wrap", 19))
    },
    "pad_reflect_1d": case("Pad", SEQUENCE, {"p": integers(0, 0, 2, 0, 0, 3)}, mode="reflect"),
}


def scaled(*scales, shape=PICTURE, **options):
    return case("Resize", shape, {"_roi": 0, "scales": numbers(1, 1, *scales)}, **options)


def sized(*sizes, **options):
    constants = {"_roi": 0, "_scales": 0, "sizes": integers(*sizes)}
    return case("Resize", PICTURE, constants, axes=[2, 3], first=18, **options)


RESIZING = {
    **{
        f"nearest_{placing}_{rounding}_{name}": scaled(
            *scales, mode="nearest", coordinate_transformation_mode=placing, nearest_mode=rounding, first=19
        )
        for placing in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
        for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
        for name, scales in {"up": (2, 3), "odd": (1.5, 0.6)}.items()
    },
    **{
        f"linear_{placing}_{name}": scaled(*scales, mode="linear", coordinate_transformation_mode=placing)
        for placing in ("half_pixel", "align_corners", "pytorch_half_pixel")
        for name, scales in {"up": (2, 3), "odd": (1.5, 0.6)}.items()
    },
    "nearest": scaled(2, 3, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    "nearest_odd": scaled(1.5, 0.6, mode="nearest"),
    "nearest_sizes": sized(12, 10, mode="nearest"),
    "linear_sizes": sized(9, 8, mode="linear"),
    "linear_1d": scaled(2, shape=SEQUENCE, mode="linear"),
    "nearest_1d": scaled(2, shape=SEQUENCE, mode="nearest", coordinate_transformation_mode="asymmetric"),
    "nearest_3d": scaled(2, 2, 2, shape=VOLUME, mode="nearest", nearest_mode="floor"),
    "cubic": scaled(2, 2, mode="cubic"),
    "axes": case("Resize", constants={"_r": 0, "scales": numbers(2, 2)}, axes=[2, 3], mode="linear", first=18),
}
