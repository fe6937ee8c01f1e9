"""A program exported while training becomes the one that evaluates: raising brings training back layer by layer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from worker.intake.exported_program.arguments import Value
from worker.intake.exported_program.operations import Step

OFF: Mapping[str, tuple[str, object]] = {
    "aten.dropout.default": ("train", False),
    "aten.dropout_.default": ("train", False),
    "aten.feature_dropout.default": ("train", False),
    "aten.feature_dropout_.default": ("train", False),
    "aten.alpha_dropout.default": ("train", False),
    "aten.alpha_dropout_.default": ("train", False),
    "aten.scaled_dot_product_attention.default": ("dropout_p", 0.0),
    "aten.lstm.input": ("train", False),
    "aten.gru.input": ("train", False),
    "aten.rnn_tanh.input": ("train", False),
    "aten.rnn_relu.input": ("train", False),
}
"""Operation -> the argument that makes it act only while training, and its value in evaluation."""
IDENTITIES = frozenset({"aten.lift_fresh_copy.default", "aten.lift_fresh.default", "aten.detach_.default"})
"""What tracing puts around constants."""
BATCH_NORM = "aten.batch_norm.default"
DRAWS = frozenset({"aten.bernoulli.default", "aten.bernoulli.p", "aten.bernoulli_.float", "aten.bernoulli_.Tensor"})
SCALES = frozenset(
    f"aten.{name}.{overload}" for name in ("div", "div_", "mul", "mul_") for overload in ("Scalar", "Tensor")
)
PRODUCTS = frozenset({"aten.mul.Tensor", "aten.mul_.Tensor"})


def evaluating(steps: Sequence[Step], outputs: Sequence[str]) -> tuple[list[Step], tuple[str, ...]]:
    """Steps and outputs with training switched off; products with drawn noise (stochastic depth) are left out."""
    stands_for: dict[str, Any] = {}
    noise: set[str] = set()
    kept = []
    for step in steps:
        step = replace(step, arguments=tuple((name, _renamed(value, stands_for)) for name, value in step.arguments))
        operands = [value.name for _, value in step.arguments if isinstance(value, Value)]
        drawn = [name for name in operands if name in noise]
        if step.target in DRAWS or (step.target in SCALES and drawn and len(drawn) == len(operands)):
            noise.update((*operands, *(name for name in step.outputs if name)))
        elif step.target in PRODUCTS and len(drawn) == 1 and step.outputs[0] is not None:
            stands_for[step.outputs[0]] = next(
                value for _, value in step.arguments if isinstance(value, Value) and value.name not in noise
            )
        elif step.target in IDENTITIES and operands and step.outputs[0] is not None:
            stands_for[step.outputs[0]] = Value(operands[0])
        else:
            kept.append(_switched_off(step))
    return kept, tuple(_renamed(Value(name), stands_for).name for name in outputs)


def _switched_off(step: Step) -> Step:
    name, value = OFF.get(step.target, ("", None))
    if step.target == BATCH_NORM and isinstance(dict(step.arguments).get("running_mean"), Value):
        name, value = "training", False
    return replace(step, arguments=tuple((key, value if key == name else old) for key, old in step.arguments))


def _renamed(value: Any, stands_for: Mapping[str, Any]) -> Any:
    if isinstance(value, Value):
        return stands_for.get(value.name, value)
    return [_renamed(item, stands_for) for item in value] if isinstance(value, list) else value
