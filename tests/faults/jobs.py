"""A small pruning job on real data, and what it leaves behind."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from backend.db import UnitOfWork
from backend.db.models import ArtifactRow, DatasetRow, JobRow, ModelRow, PointRow, StepRow
from backend.domain.criteria import FisherCriterion
from backend.domain.jobs import JobKind
from backend.domain.pruning import Prune
from backend.domain.recipe import DataSplit, Recipe
from backend.domain.retraining import Retrain
from backend.domain.schedules import GreedySchedule
from backend.domain.targets import SparsityTarget
from backend.storage import ArtifactStore
from worker.data import load_builtin, to_neutral
from worker.engine.network import dump, summarize
from worker.zoo.fresh import initialize

WIDTHS = (32, 24)
RECIPE = Recipe(
    target=SparsityTarget(sparsity=0.6),
    prune=Prune(criterion=FisherCriterion(), schedule=GreedySchedule(training_steps=3), points=2),
    retrain=Retrain(epochs=1, steps_per_record=2),
    data=DataSplit(batch_size=64),
)


@dataclass(frozen=True)
class Subjects:
    """A model and a dataset, ready to be used."""

    model_id: str
    dataset_id: str


def prepare(sessions: sessionmaker[Session], store: ArtifactStore) -> Subjects:
    """An untrained multilayer perceptron, and digits."""
    network = initialize("mlp", (1, 8, 8), 10, 0, WIDTHS)
    files, neutral = dump(network), to_neutral(load_builtin("digits", (), Path()))
    with UnitOfWork(sessions) as work:
        model = ModelRow(
            name="mlp",
            file_name="mlp.safetensors",
            source="upload",
            state="ready",
            graph_hash=store.put_bytes(files.graph.encode()).sha256,
            weights_hash=store.put_bytes(files.weights).sha256,
            summary=summarize(network),
        )
        dataset = DatasetRow(
            name="digits",
            title="Digits",
            source="builtin",
            state="ready",
            tensors_hash=store.put_bytes(neutral.tensors).sha256,
            summary=neutral.summary,
        )
        return Subjects(work.models.add(model).id, work.datasets.add(dataset).id)


def queue(sessions: sessionmaker[Session], subjects: Subjects, recipe: Recipe = RECIPE) -> str:
    """Queue a pruning run; returns its id."""
    row = JobRow(
        kind=JobKind.PRUNE,
        name="run",
        model_id=subjects.model_id,
        dataset_id=subjects.dataset_id,
        recipe=recipe,
        recipe_fingerprint=recipe.fingerprint(),
    )
    with UnitOfWork(sessions) as work:
        return work.jobs.add(row).id


def outcome(sessions: sessionmaker[Session], job_id: str) -> dict[str, list[Any]]:
    """Everything a run left: history, points, and the hashes of all its files."""
    with sessions() as session:
        tables = {}
        keys = ((StepRow, ("step",)), (PointRow, ("index",)), (ArtifactRow, ("point_index", "name")))
        for row, key in keys:
            table = row.__table__
            columns = [column for column in table.columns if column.name != "job_id"]
            query = select(*columns).where(table.c.job_id == job_id).order_by(*(table.c[name] for name in key))
            tables[row.__tablename__] = [tuple(values) for values in session.execute(query)]
    return tables
