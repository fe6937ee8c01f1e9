"""The project's own source files, for the tests that look at all of them."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PACKAGES = ("backend", "worker")
_GENERATED = frozenset({"schema.d.ts"})
"""Written by `frontend/scripts/api-types.mjs` from the OpenAPI description."""
_BUILT = frozenset({"static", "node_modules", "dist", "__pycache__"})


@dataclass(frozen=True)
class Function:
    """One function or method: where it stands, how long it is, how many parameters a caller sees."""

    place: str
    lines: int
    parameters: int


def python_files(*folders: str) -> Sequence[Path]:
    """Python files below `folders` of the repository; by default those of the two packages."""
    found = (path for folder in folders or _PACKAGES for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not _BUILT & set(path.parts))


def typescript_files() -> Sequence[Path]:
    """Hand-written TypeScript of the user interface."""
    source = ROOT / "frontend" / "src"
    found = [path for pattern in ("*.ts", "*.tsx") for path in source.rglob(pattern)]
    return sorted(path for path in found if path.name not in _GENERATED)


def line_count(path: Path) -> int:
    """Lines of a file."""
    return len(path.read_text(encoding="utf-8").splitlines())


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function of a file, nested ones too."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(f"{relative(path)}:{node.lineno} {node.name}", length, _parameter_count(node))


def _parameter_count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Parameters that a caller has to know: not self, not those with a name and a default, no command-line options."""
    if any("click.command" in ast.unparse(decorator) for decorator in node.decorator_list):
        return 0
    arguments = node.args
    required = [name.arg for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if not value]
    named = [name.arg for name in (*arguments.posonlyargs, *arguments.args)]
    return len([name for name in (*named, *required) if name not in {"self", "cls"}])


def relative(path: Path) -> str:
    """The path as a person names it."""
    return str(path.relative_to(ROOT))
