"""Networks and datasets from files and names on this machine, for the commands that need no server."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from backend.domain.datasets import BUILTIN_DATASETS
from backend.domain.errors import InvalidValue, NotFound
from backend.domain.network import ArchitectureMatch
from worker.data import from_neutral, load_builtin, to_neutral
from worker.engine.examples import Dataset
from worker.engine.network import Network, load
from worker.intake.datasets import inspect_dataset
from worker.intake.models import inspect_model
from worker.intake.outcome import Choice, Ready
from worker.settings import WorkerSettings

_ARRAYS = ".npz"


@dataclass(frozen=True)
class LocalNetwork:
    """A network read from a file, and that file's sha256 (hex)."""

    network: Network
    file_hash: str


def read_dataset(name: str) -> Dataset:
    """A built-in dataset by name, or a `.npz` file by path, opened in the locked-down child.

    Raises NotFound for any other name, JobFailure when the data cannot be had or read.
    """
    if name in BUILTIN_DATASETS:
        settings = WorkerSettings()
        return from_neutral(to_neutral(load_builtin(name, settings.dataset_folders, settings.downloads)).tensors)
    file = Path(name)
    if file.suffix != _ARRAYS or not file.is_file():
        raise NotFound(
            f"There is no dataset `{name}`.",
            hint=f"Choose one of {', '.join(BUILTIN_DATASETS)}, or a {_ARRAYS} with x_train, y_train, x_test, y_test.",
        )
    return from_neutral(inspect_dataset(file).tensors)


def read_network(file: Path, dataset: Dataset | None, architecture: str | None) -> LocalNetwork:
    """A checkpoint file, opened in the locked-down child; where several architectures fit, `architecture` decides.

    Of several input shapes the dataset's own is taken, where there is a dataset. Raises InvalidValue when nothing
    decides, JobFailure when the file cannot be read.
    """
    intake = inspect_model(file, None)
    if isinstance(intake, Choice):
        shape = None if dataset is None else dataset.train.inputs.shapes[0]
        intake = inspect_model(file, pick_architecture(intake.matches, shape, architecture))
    elif architecture not in (None, intake.summary.architecture):
        raise InvalidValue(
            f"{file.name} is no `{architecture}`: only `{intake.summary.architecture}` fits its tensors.",
            field="architecture",
        )
    if not isinstance(intake, Ready):
        raise TypeError("an intake whose architecture was chosen gives a network")
    with file.open("rb") as stream:
        file_hash = hashlib.file_digest(stream, "sha256").hexdigest()
    return LocalNetwork(load(intake.files), file_hash)


def pick_architecture(
    matches: tuple[ArchitectureMatch, ...], shape: tuple[int, ...] | None, architecture: str | None
) -> ArchitectureMatch:
    """The match that the user named, as `NAME` or `NAME:1x28x28`; of several input shapes the one that is given.

    InvalidValue when nothing decides.
    """
    named = [match for match in matches if architecture in (None, match.architecture, _with_shape(match))]
    fitting = [match for match in named if match.input_shape == shape] or named
    if len(fitting) == 1:
        return fitting[0]
    offered = (match.architecture if shape else _with_shape(match) for match in matches)
    names = ", ".join(dict.fromkeys(offered))
    raise InvalidValue(
        f"Several architectures fit the file: {names}." if named else f"The file is no `{architecture}`, but: {names}.",
        field="architecture",
        hint="Say which one with --architecture.",
    )


def _with_shape(match: ArchitectureMatch) -> str:
    return f"{match.architecture}:{'x'.join(map(str, match.input_shape))}"
