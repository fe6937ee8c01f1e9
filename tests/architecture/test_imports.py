"""Imports point down, stand at the top, and are absolute."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, parse, python_files, relative

FORBIDDEN_CALLS = {
    "eval": "evaluates text as code",
    "exec": "evaluates text as code",
    "pickle.load": "runs code in the file",
    "pickle.loads": "runs code in the file",
    "torch.jit.load": "runs code in the file",
    "torch.hub.load": "downloads and runs code",
    "joblib.load": "runs code in the file",
    "yaml.load": "runs code in the file",
}


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_import_is_relative() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert found == []


def test_no_import_hides_in_a_function_or_behind_type_checking() -> None:
    found = [
        f"{relative(path)}:{inner.lineno}"
        for path in python_files()
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.If)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


@pytest.mark.parametrize("name", sorted(FORBIDDEN_CALLS))
def test_nothing_is_called_that_runs_code_from_data(name: str) -> None:
    found = [f"{relative(path)}:{call.lineno}" for path, call in _calls() if ast.unparse(call.func) == name]
    assert found == [], f"{name} {FORBIDDEN_CALLS[name]}"


def test_torch_load_always_refuses_code() -> None:
    loads = [(path, call) for path, call in _calls() if ast.unparse(call.func) == "torch.load"]
    lax = [
        f"{relative(path)}:{call.lineno}"
        for path, call in loads
        if not any(keyword.arg == "weights_only" and ast.unparse(keyword.value) == "True" for keyword in call.keywords)
    ]
    assert lax == []
    assert {relative(path).split("/")[1] for path, _ in loads} <= {"intake", "sandbox"}


def test_numpy_never_loads_pickled_objects() -> None:
    lax = [
        f"{relative(path)}:{call.lineno}"
        for path, call in _calls()
        if ast.unparse(call.func) in {"np.load", "numpy.load", "np.lib.format.read_array", "read_array"}
        and not any(
            keyword.arg == "allow_pickle" and ast.unparse(keyword.value) == "False" for keyword in call.keywords
        )
    ]
    assert lax == []


def _calls() -> list[tuple[Path, ast.Call]]:
    return [(path, node) for path in python_files() for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]
