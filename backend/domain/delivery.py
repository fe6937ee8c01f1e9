"""What an operating point is handed out as: formats, what was checked of a file, and measured latency."""

from enum import StrEnum
from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from backend.domain.spec import Spec


class Format(StrEnum):
    """A form in which a network leaves."""

    SAFETENSORS = "safetensors"
    """Weights beside readable source, the recipe and the manifest: made with every operating point."""
    EXPORTED_PROGRAM = "pt2"
    """For `torch.export.load`; made on demand."""
    ONNX = "onnx"
    """For ONNX Runtime and other engines; made and checked on demand."""


FILE_NAMES = {
    Format.SAFETENSORS: "model.safetensors",
    Format.EXPORTED_PROGRAM: "model.pt2",
    Format.ONNX: "model.onnx",
}
"""The file that holds the network in each format."""
MADE_ON_DEMAND = (Format.EXPORTED_PROGRAM, Format.ONNX)
MANIFEST = "manifest.json"

Runtime = Literal["torch", "onnxruntime"]
"""What ran a network: torch in eager mode, or ONNX Runtime's processor provider."""


class OnnxCheck(Spec):
    """An ONNX file beside torch, on the test split (on random inputs where the dataset is gone)."""

    data: Literal["test split", "random inputs"]

    opset: PositiveInt
    runtime_version: str
    """Version of ONNX Runtime."""
    examples: PositiveInt
    """Inputs that were compared."""
    available: PositiveInt
    """Inputs that there were; more than `examples` only where the time for the check ran out."""
    largest_difference: NonNegativeFloat
    """Of any class score, relative to the largest score of the network."""
    agreement: NonNegativeFloat
    """Share of the examples with the same predicted class, in [0, 1]."""


class Timing(Spec):
    """Time of one call in milliseconds: the median over all rounds, and the quartiles around it."""

    median_ms: PositiveFloat
    lower_ms: PositiveFloat
    upper_ms: PositiveFloat


class LatencyRow(Spec):
    """Dense and thin network in one runtime at one batch size, called in turn in the same rounds."""

    runtime: Runtime
    batch: PositiveInt
    rounds: PositiveInt
    dense: Timing
    thin: Timing
    latency_speedup: PositiveFloat
    """Median over the rounds of dense / thin."""
    lower_speedup: PositiveFloat
    """First quartile over the rounds."""
    upper_speedup: PositiveFloat
    """Third quartile over the rounds."""


class LatencyGap(Spec):
    """A measurement that was left out, and why."""

    runtime: Runtime
    batch: PositiveInt
    reason: str


class LatencyHost(Spec):
    """What ran a measurement."""

    processor: str
    processor_count: PositiveInt
    threads: PositiveInt
    """Threads of one call."""
    system: str
    torch_version: str
    onnxruntime_version: str
    load: NonNegativeFloat | None
    """Processes that wanted to run just before the measurement (average of a minute); None where unknown."""


class LatencyReport(Spec):
    """Measured latency of a physically thinner network beside the dense one."""

    host: LatencyHost
    rows: tuple[LatencyRow, ...]
    gaps: tuple[LatencyGap, ...]
    """What could not be measured."""
    seconds: NonNegativeFloat
    """How long the measurement took."""


class FileFacts(Spec):
    """What is known of a file beyond its bytes."""

    onnx_check: OnnxCheck | None = None


class DeliveryOrder(Spec):
    """What a `delivery` job makes for an operating point: a format, or (without one) a latency measurement."""

    point_index: NonNegativeInt
    format: Format | None = None
