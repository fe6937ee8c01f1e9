"""What opening an exported program costs: wall clock, processor time and memory of a ResNet-50 through the sandbox.

    python -m tests.benchmarks.import_cost [--repeats 5]

Goal: at most 6 seconds and 1.5 GB, the locked-down process and what its parent checks again included.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

BLOCKS = (3, 4, 6, 3)
EXPANSION = 4


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut (He et al. 2016, figure 5)."""

    def __init__(self, source: int, width: int, stride: int) -> None:
        super().__init__()
        target = EXPANSION * width
        self.conv1, self.bn1 = nn.Conv2d(source, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, target, 1, bias=False), nn.BatchNorm2d(target)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Identity()
        if stride != 1 or source != target:
            self.shortcut = nn.Sequential(nn.Conv2d(source, target, 1, stride, bias=False), nn.BatchNorm2d(target))

    def forward(self, x: Tensor) -> Tensor:
        """(N, source, H, W) to (N, 4 width, H / stride, W / stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return self.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


class ResNet50(nn.Module):
    """The network of He et al. 2016, table 1, for 224 x 224 images and 1000 classes: 25,557,032 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        source, stages = 64, []
        for number, count in enumerate(BLOCKS):
            width = 64 * 2**number
            strides = (1 if number == 0 else 2, *(1,) * (count - 1))
            for stride in strides:
                stages.append(Bottleneck(source, width, stride))
                source = EXPANSION * width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(source, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 224, 224) to (N, 1000)."""
        return self.head(self.stages(self.stem(x)).mean((2, 3)))


def write_program(path: Path) -> None:
    """Export a ResNet-50 with an open batch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = ({0: torch.export.Dim("batch")},)
        program = torch.export.export(ResNet50().eval(), (torch.randn(2, 3, 224, 224),), dynamic_shapes=shapes)
        torch.export.save(program, path)


def measure(path: Path) -> None:
    """Open the file once, in this process and its child, and print what that took."""
    from worker.intake.models import inspect_model

    before, begin = _processor_s(), time.monotonic()
    intake = inspect_model(path, None)
    wall_s, processor_s = time.monotonic() - begin, _processor_s() - before
    own, child = (resource.getrusage(who).ru_maxrss / 1e6 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(
        f"{wall_s:.2f} s, {processor_s:.2f} CPU s, child {child:.2f} GB, parent {own:.2f} GB, {type(intake).__name__}"
    )


def _processor_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file, then open it in fresh processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--file", type=Path, help="An exported program of your own, instead of a ResNet-50.")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.once:
        measure(options.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "resnet50.pt2"
        if options.file is None:
            write_program(path)
        print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB; torch {torch.__version__}")
        command = [sys.executable, "-m", "tests.benchmarks.import_cost", "--once", "--file", str(path)]
        for _ in range(options.repeats):
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
