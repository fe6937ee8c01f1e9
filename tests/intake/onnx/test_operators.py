"""Every operator and every variation of its attributes against ONNX Runtime, in each version of its definition."""

import numpy as np
import pytest
from onnx import defs, helper

from tests.intake.onnx.models import BATCH, assert_same, flattened, random
from tests.intake.onnx.operator_cases import CASES
from worker.intake.onnx.model import FIRST_OPSET, LAST_OPSET


def versions(operator):
    """Opsets at which the definition of an operator changed, from the first that is read on."""
    known = {schema.since_version for schema in defs.get_all_schemas_with_history() if schema.name == operator}
    known = {version for version in known if FIRST_OPSET < version <= LAST_OPSET}
    return sorted({FIRST_OPSET} | known) if min_version(operator) <= FIRST_OPSET else sorted(known)


def min_version(operator):
    return min(schema.since_version for schema in defs.get_all_schemas_with_history() if schema.name == operator)


PARAMETERS = [
    pytest.param(case, opset, id=f"{name}-{opset}")
    for name, case in CASES.items()
    for opset in versions(case.operator)
    if case.first <= opset <= case.last
]


@pytest.mark.parametrize(("case", "opset"), PARAMETERS)
def test_an_operator_computes_what_onnx_runtime_computes(case, opset):
    constants = {name: np.asarray(value) for name, value in case.constants.items()}
    names = ["" if name.startswith("_") else name for name in ["x", *constants]] if case.reads is None else case.reads
    node = helper.make_node(case.operator, names, case.makes, **case.attributes)
    stored = {name: value for name, value in constants.items() if not name.startswith("_")}
    data = flattened(node, case.shape, stored, opset=opset, result=case.result)
    low, high = case.range
    assert_same(data, random(BATCH, *case.shape, seed=1, low=low, high=high))
