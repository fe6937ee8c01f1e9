"""Cases of activations, arithmetic, comparisons, convolutions and matrix products."""

import numpy as np

from tests.intake.onnx.cases import ROW, SEQUENCE, VOLUME, case, numbers, weight
from tests.intake.onnx.models import integers, random

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
    "round": case("Round", range=(-9, 9)),
    "floor": case("Floor"),
    "ceil": case("Ceil"),
    "sign": case("Sign"),
    "cast_like": case("CastLike", constants={"c": np.float32(0)}, first=15),
    "cast": case("Cast", to=1),
    "where": case("Where", constants={"c": random(6, 5) > 0, "other": np.float32(-3)}, reads=["c", "x", "other"]),
    "where_swapped": case("Where", constants={"c": random(5) > 0, "other": random(6, 5)}, reads=["c", "other", "x"]),
}

COMPARISONS = {
    f"{operator}_{name}": case(operator, constants={"c": other}, reads=reads, makes=("z",), result="z")
    for operator in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal")
    for name, other, reads in [
        ("number", np.float32(0.3), None),
        ("row", random(5), None),
        ("swapped", np.float32(0.3), ["c", "x"]),
    ]
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
