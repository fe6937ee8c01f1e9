"""Results files: what one machine has run is not run again on another, and nothing in them is lost or mixed up."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.domain.comparison import Cell, Comparison, Outcome
from backend.domain.errors import InvalidValue
from tests.bench.test_bench import compare, plan
from tests.engine.runs import CPU, blobs
from worker.bench.bench import Bench
from worker.bench.plan import Plan
from worker.bench.results import Kept, read_results
from worker.bench.shelf import Shelf


def bench_in(folder: Path, chosen: Plan, said: list[str]) -> Bench:
    return Bench(chosen, blobs(), CPU, Shelf(folder), said.append)


def compare_with(file: Path, folder: Path, chosen: Plan, said: list[str]) -> Comparison:
    """As the command does with `--results`."""
    bench, kept = bench_in(folder, chosen, said), Kept(file)
    kept.take_up(chosen, bench.shelf, bench.dense_keys)
    comparison = bench.compare()
    kept.put_down(comparison, bench.shelf, bench.dense_keys)
    return comparison


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one machine."""
    folder = tmp_path_factory.mktemp("here")
    compare_with(folder / "kept.json", folder / "runs", plan(methods=("uniform",)), [])
    return folder / "kept.json"


def copy_of(file: Path, folder: Path) -> Path:
    copy = folder / file.name
    copy.write_bytes(file.read_bytes())
    for network in file.with_suffix("").iterdir():
        (folder / "kept").mkdir(exist_ok=True)
        (folder / "kept" / network.name).write_bytes(network.read_bytes())
    return copy


def test_another_machine_goes_on_with_the_same_dense_network(file: Path, tmp_path: Path):
    said: list[str] = []
    copy = copy_of(file, tmp_path)
    comparison = compare_with(copy, tmp_path / "runs", plan(), said)
    assert [line.partition(",")[0] for line in said] == ["magnitude-channel"]
    assert comparison == read_results(copy) == compare(plan(), tmp_path / "anew")


def test_a_dense_network_that_was_kept_is_not_trained_again(file: Path, tmp_path: Path):
    copy, shelf = copy_of(file, tmp_path), Shelf(tmp_path / "runs")
    keys = bench_in(tmp_path / "runs", plan(), []).dense_keys
    Kept(copy).take_up(plan(), shelf, keys)
    network = shelf.network(keys[0])
    assert network is not None
    kept = Shelf(file.with_suffix("")).network(keys[0])
    assert kept is not None
    assert all(network.tensors[name].equal(tensor) for name, tensor in kept.tensors.items())


def test_runs_of_another_dense_network_are_refused_before_anything_is_written(file: Path, tmp_path: Path):
    """As of a processor that adds up in another order: its network is another one."""
    copy = copy_of(file, tmp_path)
    for network in (tmp_path / "kept").iterdir():
        network.unlink()
    content = json.loads(copy.read_text())
    content["outcomes"][0]["dense_accuracy"] = 0.5
    copy.write_text(json.dumps(content))
    before = copy.read_bytes()
    with pytest.raises(InvalidValue, match=r"seed 0 began with a dense network that reads 50\.00%"):
        compare_with(copy, tmp_path / "runs", plan(), [])
    assert copy.read_bytes() == before
    assert not list((tmp_path / "runs").glob("*.safetensors"))
    outcomes = tuple(
        Outcome(cell=Cell(method="uniform", compression=2, seed=0), dense_accuracy=accuracy, test_accuracy=0.5)
        for accuracy in (0.9, 0.8)
    )
    with pytest.raises(ValidationError, match=r"different dense networks: one reads 90\.00%"):
        Comparison(network="lenet300", data="blobs", outcomes=outcomes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"network": "lenet5"}, "results of the network `lenet300`, not of `lenet5`"),
        ({"data": "digits"}, "results of the dataset `blobs`, not of `digits`"),
        ({"methods": ("lamp2021",)}, "has 1 runs that this comparison has not, such as `uniform` at 1.2x with seed 0"),
    ],
)
def test_results_that_would_be_lost_are_told(file: Path, tmp_path: Path, changes, sentence):
    before = file.read_bytes()
    with pytest.raises(InvalidValue, match=sentence):
        Kept(file).take_up(plan(**changes), Shelf(tmp_path), ())
    assert file.read_bytes() == before
    assert not list(tmp_path.iterdir())


def test_a_file_that_holds_something_else_is_told_with_what_is_wrong(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"network": "lenet300"}')
    with pytest.raises(InvalidValue, match=r"a\.json holds no results of a comparison: data: Field required"):
        read_results(tmp_path / "a.json")
