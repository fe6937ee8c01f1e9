"""How a layer is written: its class with the sizes, and the options that differ from the defaults."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from worker.delivery.values import literal

_EPSILON = 1e-5
_MOMENTUM = 0.1


def write_layer(module: nn.Module) -> str:
    """Source code that makes a layer like this one; raises `ValueError` for a class that is none of ours."""
    writer = _WRITERS.get(type(module).__name__)
    if writer is None:
        raise ValueError(f"{type(module).__name__} cannot be written")
    return writer(module)


def _made(module: nn.Module, *sizes: Any, **options: tuple[Any, Any]) -> str:
    """A constructor call; `options` are given as (value, default)."""
    given = [literal(size) for size in sizes]
    given += [f"{key}={literal(value)}" for key, (value, default) in options.items() if value != default]
    return f"nn.{type(module).__name__}({', '.join(given)})"


def _same(sizes: Any) -> Any:
    """One number where all axes agree."""
    return sizes[0] if isinstance(sizes, tuple) and len(set(sizes)) == 1 else sizes


def _convolution(module: Any) -> str:
    options = {
        "stride": (_same(module.stride), 1),
        "padding": (_same(module.padding), 0),
        "output_padding": (_same(module.output_padding), 0),
        "dilation": (_same(module.dilation), 1),
        "groups": (module.groups, 1),
        "bias": (module.bias is not None, True),
    }
    return _made(module, module.in_channels, module.out_channels, _same(module.kernel_size), **options)


def _linear(module: Any) -> str:
    return _made(module, module.in_features, module.out_features, bias=(module.bias is not None, True))


def _statistics_norm(module: Any) -> str:
    """Batch and instance norms; an instance norm has neither parameters nor statistics by default."""
    is_batch_norm = type(module).__name__.startswith("Batch")
    options = {
        "eps": (module.eps, _EPSILON),
        "momentum": (module.momentum, _MOMENTUM),
        "affine": (module.affine, is_batch_norm),
        "track_running_stats": (module.track_running_stats, is_batch_norm),
    }
    return _made(module, module.num_features, **options)


def _layer_norm(module: Any) -> str:
    shape = _same(module.normalized_shape) if len(module.normalized_shape) == 1 else module.normalized_shape
    return _made(module, shape, eps=(module.eps, _EPSILON), bias=(module.bias is not None, True))


def _rms_norm(module: Any) -> str:
    shape = _same(module.normalized_shape) if len(module.normalized_shape) == 1 else module.normalized_shape
    return _made(module, shape, eps=(module.eps, None))


def _group_norm(module: Any) -> str:
    return _made(module, module.num_groups, module.num_channels, eps=(module.eps, _EPSILON))


def _embedding(module: Any) -> str:
    return _made(module, module.num_embeddings, module.embedding_dim, padding_idx=(module.padding_idx, None))


def _recurrent(module: Any) -> str:
    options: dict[str, tuple[Any, Any]] = {
        "num_layers": (module.num_layers, 1),
        "bias": (module.bias, True),
        "batch_first": (module.batch_first, False),
        "dropout": (module.dropout, 0.0),
        "bidirectional": (module.bidirectional, False),
        "proj_size": (module.proj_size, 0),
    }
    if type(module) is nn.RNN:
        options["nonlinearity"] = (module.nonlinearity, "tanh")
    return _made(module, module.input_size, module.hidden_size, **options)


_WRITERS: Mapping[str, Callable[[Any], str]] = {
    **{f"Conv{axes}d": _convolution for axes in (1, 2, 3)},
    **{f"ConvTranspose{axes}d": _convolution for axes in (1, 2, 3)},
    **{f"{kind}Norm{axes}d": _statistics_norm for kind in ("Batch", "Instance") for axes in (1, 2, 3)},
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    **dict.fromkeys(
        ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"),
        lambda module: _made(module, module.p),
    ),
    "Linear": _linear,
    "LayerNorm": _layer_norm,
    "RMSNorm": _rms_norm,
    "GroupNorm": _group_norm,
    "Embedding": _embedding,
    "PReLU": lambda module: _made(module, module.num_parameters),
}
