"""One small graph for each operator and each variation of its attributes."""

from dataclasses import dataclass, field

import numpy as np

from tests.intake.onnx.models import integers, random

PICTURE = (4, 6, 5)
SEQUENCE = (4, 9)
VOLUME = (2, 4, 5, 6)
ROW = (6,)


@dataclass
class Case:
    """One node that reads `x` (N, *shape) and constants in their order; a name with an underscore is left out."""

    operator: str
    shape: tuple = PICTURE
    constants: dict = field(default_factory=dict)
    attributes: dict = field(default_factory=dict)
    reads: list | None = None
    """Names of the inputs, where `x` is not the first."""
    makes: tuple = ("y",)
    result: str = "y"
    first: int = 13
    last: int = 22
    range: tuple = (-2.0, 2.0)


def case(operator, shape=PICTURE, constants=None, **options):
    own = {key: options.pop(key) for key in ("reads", "makes", "result", "first", "last", "range") if key in options}
    return Case(operator, shape, constants or {}, options, **own)


def numbers(*values):
    return np.array(values, dtype=np.float32)


def weight(*shape, seed=7):
    return random(*shape, seed=seed, low=-0.5, high=0.5)


ACTIVATIONS = {
    "relu": case("Relu"),
    "leaky_relu": case("LeakyRelu"),
    "leaky_relu_alpha": case("LeakyRelu", alpha=0.3),
    "prelu_one": case("PRelu", constants={"slope": numbers(0.2)}),
    "prelu_channels": case("PRelu", constants={"slope": weight(4, 1, 1)}),
    "prelu_one_axes": case("PRelu", constants={"slope": weight(1, 1, 1)}),
    "elu": case("Elu"),
    "elu_alpha": case("Elu", alpha=0.4),
    "celu": case("Celu", alpha=2.0),
    "selu": case("Selu"),
    "selu_numbers": case("Selu", alpha=1.5, gamma=1.2),
    "gelu": case("Gelu", first=20),
    "gelu_tanh": case("Gelu", approximate="tanh", first=20),
    "sigmoid": case("Sigmoid"),
    "hard_sigmoid": case("HardSigmoid"),
    "hard_sigmoid_torch": case("HardSigmoid", alpha=1 / 6, beta=0.5, range=(-5, 5)),
    "hard_swish": case("HardSwish", first=14, range=(-5, 5)),
    "mish": case("Mish", first=18),
    "softplus": case("Softplus"),
    "softsign": case("Softsign"),
    "tanh": case("Tanh"),
    "thresholded_relu": case("ThresholdedRelu", alpha=0.7),
    "clip": case("Clip", constants={"low": np.float32(-0.5), "high": np.float32(0.7)}),
    "clip_low": case("Clip", constants={"low": np.float32(-0.5)}),
    "clip_high": case("Clip", constants={"_low": 0, "high": np.float32(0.7)}),
    "clip_relu": case("Clip", constants={"low": np.float32(0)}),
    "clip_relu6": case("Clip", constants={"low": np.float32(0), "high": np.float32(6)}, range=(-9, 9)),
    "clip_nothing": case("Clip"),
    "softmax": case("Softmax"),
    "softmax_axis": case("Softmax", axis=1),
    "softmax_axis_negative": case("Softmax", axis=-2),
    "log_softmax": case("LogSoftmax", axis=1),
    "dropout": case("Dropout"),
    "dropout_ratio": case("Dropout", constants={"ratio": np.float32(0.25)}),
    "dropout_mode": case("Dropout", constants={"ratio": np.float32(0.25), "mode": np.bool_(False)}),
}

