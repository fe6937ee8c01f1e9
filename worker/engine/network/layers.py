"""Which standard `nn` module stands for an operation with parameters of its own, made on the meta device."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from worker.engine.graph.schema import Reference, TensorReference

_BATCH_NORM = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}
_INSTANCE_NORM = {3: nn.InstanceNorm1d, 4: nn.InstanceNorm2d, 5: nn.InstanceNorm3d}
_CONVOLUTION = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_FEATURE_DROPOUT = {3: nn.Dropout1d, 4: nn.Dropout2d, 5: nn.Dropout3d}
_RECURRENT: Mapping[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn_tanh": nn.RNN, "rnn_relu": nn.RNN}
STATISTICS = ("running_mean", "running_var")
_AFFINE = ("weight", "bias")


@dataclass(frozen=True)
class Use:
    """One operation with its arguments by name, and what is known of its tensors."""

    kind: str
    bound: Mapping[str, Any]
    shapes: Mapping[str, tuple[int, ...]]
    """Shape of each tensor by the attribute under which a module would hold it."""
    axes: int
    """Number of axes of the input."""

    @property
    def has_bias(self) -> bool:
        """Whether the operation adds a bias."""
        return "bias" in self.shapes


class Attention(nn.Module):
    """Scaled dot-product attention whose dropout acts in training only."""

    def __init__(self, dropout_p: float, *, is_causal: bool, scale: float | None, enable_gqa: bool) -> None:
        super().__init__()
        self.dropout_p = dropout_p
        self.options: dict[str, Any] = {"is_causal": is_causal, "scale": scale, "enable_gqa": enable_gqa}

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend from (..., L, E) to (..., S, E) and (..., S, V)."""
        dropout = self.dropout_p if self.training else 0.0
        return functional.scaled_dot_product_attention(query, key, value, mask, dropout, **self.options)


def tensor_attributes(kind: str, bound: Mapping[str, Any]) -> dict[str, str]:
    """Names of an operation's tensors by the attribute under which the layer's module holds them.

    Empty when one of them is computed on the way, such as a bias put together from parts: no module could hold it.
    """
    if kind in _RECURRENT:
        names = _recurrent_names(kind, bound)
        given = bound["params"]
        fits = len(names) == len(given) and all(isinstance(item, TensorReference) for item in given)
        return {name: item.tensor for name, item in zip(names, given, strict=True)} if fits else {}
    given = {key: bound[key] for key in (*_AFFINE, *STATISTICS) if bound.get(key) is not None}
    if kind not in _MAKERS or any(isinstance(value, Reference) for value in given.values()):
        return {}
    return {key: value.tensor for key, value in given.items() if isinstance(value, TensorReference)}


def make_layer(use: Use) -> nn.Module | None:
    """The module for an operation, or None when no standard one computes the same."""
    maker = _MAKERS.get(use.kind)
    needed = "weight_ih_l0" if use.kind in _RECURRENT else "running_mean" if use.kind == "batch_norm" else "weight"
    has_own_weight = needed in use.shapes or use.kind == "instance_norm"
    module = maker(use) if maker is not None and has_own_weight else None
    if module is None:
        return None
    held = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    return module if held == dict(use.shapes) else None


def make_dropout(use: Use) -> nn.Module | None:
    """The module for an operation that is random in training only; None for other operations."""
    bound = use.bound
    if use.kind == "dropout":
        return nn.Dropout(bound["p"])
    if use.kind == "alpha_dropout":
        return nn.AlphaDropout(bound["p"])
    if use.kind == "feature_alpha_dropout":
        return nn.FeatureAlphaDropout(bound["p"])
    if use.kind == "feature_dropout":
        return _FEATURE_DROPOUT.get(use.axes, nn.Dropout)(bound["p"])
    if use.kind == "scaled_dot_product_attention" and bound["dropout_p"] > 0:
        options = {key: bound[key] for key in ("is_causal", "scale", "enable_gqa")}
        return Attention(bound["dropout_p"], **options)
    return None


def widen(value: int | list[int], axes: int) -> tuple[int, ...]:
    """One size for each spatial axis: aten keeps a single number where it stands for all axes."""
    sizes = [value] if isinstance(value, int) else list(value)
    return tuple(sizes * axes if len(sizes) == 1 else sizes)


def _convolution(use: Use) -> nn.Module | None:
    bound, shape = use.bound, use.shapes["weight"]
    axes = int(use.kind.removeprefix("conv").removesuffix("d"))
    padding = bound["padding"]
    make: Any = _CONVOLUTION[axes]
    return make(  # type: ignore[no-any-return]
        shape[1] * bound["groups"],
        shape[0],
        shape[2:],
        stride=widen(bound["stride"], axes),
        padding=padding if isinstance(padding, str) else widen(padding, axes),
        dilation=widen(bound["dilation"], axes),
        groups=bound["groups"],
        bias=use.has_bias,
        device="meta",
    )


