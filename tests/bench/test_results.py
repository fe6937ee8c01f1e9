"""Results files: what one machine has run is not run again on another, and nothing in them is lost or mixed up."""

import json
from dataclasses import replace
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

OTHER = "0" * 20


def bench_in(folder: Path, chosen: Plan, said: list[str]) -> Bench:
    return Bench(chosen, blobs(), CPU, Shelf(folder), said.append)


def compare_with(file: Path, folder: Path, chosen: Plan, said: list[str]) -> Comparison:
    """As the command does with `--results`."""
    bench, kept = bench_in(folder, chosen, said), Kept(file)
    kept.take_up(bench)
    comparison = bench.compare()
    kept.put_down(bench)
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
    bench = bench_in(tmp_path / "runs", plan(), [])
    Kept(copy_of(file, tmp_path)).take_up(bench)
    network = bench.shelf.network(bench.dense_keys[0])
    assert network is not None
    kept = Shelf(file.with_suffix("")).network(bench.dense_keys[0])
    assert kept is not None
    assert all(network.tensors[name].equal(tensor) for name, tensor in kept.tensors.items())


def test_runs_of_another_dense_network_are_refused_before_anything_is_written(file: Path, tmp_path: Path):
    """As of a processor that adds up in another order: its network is another one."""
    copy = copy_of(file, tmp_path)
    for network in (tmp_path / "kept").iterdir():
        network.unlink()
    content = json.loads(copy.read_text())
    content["outcomes"][0]["dense"] = OTHER
    copy.write_text(json.dumps(content))
    before = copy.read_bytes()
    with pytest.raises(InvalidValue, match=rf"seed 0 began with another dense network \({OTHER}\)"):
        compare_with(copy, tmp_path / "runs", plan(), [])
    assert copy.read_bytes() == before
    assert not list((tmp_path / "runs").glob("*.safetensors"))
    outcomes = tuple(
        Outcome(cell=Cell(method="uniform", compression=2, seed=0), dense=digest, test_accuracy=0.5)
        for digest in ("a" * 20, OTHER)
    )
    with pytest.raises(ValidationError, match=rf"different dense networks \({'a' * 20} and {OTHER}\)"):
        Comparison(network="lenet300", data="blobs", outcomes=outcomes)


def test_a_dense_network_that_another_device_reads_a_little_differently_is_the_same(file: Path, tmp_path: Path):
    copy = copy_of(file, tmp_path)
    content = json.loads(copy.read_text())
    content["outcomes"][0]["dense_accuracy"] -= 1 / 16
    copy.write_text(json.dumps(content))
    comparison = compare_with(copy, tmp_path / "runs", plan(), [])
    assert len({outcome.dense_accuracy for outcome in comparison.outcomes}) == 2
    assert len({outcome.dense for outcome in comparison.outcomes}) == 1


def test_a_dense_network_in_place_of_another_is_noticed(file: Path, tmp_path: Path):
    """Beside results, another network lies in its place."""
    bench = bench_in(tmp_path / "runs", plan(), [])
    Kept(copy_of(file, tmp_path)).take_up(bench)
    network = bench.shelf.network(bench.dense_keys[0])
    assert network is not None
    other = replace(network, tensors={name: tensor + 1 for name, tensor in network.tensors.items()})
    bench.shelf.keep_network(bench.dense_keys[0], other)
    with pytest.raises(InvalidValue, match="seed 0 began with another dense network"):
        bench.compare()


