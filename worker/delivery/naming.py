"""How the generated source reaches layers and tensors by the names of the state dict."""

from collections.abc import Iterable
from keyword import iskeyword

from torch import nn

from worker.engine.network.layers import Attention

_MODULE = nn.Module()
_DICTIONARY = nn.ModuleDict()


def access(path: str) -> str:
    """Expression for a module path: `self.layer1["0"]["conv1"]`."""
    first, *rest = path.split(".")
    own = f"self.{first}" if is_attribute(first) else f'self._modules["{first}"]'
    return own + "".join(f'["{name}"]' for name in rest)


def access_tensor(name: str, kind: str) -> str:
    """Expression for a `parameter` or `buffer` that belongs to no layer, by its name."""
    path, _, attribute = name.rpartition(".")
    if path:
        return f'{access(path)}["{attribute}"]'
    return f"self.{attribute}" if is_attribute(attribute) else f'self._{kind}s["{attribute}"]'


def is_attribute(name: str) -> bool:
    """Whether a name can be written as `self.name`, and hides nothing that every module has."""
    return name.isidentifier() and not iskeyword(name) and not hasattr(_MODULE, name)


def fits_dictionary(names: Iterable[str]) -> bool:
    """Whether a standard module dictionary can hold modules of these names."""
    return not any(hasattr(_DICTIONARY, name) for name in names)


def is_written_inline(module: nn.Module) -> bool:
    """Whether a module is an expression in `forward`, and no attribute."""
    return isinstance(module, Attention)