def _transposed_convolution(use: Use) -> nn.Module | None:
    bound, shape = use.bound, use.shapes["weight"]
    axes = int(use.kind.removeprefix("conv_transpose").removesuffix("d"))
    sizes = {key: widen(bound[key], axes) for key in ("stride", "padding", "output_padding", "dilation")}
    make: Any = _TRANSPOSED[axes]
    options = {"groups": bound["groups"], "bias": use.has_bias, "device": "meta"}
    return make(shape[0], shape[1] * bound["groups"], shape[2:], **sizes, **options)  # type: ignore[no-any-return]


def _linear(use: Use) -> nn.Module | None:
    out_width, in_width = use.shapes["weight"]
    return nn.Linear(in_width, out_width, bias=use.has_bias, device="meta")


def _batch_norm(use: Use) -> nn.Module | None:
    if use.axes not in _BATCH_NORM:
        return None
    (width,) = use.shapes["running_mean"]
    options = {"eps": use.bound["eps"], "momentum": use.bound["momentum"], "affine": "weight" in use.shapes}
    return _without_counter(_BATCH_NORM[use.axes](width, **options, device="meta"))


def _instance_norm(use: Use) -> nn.Module | None:
    widths = next(iter(use.shapes.values()), None)
    has_statistics = "running_mean" in use.shapes
    if widths is None or use.axes not in _INSTANCE_NORM or use.bound["use_input_stats"] == has_statistics:
        return None
    options = {"eps": use.bound["eps"], "momentum": use.bound["momentum"], "affine": "weight" in use.shapes}
    module = _INSTANCE_NORM[use.axes](widths[0], **options, track_running_stats=has_statistics, device="meta")
    return _without_counter(module)


def _without_counter(module: Any) -> nn.Module:
    """The norm without the counter of its batches: with fixed momentum it decides nothing."""
    module.num_batches_tracked = None
    module.register_load_state_dict_pre_hook(_forget_counter)
    return module  # type: ignore[no-any-return]


def _forget_counter(_module: nn.Module, state: dict[str, Any], prefix: str, *_rest: object) -> None:
    """Drop the counter that torch adds to state dicts without a version."""
    state.pop(f"{prefix}num_batches_tracked", None)


def _layer_norm(use: Use) -> nn.Module | None:
    shape = use.bound["normalized_shape"]
    return nn.LayerNorm(shape, eps=use.bound["eps"], bias=use.has_bias, device="meta")


def _rms_norm(use: Use) -> nn.Module | None:
    return nn.RMSNorm(use.bound["normalized_shape"], eps=use.bound["eps"], device="meta")


def _group_norm(use: Use) -> nn.Module | None:
    (width,) = use.shapes["weight"]
    count = use.bound["num_groups"]
    return nn.GroupNorm(count, width, eps=use.bound["eps"], device="meta") if width % count == 0 else None


def _embedding(use: Use) -> nn.Module | None:
    if use.bound["scale_grad_by_freq"] or use.bound["sparse"]:
        return None
    count, width = use.shapes["weight"]
    padding = use.bound["padding_idx"]
    return nn.Embedding(count, width, padding_idx=None if padding < 0 else padding, device="meta")


def _prelu(use: Use) -> nn.Module | None:
    (count,) = use.shapes["weight"]
    return nn.PReLU(count, device="meta")


def _recurrent_names(kind: str, bound: Mapping[str, Any]) -> list[str]:
    """Names of a recurrent layer's parameters in the order of the operation, as torch gives them."""
    ends = ("", "_reverse") if bound["bidirectional"] else ("",)
    sources = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bound["has_biases"] else [])]
    count = len(sources) * len(ends) * bound["num_layers"]
    if kind == "lstm" and len(bound["params"]) > count:
        sources.append("weight_hr")
    return [f"{source}_l{number}{end}" for number in range(bound["num_layers"]) for end in ends for source in sources]


def _recurrent(use: Use) -> nn.Module | None:
    bound, shapes = use.bound, use.shapes
    gates = {"lstm": 4, "gru": 3}.get(use.kind, 1)
    options: dict[str, Any] = {"proj_size": shapes["weight_hr_l0"][0]} if "weight_hr_l0" in shapes else {}
    if use.kind == "rnn_relu":
        options["nonlinearity"] = "relu"
    make: Any = _RECURRENT[use.kind]
    return make(  # type: ignore[no-any-return]
        shapes["weight_ih_l0"][1],
        shapes["weight_hh_l0"][0] // gates,
        bound["num_layers"],
        bias=bound["has_biases"],
        batch_first=bound["batch_first"],
        dropout=bound["dropout"],
        bidirectional=bound["bidirectional"],
        device=torch.device("meta"),
        **options,
    )


_MAKERS: Mapping[str, Callable[[Use], nn.Module | None]] = {
    **{f"conv{axes}d": _convolution for axes in _CONVOLUTION},
    **{f"conv_transpose{axes}d": _transposed_convolution for axes in _TRANSPOSED},
    **dict.fromkeys(_RECURRENT, _recurrent),
    "linear": _linear,
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "group_norm": _group_norm,
    "embedding": _embedding,
    "prelu": _prelu,
}