ARITHMETIC = {
    **{
        f"{name}_{kind}": case(operator, constants={"c": other}, range=(0.5, 2.0))
        for name, operator in {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow"}.items()
        for kind, other in {
            "scalar": np.float32(2.5),
            "one": numbers(1.5),
            "row": random(5, seed=3, low=0.5),
            "channels": random(4, 1, 1, seed=3, low=0.5),
            "wide": random(1, 4, 6, 5, seed=3, low=0.5),
        }.items()
    },
    **{
        f"{name}_swapped": case(operator, constants={"c": other}, reads=["c", "x"], range=(0.5, 2.0))
        for name, operator, other in [
            ("add", "Add", np.float32(2.5)),
            ("sub", "Sub", np.float32(2.5)),
            ("sub_row", "Sub", random(5, seed=3)),
            ("mul", "Mul", random(5, seed=3)),
            ("div_one", "Div", np.float32(1.0)),
            ("div", "Div", np.float32(2.5)),
            ("div_row", "Div", random(5, seed=3)),
            ("pow", "Pow", np.float32(1.5)),
        ]
    },
    **{
        f"{operator.lower()}_self": case(operator, reads=["x", "x"], range=(0.5, 2.0))
        for operator in ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min")
    },
    "pow_half": case("Pow", constants={"c": np.float32(0.5)}, range=(0.5, 2.0)),
    "pow_integer": case("Pow", constants={"c": integers(3)}),
    "sum": case("Sum", constants={"a": random(5), "b": random(1, 6, 1)}),
    "sum_one": case("Sum"),
    "mean": case("Mean", constants={"a": random(5), "b": random(1, 6, 1)}),
    "max_number": case("Max", constants={"a": np.float32(0.3)}),
    "max_three": case("Max", constants={"a": random(5), "b": np.float32(0.1)}),
    "max_one": case("Max"),
    "min_number": case("Min", constants={"a": np.float32(0.3)}, reads=["a", "x"]),
    "min_row": case("Min", constants={"a": random(5)}),
    "neg": case("Neg"),
    "abs": case("Abs"),
    "sqrt": case("Sqrt", range=(0.1, 3)),
    "reciprocal": case("Reciprocal", range=(0.3, 3)),
    "exp": case("Exp"),
    "log": case("Log", range=(0.1, 3)),
    "erf": case("Erf"),
    "sin": case("Sin"),
    "cos": case("Cos"),
    "floor": case("Floor"),
    "ceil": case("Ceil"),
    "sign": case("Sign"),
    "cast_float16": case("Cast", to=1),
    "where": case("Where", constants={"c": random(6, 5) > 0, "other": np.float32(-3)}, reads=["c", "x", "other"]),
    "where_swapped": case("Where", constants={"c": random(5) > 0, "other": random(6, 5)}, reads=["c", "other", "x"]),
}

CONVOLUTIONS = {
    "conv": case("Conv", constants={"w": weight(8, 4, 3, 3)}),
    "conv_bias": case("Conv", constants={"w": weight(8, 4, 3, 3), "b": weight(8)}, pads=[1, 1, 1, 1]),
    "conv_strides": case("Conv", constants={"w": weight(8, 4, 3, 2)}, strides=[2, 1], kernel_shape=[3, 2]),
    "conv_dilations": case("Conv", constants={"w": weight(8, 4, 2, 2)}, dilations=[2, 3]),
    "conv_uneven": case("Conv", constants={"w": weight(8, 4, 3, 3)}, pads=[0, 1, 1, 2], strides=[2, 2]),
    "conv_groups": case("Conv", constants={"w": weight(8, 2, 3, 3)}, group=2),
    "conv_depthwise": case("Conv", constants={"w": weight(8, 1, 3, 3)}, group=4),
    "conv_1d": case("Conv", SEQUENCE, {"w": weight(6, 4, 3), "b": weight(6)}, pads=[1, 1]),
    "conv_3d": case("Conv", VOLUME, {"w": weight(4, 2, 3, 3, 3), "b": weight(4)}, pads=[1] * 6, strides=[1, 2, 1]),
    **{
        f"conv_{mode.lower()}_{stride}": case(
            "Conv", constants={"w": weight(8, 4, 3, 2)}, auto_pad=mode, strides=[stride, stride]
        )
        for mode in ("SAME_UPPER", "SAME_LOWER", "VALID")
        for stride in (1, 2)
    },
    "transpose": case("ConvTranspose", constants={"w": weight(4, 8, 3, 3), "b": weight(8)}),
    "transpose_strides": case("ConvTranspose", constants={"w": weight(4, 8, 3, 3)}, strides=[2, 3], pads=[1, 1, 1, 1]),
    "transpose_extra": case(
        "ConvTranspose", constants={"w": weight(4, 8, 3, 3)}, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1]
    ),
    "transpose_uneven": case("ConvTranspose", constants={"w": weight(4, 8, 3, 3)}, strides=[2, 2], pads=[0, 1, 2, 1]),
    "transpose_groups": case("ConvTranspose", constants={"w": weight(4, 3, 2, 2)}, group=2, dilations=[2, 1]),
    "transpose_shape": case(
        "ConvTranspose", constants={"w": weight(4, 8, 3, 3)}, strides=[2, 2], output_shape=[12, 10]
    ),
    "transpose_same": case("ConvTranspose", constants={"w": weight(4, 8, 3, 3)}, strides=[2, 2], auto_pad="SAME_UPPER"),
    "transpose_1d": case("ConvTranspose", SEQUENCE, {"w": weight(4, 3, 4)}, strides=[2], pads=[1, 1]),
    "transpose_3d": case("ConvTranspose", VOLUME, {"w": weight(2, 3, 2, 2, 2)}, strides=[2, 2, 2]),
}

