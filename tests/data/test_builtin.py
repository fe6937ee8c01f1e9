import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits as load_from_scikit_learn

from backend.domain.datasets import BUILTIN_DATASETS, ONLY
from backend.domain.errors import FailureCode, JobFailure
from tests.data.test_idx import make_idx
from worker.data import builtin, image_archives, load_builtin
from worker.data.download import DownloadFailed, fetch_from
from worker.data.image_archives import FASHION_MNIST, MNIST, ImageArchive


@pytest.fixture(autouse=True)
def no_system_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(image_archives, "SYSTEM_FOLDER", tmp_path / "nothing-here")


def write_small_copy(folder: Path, train: int = 20, test: int = 10, suffix: str = ".gz") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", train), ("t10k", test)):
        images = np.full((count, 28, 28), 7, dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            content = make_idx(values)
            (folder / f"{part}-{kind}-ubyte{suffix}").write_bytes(gzip.compress(content) if suffix else content)


def refuse_to_fetch(name: str, sha256: str, cache: Path) -> Path:
    raise DownloadFailed(f"{name}: no network in tests")


def test_the_catalogue_of_the_web_is_what_can_be_loaded():
    assert set(builtin.NAMES) == set(BUILTIN_DATASETS)


def test_digits_are_those_of_scikit_learn(tmp_path):
    source = load_from_scikit_learn()
    data = load_builtin("digits", [], tmp_path)
    is_test = np.arange(len(source.target)) % 5 == 4
    assert np.array_equal(data.y_test, source.target[is_test])
    assert np.array_equal(np.rint(data.x_train[ONLY][:, 0] / 255 * 16), source.images[~is_test])


def test_digits_need_no_files(tmp_path):
    data = load_builtin("digits", [], tmp_path)
    assert data.x_train[ONLY].shape == (1438, 1, 8, 8)
    assert data.x_test[ONLY].shape == (359, 1, 8, 8)
    assert (data.x_train[ONLY].dtype, data.x_train[ONLY].max()) == (np.uint8, 255)
    assert data.class_names == tuple("0123456789")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".gz", ""])
@pytest.mark.parametrize("around", [True, False])
@pytest.mark.parametrize(("archive", "last"), [(FASHION_MNIST, "Ankle boot"), (MNIST, "9")])
def test_an_archive_is_read_from_the_folder_of_its_name(tmp_path, suffix, around, archive: ImageArchive, last):
    folder = tmp_path / archive.name
    write_small_copy(folder, suffix=suffix)
    data = load_builtin(archive.name, [tmp_path if around else folder], tmp_path / "cache")
    assert data.x_train[ONLY].shape == (20, 1, 28, 28)
    assert data.y_test.tolist() == list(range(10))
    assert data.class_names[9] == last
    assert not (tmp_path / "cache").exists()


def test_files_of_one_archive_are_not_taken_for_those_of_another(tmp_path):
    write_small_copy(tmp_path / "mnist")
    for folder in (tmp_path, tmp_path / "mnist"):
        with pytest.raises(JobFailure, match="Fashion-MNIST was found nowhere"):
            FASHION_MNIST.load([folder], tmp_path / "cache", refuse_to_fetch)


def test_a_damaged_folder_is_passed_over_for_the_next_one(tmp_path):
    write_small_copy(tmp_path / "broken" / "fashion-mnist")
    (tmp_path / "broken" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(b"\x1f\x8bno")
    write_small_copy(tmp_path / "good" / "fashion-mnist", train=30)
    data = FASHION_MNIST.load([tmp_path / "broken", tmp_path / "good"], tmp_path / "cache", refuse_to_fetch)
    assert len(data.x_train[ONLY]) == 30


def test_what_no_folder_has_is_downloaded_with_its_checksum(tmp_path):
    write_small_copy(tmp_path / "upstream")
    asked = {}

    def fetch(name, sha256, cache):
        asked[name] = sha256
        assert cache == tmp_path / "cache" / "fashion-mnist"
        return tmp_path / "upstream" / name

    assert len(FASHION_MNIST.load([], tmp_path / "cache", fetch).x_train[ONLY]) == 20
    assert asked == FASHION_MNIST.checksums


def test_data_that_is_nowhere_says_where_it_looked(tmp_path):
    short = tmp_path / "short" / "fashion-mnist"
    write_small_copy(short, test=10)
    (short / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(make_idx(np.zeros(3, np.uint8))))
    with pytest.raises(JobFailure) as caught:
        FASHION_MNIST.load([tmp_path / "short", tmp_path / "empty"], tmp_path / "cache", refuse_to_fetch)
    assert caught.value.code is FailureCode.DATA_UNAVAILABLE
    for place in (short, tmp_path / "empty" / "fashion-mnist", image_archives.SYSTEM_FOLDER, "no network"):
        assert str(place) in caught.value.detail
    assert "images of shape (20, 28, 28) do not go with labels of shape (3,)" in caught.value.detail
    assert "SECATEUR_DATASETS" in caught.value.hint


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(JobFailure, match="`cifar`") as caught:
        load_builtin("cifar", [], tmp_path)
    assert caught.value.code is FailureCode.DATA_UNAVAILABLE
    assert "digits, fashion-mnist" in caught.value.hint


def test_a_cached_download_is_not_fetched_again(tmp_path):
    (tmp_path / "file.gz").write_bytes(b"content")
    fetch = fetch_from(["http://127.0.0.1:9"])
    assert fetch("file.gz", hashlib.sha256(b"content").hexdigest(), tmp_path) == tmp_path / "file.gz"


def test_a_failed_download_names_every_source(tmp_path):
    fetch = fetch_from(["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"])
    with pytest.raises(DownloadFailed, match=r"/a/file\.gz: .*/b/file\.gz: "):
        fetch("file.gz", "0" * 64, tmp_path)
