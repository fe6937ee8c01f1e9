"""The statements that make a network's layers and loose tensors, nested as in the state dict, in its order."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from torch import nn

from worker.delivery.layers import write_layer
from worker.delivery.naming import fits_dictionary, is_attribute, is_written_inline
from worker.delivery.values import literal
from worker.engine.graph import Network, TensorInfo
from worker.engine.network.raising import Raised

_Members: TypeAlias = dict[str, Any]
"""What a part holds by name: a layer, a loose tensor, or the members of a part inside."""

PART = '''class Part(nn.Module):
    """Layers, parameters and buffers under their names, whatever these are."""

    def __init__(self, members: dict[str, nn.Module | Tensor]) -> None:
        super().__init__()
        for name, member in members.items():
            kind = self._modules if isinstance(member, nn.Module) else self._buffers
            (self._parameters if isinstance(member, nn.Parameter) else kind)[name] = member

    def __getitem__(self, name: str) -> nn.Module | Tensor:
        return {**self._modules, **self._parameters, **self._buffers}[name]


'''
"""What holds tensors beside layers, or layers whose names a module dictionary has for itself."""


def write_members(network: Network, raised: Mapping[str, Raised]) -> str:
    """Statements of `__init__`."""
    return "\n".join(_attach(name, content) for name, content in _tree(network, raised).items())


def needs_part(network: Network, raised: Mapping[str, Raised]) -> bool:
    """Whether the class `Part` is used by these statements."""
    return any("Part(" in _construct(content) for content in _tree(network, raised).values())


def _tree(network: Network, raised: Mapping[str, Raised]) -> _Members:
    """Layers and loose tensors by path, in the order of the state dict."""
    modules = {item.path: item.module for item in raised.values() if not is_written_inline(item.module)}
    held = {name for item in raised.values() for name in item.tensors.values()}
    tree: _Members = {}
    for info in network.graph.tensors:
        path = info.name.rpartition(".")[0] if info.name in held else info.name
        _insert(tree, path, modules[path] if info.name in held else info)
    for path, module in modules.items():
        _insert(tree, path, module)
    return tree


def _insert(tree: _Members, path: str, content: Any) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[name] = content


def _attach(name: str, content: Any) -> str:
    """The statement that makes a member of the network itself."""
    text = _construct(content)
    if isinstance(content, TensorInfo):
        kind = f"_{content.kind}s"
        return f"self.{name} = {text}" if is_attribute(name) else f'self.{kind}["{name}"] = {text}'
    return f"self.{name} = {text}" if is_attribute(name) else f'self._modules["{name}"] = {text}'


def _construct(content: Any) -> str:
    """Source code of a layer, of a loose tensor, or of a part that holds some."""
    if isinstance(content, nn.Module):
        return write_layer(content)
    if isinstance(content, TensorInfo):
        return _tensor(content)
    inner = "".join(f'    "{name}": {_nested(_construct(part))},\n' for name, part in content.items())
    holds_tensors = any(isinstance(part, TensorInfo) for part in content.values())
    return f"{'Part' if holds_tensors or not fits_dictionary(content) else 'nn.ModuleDict'}({{\n{inner}}})"


def _nested(text: str) -> str:
    return text.replace("\n", "\n    ")


def _tensor(info: TensorInfo) -> str:
    """A parameter or buffer of the right shape and type, to be loaded."""
    empty = f"torch.empty({literal(info.shape)}, dtype=torch.{info.dtype})"
    if info.kind == "buffer":
        return f"nn.Buffer({empty})"
    is_trained = info.dtype.startswith(("float", "bfloat"))
    return f"nn.Parameter({empty}{'' if is_trained else ', requires_grad=False'})"