MATRICES = {
    "matmul": case("MatMul", ROW, {"w": weight(6, 4)}),
    "matmul_sequence": case("MatMul", (7, 6), {"w": weight(6, 4)}),
    "matmul_vector": case("MatMul", (7, 6), {"w": weight(6)}),
    "matmul_left": case("MatMul", (7, 6), {"w": weight(4, 7)}, reads=["w", "x"]),
    "matmul_stack": case("MatMul", (2, 7, 6), {"w": weight(2, 6, 4)}),
    "gemm": case("Gemm", ROW, {"w": weight(6, 4), "b": weight(4)}),
    "gemm_transposed": case("Gemm", ROW, {"w": weight(4, 6), "b": weight(4)}, transB=1),
    "gemm_factors": case("Gemm", ROW, {"w": weight(4, 6), "b": weight(1, 4)}, transB=1, alpha=0.5, beta=2.0),
    "gemm_no_bias": case("Gemm", ROW, {"w": weight(6, 4)}, alpha=1.5),
    "gemm_one_bias": case("Gemm", ROW, {"w": weight(6, 4), "b": numbers(0.3)}),
    "gemm_scalar_bias": case("Gemm", ROW, {"w": weight(6, 4), "b": np.float32(0.3)}),
    "einsum_linear": case("Einsum", (7, 6), {"w": weight(6, 4)}, equation="bij,jk->bik"),
    "einsum_linear_out_first": case("Einsum", (7, 6), {"w": weight(4, 6)}, equation="b i j, k j -> b i k"),
    "einsum_general": case("Einsum", (7, 6), {"w": weight(7, 4)}, equation="bij,ik->bkj"),
    "einsum_self": case("Einsum", (7, 6), reads=["x", "x"], equation="bij,bkj->bik"),
    "identity": case("Identity"),
}

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
    f"{operator}_{name}": case(operator, constants=constants, **options)
    for operator in (
        "ReduceMean",
        "ReduceSum",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "ReduceSumSquare",
        "ReduceL1",
        "ReduceL2",
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
            *scales, mode="nearest", coordinate_transformation_mode=placing, nearest_mode=rounding
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
    "nearest_sizes": sized(12, 10, mode="nearest"),
    "linear_sizes": sized(9, 8, mode="linear"),
    "linear_1d": scaled(2, shape=SEQUENCE, mode="linear"),
    "nearest_1d": scaled(2, shape=SEQUENCE, mode="nearest", coordinate_transformation_mode="asymmetric"),
    "nearest_3d": scaled(2, 2, 2, shape=VOLUME, mode="nearest", nearest_mode="floor"),
    "cubic": scaled(2, 2, mode="cubic"),
    "axes": case("Resize", constants={"_r": 0, "scales": numbers(2, 2)}, axes=[2, 3], mode="linear", first=18),
}


CASES = {
    **ACTIVATIONS,
    **ARITHMETIC,
    **CONVOLUTIONS,
    **MATRICES,
    **NORMS,
    **POOLS,
    **REDUCTIONS,
    **MOVEMENT,
    **INDEXING,
    **RESIZING,
}
