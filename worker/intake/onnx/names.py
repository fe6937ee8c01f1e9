"""State-dict names: what the file calls a tensor where that is a name, else the place of the layer that uses it."""

import re

_GENERATED = re.compile(r"^(onnx::|val_|const|_|/|\d|c_|lifted)|_output_\d+$|:\d+$|__\d+$", re.IGNORECASE)
_TENSORFLOW = re.compile(r"(/(ReadVariableOp|Read|resource|const)(_\d+)?)*(:\d+)?$")
_SPLIT = re.compile(r"[^A-Za-z0-9_.]+")
MAX_LENGTH = 200


def is_given(label: str | None) -> bool:
    """Whether a person chose the name, rather than an exporter that numbers its values."""
    return label is not None and bool(label) and _GENERATED.search(label) is None


def dotted(label: str) -> str:
    """A label as a state-dict name: slashes become dots, what cannot stand in a name an underscore; may be empty."""
    label = _TENSORFLOW.sub("", label).replace("::", "_").replace("/", ".")
    parts = [_SPLIT.sub("_", part).strip("_") for part in label.split(".")]
    return ".".join(part for part in parts if part)[-MAX_LENGTH:].strip(".")


def layer_path(label: str, attribute: str) -> str | None:
    """The path of a layer from the name of its tensor: `layer1.0.conv1` from `layer1.0.conv1.weight`.

    `attribute` is what torch calls the tensor. None when the name does not end like it.
    """
    name = dotted(label)
    for ending in (attribute, *_SYNONYMS.get(attribute, ())):
        for separator in (".", "_"):
            if name.endswith(f"{separator}{ending}"):
                return name[: -len(ending) - 1] or None
    return None


_SYNONYMS = {
    "weight": ("kernel", "gamma", "scale", "W", "w", "weights"),
    "bias": ("beta", "B", "b", "biases", "BiasAdd"),
    "running_mean": ("moving_mean", "mean"),
    "running_var": ("moving_variance", "var", "variance"),
}
"""What Keras, TensorFlow and hand-written files call them."""
