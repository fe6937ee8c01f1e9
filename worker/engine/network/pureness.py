"""Operations that write in place become operations that return a new value."""

import torch
from torch import fx

_PURE: dict[object, torch._ops.OpOverload] = {
    torch.ops.aten.relu_.default: torch.ops.aten.relu.default,
    torch.ops.aten.relu6_.default: torch.ops.aten.relu6.default,
    torch.ops.aten.leaky_relu_.default: torch.ops.aten.leaky_relu.default,
    torch.ops.aten.elu_.default: torch.ops.aten.elu.default,
    torch.ops.aten.silu_.default: torch.ops.aten.silu.default,
    torch.ops.aten.hardtanh_.default: torch.ops.aten.hardtanh.default,
    torch.ops.aten.hardswish_.default: torch.ops.aten.hardswish.default,
    torch.ops.aten.hardsigmoid_.default: torch.ops.aten.hardsigmoid.default,
    torch.ops.aten.sigmoid_.default: torch.ops.aten.sigmoid.default,
    torch.ops.aten.tanh_.default: torch.ops.aten.tanh.default,
    torch.ops.aten.dropout_.default: torch.ops.aten.dropout.default,
    torch.ops.aten.add_.Tensor: torch.ops.aten.add.Tensor,
    torch.ops.aten.mul_.Tensor: torch.ops.aten.mul.Tensor,
}


def make_pure(graph: fx.Graph) -> fx.Graph:
    """A copy of `graph` in which every known in-place operation is pure and later readers read its result.

    An in-place write to a view of something (its base read again later) is left as it is, so that the allow-list
    refuses it instead of computing something else.
    """
    copy = fx.Graph()
    values: dict[fx.Node, fx.Node] = {}
    outputs = copy.graph_copy(graph, values)
    for old, new in values.items():
        new.meta = dict(old.meta)
    copy.output(outputs)
    order = {node: position for position, node in enumerate(copy.nodes)}
    for node in list(copy.nodes):
        pure = _PURE.get(node.target) if node.op == "call_function" else None
        written = node.args[0] if node.args else None
        if pure is None or not isinstance(written, fx.Node) or _is_shared(written):
            continue
        for reader in [user for user in written.users if order[user] > order[node]]:
            reader.replace_input_with(written, node)
        node.target = pure
    return copy


_VIEWS = frozenset(
    getattr(torch.ops.aten, name)
    for name in [
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "permute",
        "transpose",
        "t",
        "squeeze",
        "unsqueeze",
        "expand",
        "slice",
        "select",
        "narrow",
        "split",
        "split_with_sizes",
        "chunk",
        "alias",
        "detach",
        "contiguous",
    ]
)


def _is_shared(node: fx.Node) -> bool:
    """Whether a value may share memory with another one, so that a write to it shows elsewhere."""
    if node.op != "call_function":
        return True
    if getattr(node.target, "overloadpacket", None) in _VIEWS:
        return any(len(source.users) > 1 for source in node.all_input_nodes)
    return any(getattr(user.target, "overloadpacket", None) in _VIEWS for user in node.users)
