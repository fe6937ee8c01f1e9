"""No source file opens untrusted bytes in a way that can run code: `weights_only=True` everywhere, no pickle."""

import ast
from pathlib import Path

import pytest

import backend
import worker

ROOTS = [Path(package.__file__).parent for package in (backend, worker)]
MODULES = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "torch.package", "torch.hub"}
CALLS = {"torch.jit.load", "torch.export.load", "torch.hub.load", "yaml.load", "pandas.read_pickle", "eval", "exec"}
NAMES_ONLY = {("pickle", "UnpicklingError")}
"""An exception's name runs nothing."""


def find_offences(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if is_forbidden(alias.name)]
        if isinstance(node, ast.ImportFrom) and node.module:
            imported = [(node.module, alias.name) for alias in node.names]
            found += [
                f"{module}.{name}"
                for module, name in imported
                if (is_forbidden(module) or is_forbidden(f"{module}.{name}") or f"{module}.{name}" in CALLS)
                and (module, name) not in NAMES_ONLY
            ]
        if isinstance(node, ast.Call):
            found += offences_of_call(node)
    return found


def is_forbidden(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in MODULES)


def offences_of_call(call: ast.Call) -> list[str]:
    name = ast.unparse(call.func)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in CALLS or name.endswith(("jit.load", "hub.load", "add_safe_globals")):
        return [name]
    if name == "torch.load" and not is_literally(keywords.get("weights_only"), True):
        return ["torch.load without weights_only=True"]
    if "allow_pickle" in keywords and not is_literally(keywords["allow_pickle"], False):
        return [f"{name} with allow_pickle"]
    if any(not is_literally(value, True) for key, value in keywords.items() if key == "weights_only"):
        return [f"{name} without weights_only=True"]
    return []


def is_literally(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


@pytest.mark.parametrize("root", ROOTS, ids=lambda root: root.name)
def test_no_source_file_can_run_code_from_data(root):
    sources = sorted(root.rglob("*.py"))
    assert len(sources) > 10
    offences = {str(path.relative_to(root)): find_offences(path.read_text()) for path in sources}
    assert {path: found for path, found in offences.items() if found} == {}


@pytest.mark.parametrize(
    "source",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=safe)",
        "import pickle",
        "from pickle import loads",
        "import torch.package",
        "from torch import hub",
        "from joblib import load",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "torch.jit.load(path)",
        "from torch.jit import load",
        "torch.export.load(path)",
        "torch.serialization.add_safe_globals([x])",
        "yaml.load(text)",
        "eval(text)",
    ],
)
def test_the_lint_finds_what_it_forbids(source):
    assert find_offences(source)


@pytest.mark.parametrize(
    "source",
    ["torch.load(path, weights_only=True)", "np.load(path, allow_pickle=False)", "model.eval()", "json.load(f)"],
)
def test_the_lint_lets_pass_what_is_safe(source):
    assert find_offences(source) == []
