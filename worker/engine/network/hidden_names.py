"""Layers whose names modules have for themselves (`graph`, `type`): reached by another name, kept under their own."""

from torch import fx, nn

_ENDING = "_of_network"


def reachable(path: str) -> str:
    """The path with an ending after every part that would be taken for an attribute of modules."""
    return ".".join(f"{part}{_ENDING}" if hasattr(fx.GraphModule, part) else part for part in path.split("."))


def restore_names(module: nn.Module) -> None:
    """Give every part of a built module the name that the state dict knows, and keep it reachable by the other.

    Raises `ValueError` for a buffer: moved to another device, it would no longer be the one that is reached.
    """
    for part in list(module.modules()):
        for members in (part._modules, part._parameters, part._buffers):
            hidden = {name: name.removesuffix(_ENDING) for name in members if name.endswith(_ENDING)}
            if not hidden:
                continue
            if members is part._buffers:
                raise ValueError(f"a buffer cannot be called `{next(iter(hidden.values()))}`")
            part.__dict__.update({name: members[name] for name in hidden})
            items = [(hidden.get(name, name), member) for name, member in members.items()]
            members.clear()
            members.update(items)  # type: ignore[arg-type]  # each kind of member among its own
