"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747): from a local folder, else downloaded."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from backend.domain.errors import FailureCode, JobFailure
from worker.data.download import DownloadFailed, Fetch, fetch_from
from worker.data.idx import BadIdxFile, read_idx
from worker.data.labeled import Array, LabeledExamples

FOLDER_NAME = "fashion-mnist"
SYSTEM_FOLDER = Path("/usr/share/datasets") / FOLDER_NAME
"""Where Debian's package `dataset-fashion-mnist` puts the files."""
SOURCES = (
    "https://fashion-mnist.s3.eu-central-1.amazonaws.com",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
)
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
"""sha256 of the files that the authors publish."""
CLASS_NAMES = (
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
)


def load_fashion_mnist(folders: Sequence[Path], cache: Path, fetch: Fetch | None = None) -> LabeledExamples:
    """60,000 training and 10,000 test images of (1, 28, 28), uint8.

    Looks in each folder and its `fashion-mnist`, then where Debian puts it, then downloads into `cache`.
    Raises JobFailure(DATA_UNAVAILABLE) that says where it looked.
    """
    failures = []
    places = [place for folder in folders for place in (folder / FOLDER_NAME, folder)]
    for folder in (*places, SYSTEM_FOLDER):
        paths = _find_files(folder)
        if paths is None:
            failures.append(f"{folder} (not all of its four files are there)")
            continue
        try:
            return _read(paths)
        except (OSError, BadIdxFile) as error:
            failures.append(f"{folder} ({error})")
    try:
        return _read(_download(cache, fetch or fetch_from(SOURCES)))
    except (DownloadFailed, OSError, BadIdxFile) as error:
        failures.append(f"the network ({error})")
    raise JobFailure(
        FailureCode.DATA_UNAVAILABLE,
        f"Fashion-MNIST was found nowhere. Looked in: {'; '.join(failures)}.",
        "Put its four .gz files into a folder and name it in SECATEUR_DATASETS, or install Debian's package "
        "dataset-fashion-mnist, or connect to the network and prepare the dataset again.",
    )


def _find_files(folder: Path) -> dict[str, Path] | None:
    found = {}
    for name in CHECKSUMS:
        candidates = [path for path in (folder / name, folder / name.removesuffix(".gz")) if path.is_file()]
        if not candidates:
            return None
        found[name] = candidates[0]
    return found


def _download(cache: Path, fetch: Fetch) -> dict[str, Path]:
    return {name: fetch(name, sha256, cache / FOLDER_NAME) for name, sha256 in CHECKSUMS.items()}


def _read(paths: dict[str, Path]) -> LabeledExamples:
    x_train, y_train, x_test, y_test = (read_idx(paths[name]) for name in CHECKSUMS)
    return LabeledExamples.of_one_input(*_checked(x_train, y_train), *_checked(x_test, y_test), class_names=CLASS_NAMES)


def _checked(images: Array, labels: Array) -> tuple[Array, Array]:
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels) or not len(labels):
        raise BadIdxFile(f"images of shape {images.shape} do not go with labels of shape {labels.shape}")
    if images.dtype != np.uint8 or labels.min() < 0 or labels.max() >= len(CLASS_NAMES):
        raise BadIdxFile(f"pixels must be bytes, and labels lie between 0 and {len(CLASS_NAMES) - 1}")
    return images[:, None], labels.astype(np.int64)
