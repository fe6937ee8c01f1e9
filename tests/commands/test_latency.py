"""`secateur latency`: the time of every layer, and the section of a recipe that holds it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.domain.latencies import Latency, latency_misfit
from tests.engine.runs import small_lenet
from worker.cli import secateur
from worker.engine.network import dump, summarize
from worker.zoo.fresh import initialize


def call(file: Path, *arguments: object) -> Result:
    fixed = ("latency", file, "--device", "cpu", "--threads", 1)
    return CliRunner().invoke(secateur, [str(argument) for argument in (*fixed, *arguments)])


@pytest.fixture
def lenet(tmp_path: Path) -> Path:
    file = tmp_path / "lenet5.safetensors"
    file.write_bytes(dump(initialize("lenet5", (1, 28, 28), 10, 0)).weights)
    return file


def test_a_table_of_all_layers_and_the_section_of_a_recipe_that_holds_them(lenet):
    result = call(lenet, "--batch", 2)
    assert result.exit_code == 0, result.output
    head, _, section = result.stdout.partition('"latency": ')
    assert "batch 2, cpu, 1 thread" in head
    rows = [line.split()[0] for line in head.splitlines()[2:] if line]
    assert rows == ["layer", "conv1", "conv2", "fc1", "fc2"]
    latency = Latency.model_validate_json(section)
    assert latency.batch_size == 2
    assert latency_misfit(summarize(small_lenet()), latency) is None
    assert latency.milliseconds_behind.keys() == {"conv1", "conv2", "fc1"}


def test_as_json_shares_add_up(lenet):
    told = json.loads(call(lenet, "--json").stdout)
    parts = [*told["layers"], told["rest"]]
    assert sum(part["share"] for part in parts) == pytest.approx(1.0)
    total = sum(part["milliseconds"] + part.get("behind", 0.0) for part in parts)
    assert total == pytest.approx(told["milliseconds"])
    latency = Latency.model_validate(told["latency"])
    for key, times in (("milliseconds", latency.milliseconds), ("behind", latency.milliseconds_behind)):
        for layer, milliseconds in times.items():
            (exact,) = (part[key] for part in told["layers"] if part["name"] == layer)
            assert milliseconds == pytest.approx(exact, rel=1e-3)
