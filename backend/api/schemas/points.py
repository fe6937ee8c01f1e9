"""Operating points: sizes, files, formats and measured latency."""

from typing import Self

from pydantic import Field

from backend.api.schemas.common import Answer, FailureAnswer, failure_of
from backend.domain.class_changes import ClassChange
from backend.domain.delivery import Format, LatencyReport, OnnxCheck
from backend.domain.instability import RemovalSummary
from backend.domain.metrics import density
from backend.domain.reports import OperatingPoint, RunLayout
from backend.services.deliveries import FileEntry, FormatEntry, LatencyEntry, Standing
from backend.services.reports import PointEntry

_STANDING = "absent: not ordered yet; queued, running: on its way; failed: see `error`; ready: it is there."


class FileAnswer(Answer):
    """One file of an operating point."""

    name: str = Field(examples=["model.safetensors"])
    size: int = Field(description="Bytes.")
    sha256: str

    @classmethod
    def of(cls, entry: FileEntry) -> Self:
        """The answer for a file."""
        return cls(name=entry.name, size=entry.size, sha256=entry.sha256)


class FormatAnswer(Answer):
    """A format of an operating point, made or not."""

    format: Format
    standing: Standing = Field(description=_STANDING)
    file: FileAnswer | None = Field(description="The file that holds the network, once it is ready.")
    onnx_check: OnnxCheck | None = Field(description="How the ONNX model compares with the network.")
    error: FailureAnswer | None = Field(description="Why it could not be made.")

    @classmethod
    def of(cls, entry: FormatEntry) -> Self:
        """The answer for a format."""
        facts = None if entry.file is None else entry.file.facts
        return cls(
            format=entry.format,
            standing=entry.standing,
            file=None if entry.file is None else FileAnswer.of(entry.file),
            onnx_check=None if facts is None else facts.onnx_check,
            error=None if entry.failed is None else failure_of(entry.failed),
        )


class LatencyAnswer(Answer):
    """Measured latency of an operating point beside the dense network."""

    standing: Standing = Field(description=_STANDING)
    report: LatencyReport | None = Field(description="The last finished measurement; stays while a new one runs.")
    error: FailureAnswer | None = Field(description="Why it could not be measured.")

    @classmethod
    def of(cls, entry: LatencyEntry) -> Self:
        """The answer for a measurement."""
        error = None if entry.failed is None else failure_of(entry.failed)
        return cls(standing=entry.standing, report=entry.report, error=error)


class PointAnswer(Answer):
    """An operating point with its sizes relative to the dense network, its files and its latency."""

    point: OperatingPoint
    macs_density: float = Field(description="MACs kept, as a fraction of the dense network's.")
    parameters_density: float = Field(description="Parameters kept, as a fraction of the dense network's.")
    compression_ratio: float = Field(description="Dense over remaining parameters.")
    theoretical_speedup: float = Field(description="Dense MACs over those of the files, zeros counted.")
    instability: float | None = Field(
        description="Validation accuracy lost by the removals alone: straight before minus straight after."
    )
    relative_instability: float | None = Field(description="The same as a share of the accuracy straight before.")
    removals: RemovalSummary | None = Field(
        description="Instability of the single removals since the point before; null where they were not measured "
        "(`prune.measure_removals`)."
    )
    removals_notice: str | None = Field(
        description="The same as a sentence, with what the training steps before the removals won back."
    )
    worst_classes: list[ClassChange] = Field(
        description="The classes that lost most test accuracy against the dense network, at most five, the worst first."
    )
    dense_macs: int
    dense_parameters: int
    notice: str | None = Field(
        description="What to know before the network is used: of one whose single weights are zero, how many, what it "
        "takes compressed, and that it is not faster by that."
    )
    dead_notice: str | None = Field(
        description="Which layers and how many dead channels were removed: layers whose residual branch said the same "
        "whatever the input, channels that nobody read or whose value did not depend on the input."
    )
    collapse_notice: str | None = Field(
        description="What to change where the network does no better than guessing, though the dense one did."
    )
    keeps_shapes: bool = Field(description="No tensor is smaller than in the dense network: no latency is measured.")
    files: list[FileAnswer]
    formats: list[FormatAnswer] = Field(description="Every format, made or not.")
    latency: LatencyAnswer

    @classmethod
    def of(cls, entry: PointEntry, layout: RunLayout) -> Self:
        """The answer for a point."""
        point = entry.point
        return cls(
            point=point,
            macs_density=density(point.macs, layout.dense_macs),
            parameters_density=density(point.parameters, layout.dense_parameters),
            compression_ratio=point.compression_ratio(layout),
            theoretical_speedup=point.theoretical_speedup(layout),
            instability=point.instability,
            relative_instability=point.relative_instability,
            removals=entry.removals,
            removals_notice=None if entry.removals is None else entry.removals.notice(point),
            worst_classes=list(entry.worst_classes),
            dense_macs=layout.dense_macs,
            dense_parameters=layout.dense_parameters,
            notice=point.notice,
            dead_notice=point.dead_notice,
            collapse_notice=point.collapse_notice,
            keeps_shapes=point.keeps_shapes,
            files=[FileAnswer.of(file) for file in entry.files],
            formats=[FormatAnswer.of(item) for item in entry.formats],
            latency=LatencyAnswer.of(entry.latency),
        )
