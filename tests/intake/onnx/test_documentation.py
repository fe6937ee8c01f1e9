"""The page of formats lists every operator that is read, in order, and no other; each one is tested."""

import re

from tests.architecture.sources import ROOT
from tests.intake.onnx.operator_cases import CASES
from worker.intake.onnx.model import FIRST_OPSET, LAST_OPSET
from worker.intake.onnx.operators import OPERATORS

PAGE = (ROOT / "docs" / "formats.md").read_text()
TESTS = (ROOT / "tests" / "intake" / "onnx").glob("test_*.py")


def test_every_operator_that_is_read_is_listed_and_no_other():
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == sorted(OPERATORS)


def test_the_versions_that_are_read_are_named():
    assert f"opset {FIRST_OPSET} to {LAST_OPSET}" in PAGE


def test_every_operator_is_tested():
    text = "".join(path.read_text() for path in TESTS)
    tested = {case.operator for case in CASES.values()} | {
        name for name in OPERATORS if re.search(rf"\b{name}\b", text)
    }
    assert sorted(OPERATORS.keys() - tested) == []
