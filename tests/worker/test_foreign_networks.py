"""A network that nobody has seen, uploaded as an exported program, is pruned like one of the zoo."""

from pathlib import Path

import torch
from torch import nn

from backend.db.models import DatasetRow, ModelRow
from backend.domain.jobs import JobKind, JobState
from tests.faults.jobs import RECIPE
from tests.intake.exported_programs import exported
from tests.worker.workshop import Bench
from worker.data import load_builtin, to_neutral
from worker.jobs.table import PERFORMERS
from worker.runner import Runner


class Unseen(nn.Module):
    """Branches that are joined and added, a norm, a gate, and a classifier on what is left."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.left, self.right = nn.Conv2d(8, 4, 3, padding=1), nn.Conv2d(8, 4, 5, padding=2)
        self.gate, self.mix = nn.Linear(8, 8), nn.Conv2d(8, 8, 1)
        self.fc = nn.Linear(8 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.stem(x)))
        y = torch.cat([self.left(x), self.right(x)], 1).relu()
        y = self.mix(y) * torch.sigmoid(self.gate(x.mean((2, 3))))[:, :, None, None]
        return self.fc(torch.nn.functional.max_pool2d((x + y).relu(), 2).flatten(1))


def test_an_exported_program_is_uploaded_read_and_pruned(bench: Bench) -> None:
    torch.manual_seed(0)
    store, neutral = bench.workshop.store, to_neutral(load_builtin("digits", (), Path()))
    content = exported(Unseen(), (torch.randn(2, 1, 8, 8),))
    with bench.workshop.work() as work:
        row = ModelRow(
            name="m",
            file_name="my network.pt2",
            source="upload",
            state="inspecting",
            content_hash=store.put_bytes(content).sha256,
        )
        model_id = work.models.add(row).id
        data = DatasetRow(
            name="digits",
            title="Digits",
            source="builtin",
            state="ready",
            tensors_hash=store.put_bytes(neutral.tensors).sha256,
            summary=neutral.summary,
        )
        dataset_id = work.datasets.add(data).id
    intake = bench.queue(JobKind.MODEL_INTAKE, model_id=model_id)
    Runner(bench.workshop, PERFORMERS).run(intake)
    with bench.workshop.work() as work:
        model = work.models.get(model_id)
    assert bench.job(intake).state is JobState.COMPLETED
    assert (model.state, model.summary.architecture, model.summary.input_shape) == ("ready", "Unseen", (1, 8, 8))
    assert {layer.name for layer in model.summary.layers} >= {"stem", "left", "right", "mix", "fc"}
    recipe = RECIPE.model_copy(update={"target": RECIPE.target.model_copy(update={"sparsity": 0.3})})
    run = bench.queue(model_id=model_id, dataset_id=dataset_id, recipe=recipe, recipe_fingerprint=recipe.fingerprint())
    Runner(bench.workshop, PERFORMERS).run(run)
    assert bench.job(run).state is JobState.COMPLETED
    with bench.workshop.work() as work:
        last = work.points.last_of([run])[run]
    assert last.macs < model.summary.macs
