"""MNIST and Fashion-MNIST: four idx files of the same names, from a local folder, else downloaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.domain.errors import FailureCode, JobFailure
from worker.data.download import DownloadFailed, Fetch, fetch_from
from worker.data.idx import BadIdxFile, read_idx
from worker.data.labeled import Array, LabeledExamples

SYSTEM_FOLDER = Path("/usr/share/datasets")
"""Where Debian's package `dataset-fashion-mnist` makes its folder."""


@dataclass(frozen=True)
class ImageArchive:
    """60,000 training and 10,000 test images of (1, 28, 28), uint8, in ten classes."""

    name: str
    """Of the dataset, and of the folder that its files lie in: other archives have files of the same names."""
    title: str
    sources: tuple[str, ...]
    checksums: Mapping[str, str]
    """sha256 of the files that the authors publish, images and labels of the training part first."""
    class_names: tuple[str, ...]
    remedy: str
    """Where else the files are to be had."""

    def load(self, folders: Sequence[Path], cache: Path, fetch: Fetch | None = None) -> LabeledExamples:
        """Look in each folder's folder `name`, and in folders of that name, then download into `cache`.

        Raises JobFailure(DATA_UNAVAILABLE) that says where it looked.
        """
        failures = []
        for folder in self._places(folders):
            paths = self._find(folder)
            if paths is None:
                failures.append(f"{folder} (not all of its four files are there)")
                continue
            try:
                return self._read(paths)
            except (OSError, BadIdxFile) as error:
                failures.append(f"{folder} ({error})")
        try:
            return self._read(self._download(cache, fetch or fetch_from(self.sources)))
        except (DownloadFailed, OSError, BadIdxFile) as error:
            failures.append(f"the network ({error})")
        raise JobFailure(
            FailureCode.DATA_UNAVAILABLE,
            f"{self.title} was found nowhere. Looked in: {'; '.join(failures)}.",
            f"Put its four .gz files into a folder `{self.name}`, and name that folder or the one around it in "
            f"SECATEUR_DATASETS, or {self.remedy}connect to the network and prepare the dataset again.",
        )

    def _places(self, folders: Sequence[Path]) -> list[Path]:
        named = [folder if folder.name == self.name else folder / self.name for folder in folders]
        return [*named, SYSTEM_FOLDER / self.name]

    def _find(self, folder: Path) -> dict[str, Path] | None:
        found = {}
        for name in self.checksums:
            candidates = [path for path in (folder / name, folder / name.removesuffix(".gz")) if path.is_file()]
            if not candidates:
                return None
            found[name] = candidates[0]
        return found

    def _download(self, cache: Path, fetch: Fetch) -> dict[str, Path]:
        return {name: fetch(name, sha256, cache / self.name) for name, sha256 in self.checksums.items()}

    def _read(self, paths: Mapping[str, Path]) -> LabeledExamples:
        x_train, y_train, x_test, y_test = (read_idx(paths[name]) for name in self.checksums)
        train, test = self._checked(x_train, y_train), self._checked(x_test, y_test)
        return LabeledExamples.of_one_input(*train, *test, class_names=self.class_names)

    def _checked(self, images: Array, labels: Array) -> tuple[Array, Array]:
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(labels):
            raise BadIdxFile(f"images of shape {images.shape} do not go with labels of shape {labels.shape}")
        if images.dtype != np.uint8 or labels.min() < 0 or labels.max() >= len(self.class_names):
            raise BadIdxFile(f"pixels must be bytes, and labels lie between 0 and {len(self.class_names) - 1}")
        return images[:, None], labels.astype(np.int64)


FASHION_MNIST = ImageArchive(
    name="fashion-mnist",
    title="Fashion-MNIST",
    sources=(
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    },
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    remedy="install Debian's package dataset-fashion-mnist, or ",
)
"""Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747."""

MNIST = ImageArchive(
    name="mnist",
    title="MNIST",
    sources=("https://storage.googleapis.com/cvdf-datasets/mnist", "https://ossci-datasets.s3.amazonaws.com/mnist"),
    checksums={
        "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    },
    class_names=tuple("0123456789"),
    remedy="",
)
"""LeCun, Cortes and Burges 1998: handwritten digits."""