def test_a_folder_with_a_dense_network_of_its_own_is_refused_and_stays_as_it_is(file: Path, tmp_path: Path):
    """What was stopped there went on from that network."""
    bench = bench_in(tmp_path / "runs", plan(), [])
    (key,) = bench.dense_keys
    kept = Shelf(file.with_suffix("")).network(key)
    assert kept is not None
    own = replace(kept, tensors={name: tensor + 1 for name, tensor in kept.tensors.items()})
    bench.shelf.keep_network(key, own)
    before = {path.name: path.read_bytes() for path in (tmp_path / "runs").iterdir()}
    with pytest.raises(InvalidValue, match="runs has another dense network"):
        Kept(copy_of(file, tmp_path)).take_up(bench)
    assert {path.name: path.read_bytes() for path in (tmp_path / "runs").iterdir()} == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"network": "lenet5"}, "results of the network `lenet300`, not of `lenet5`"),
        ({"data": "digits"}, "results of the dataset `blobs`, not of `digits`"),
        ({"methods": ("lamp2021",)}, "has 1 runs that this comparison has not, such as `uniform` at 1.2x with seed 0"),
        ({"retrain_epochs": 8}, "has 1 runs that were made with other settings or other data .* such as `uniform` at"),
    ],
)
def test_results_that_would_be_lost_are_told(file: Path, tmp_path: Path, changes, sentence):
    before = file.read_bytes()
    with pytest.raises(InvalidValue, match=sentence):
        Kept(file).take_up(bench_in(tmp_path, plan(**({"methods": ("uniform",)} | changes)), []))
    assert file.read_bytes() == before
    assert not list(tmp_path.iterdir())


def test_a_file_that_holds_something_else_is_told_with_what_is_wrong(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"network": "lenet300"}')
    with pytest.raises(InvalidValue, match=r"a\.json holds no results of a comparison: data: Field required"):
        read_results(tmp_path / "a.json")


def test_a_machine_that_failed_is_no_reason_not_to_try_again(file: Path, tmp_path: Path):
    copy = copy_of(file, tmp_path)
    content = json.loads(copy.read_text())
    failed = {name: content["outcomes"][0][name] for name in ("cell", "key")}
    content["outcomes"] = [failed | {"failure": "The device ran out of memory.", "code": "out_of_memory"}]
    copy.write_text(json.dumps(content))
    said: list[str] = []
    (outcome,) = compare_with(copy, tmp_path / "runs", plan(methods=("uniform",)), said).outcomes
    assert len(said) == 1
    assert outcome == read_results(file).outcomes[0]


def test_tries_that_were_not_chosen_are_kept_too(tmp_path: Path):
    tried = plan(methods=("uniform",), learning_rates=(1e-6, 0.05))
    first = compare_with(tmp_path / "kept.json", tmp_path / "here", tried, [])
    assert (len(first.outcomes), len(first.others)) == (1, 1)
    said: list[str] = []
    assert compare_with(tmp_path / "kept.json", tmp_path / "there", tried, said) == first
    assert said == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"key": "../../elsewhere"}, "outcomes.0.key: String should match pattern"),
        ({"test_accuracy": 17.5}, "outcomes.0.test_accuracy: Input should be less than or equal to 1"),
    ],
)
def test_what_no_run_can_have_found_is_not_taken_from_a_file(file: Path, tmp_path: Path, change, sentence):
    content = json.loads(file.read_text())
    content["outcomes"][0] |= change
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(InvalidValue, match=sentence):
        read_results(tmp_path / "a.json")


def test_a_place_that_cannot_be_written_is_told_before_anything_runs(tmp_path: Path):
    Kept(tmp_path / "a.json").check()
    for file, sentence in (("a", "not `a`"), ("none/a.json", "There is no folder")):
        with pytest.raises(InvalidValue, match=sentence):
            Kept(tmp_path / file).check()


@pytest.mark.parametrize(
    ("pattern", "read"),
    [
        ("*.safetensors", lambda bench: bench.shelf.network(bench.dense_keys[0])),
        ("*.outcome.json", lambda bench: bench.compare()),
    ],
)
def test_damaged_files_are_told_by_name_and_what_to_do(file: Path, tmp_path: Path, pattern: str, read):
    bench = bench_in(tmp_path / "runs", plan(methods=("uniform",)), [])
    Kept(copy_of(file, tmp_path)).take_up(bench)
    (damaged,) = (tmp_path / "runs").glob(pattern)
    damaged.write_bytes(b"xx")
    with pytest.raises(InvalidValue, match=rf"{damaged.name} is damaged") as caught:
        read(bench)
    assert caught.value.hint.startswith("Delete it: ")
