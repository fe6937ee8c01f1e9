"""Every route of the application, as (method, path template)."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

EXAMPLES = {"name": "accuracy", "index": "0", "format": "onnx", "page": "models", "file": "index.js"}


def walk(app: FastAPI) -> list[tuple[str, str]]:
    """Methods and path templates of all routes, mounts included."""
    found = set()
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if getattr(route, "methods", None):
            found |= {(method, path) for method in route.methods}
        else:
            found.add(("GET", f"{path}/{{file}}"))
    return sorted(found)


def fill(template: str, **values: str) -> str:
    """A path with every parameter filled in: ids with a well-formed id, others with something plausible."""
    path = template.replace(":path}", "}")
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        name = path[start + 1 : end]
        path = path[:start] + values.get(name, EXAMPLES.get(name, "0" * 32)) + path[end + 1 :]
    return path
