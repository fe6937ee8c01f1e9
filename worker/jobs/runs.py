"""Runs: the engine's generators, fed from the store and recorded in the database."""

from collections.abc import Callable, Iterable
from functools import partial

import torch

from backend.db import UnitOfWork
from backend.db.models import DatasetRow, ModelRow
from backend.domain.errors import FailureCode, JobFailure
from backend.domain.events import RunStarted, StepFinished
from backend.domain.point_details import PointDetails
from worker.data import from_neutral
from worker.delivery import Origin
from worker.engine.checkpoint import Checkpoint
from worker.engine.device import keep_freed_memory, make_deterministic, resolve_device
from worker.engine.examples import Dataset
from worker.engine.network import Network, NetworkFiles, dump, load, summarize
from worker.engine.results import FinishedPoint
from worker.engine.run import run
from worker.engine.sampling import train_sample
from worker.jobs.deliveries import order_measurement
from worker.jobs.files import Delivery, point_files
from worker.jobs.performance import Performance, Write, write_nothing
from worker.recorder import PointFile, Recorder
from worker.workshop import Workshop
from worker.zoo.fresh import initialize

_GONE = "is not there any more, so the run cannot begin."


def prune(performance: Performance) -> Write | None:
    """Prune a model by the job's recipe; its operating points are written as they are reached."""
    workshop, job = performance.workshop, performance.job
    if job.recipe is None:
        raise JobFailure(FailureCode.INTERNAL_ERROR, "The job has no recipe.", "Start the run again.")
    with workshop.work() as work:
        model = work.models.find(job.model_id or "")
        row = work.datasets.find(job.dataset_id or "")
    network, dataset = _read_network(workshop, model), _read_dataset(workshop, row)
    device = _prepare_device(workshop)
    resume = _read_checkpoint(performance)
    outputs = run(network, dataset, job.recipe, device, should_stop=performance.should_stop, resume=resume)
    model_hash = "" if model is None else model.content_hash or ""
    origin = Origin(model_hash, dataset.content_hash, job.recipe.seed, str(device))
    files = partial(point_files, delivery=Delivery(origin, job.recipe))
    last = _record(performance, outputs, resume, files)
    if last is None or not last.point.is_target:
        return None
    if last.point.keeps_shapes:
        return write_nothing
    return partial(order_measurement, workshop=workshop, run_id=job.id, point_index=last.point.index)


def train_sample_network(performance: Performance) -> Write | None:
    """Train a reference network; at the end it becomes a model that can be pruned."""
    workshop, job = performance.workshop, performance.job
    order = job.sample_order
    if order is None:
        raise JobFailure(FailureCode.INTERNAL_ERROR, "The job has no order.", "Start the run again.")
    with workshop.work() as work:
        row = work.datasets.find(job.dataset_id or "")
    dataset = _read_dataset(workshop, row)
    device = _prepare_device(workshop)
    resume = _read_checkpoint(performance)
    network = initialize(order.architecture, dataset.only_shape, dataset.class_count, order.seed)
    outputs = train_sample(network, dataset, order, device, should_stop=performance.should_stop, resume=resume)
    origin = Origin("", dataset.content_hash, order.seed, str(device))
    files = partial(point_files, delivery=Delivery(origin, None))
    last = _record(performance, outputs, resume, files)
    return None if last is None else partial(_add_model, model=_model_row(performance, last), job_id=job.id)


def _record(
    performance: Performance,
    outputs: Iterable[RunStarted | StepFinished | Checkpoint | FinishedPoint],
    resume: Checkpoint | None,
    files: Callable[[FinishedPoint], list[PointFile]],
) -> FinishedPoint | None:
    """Write everything the engine yields; returns the last point."""
    last = None
    with Recorder(performance.workshop, performance.claim) as recorder:
        for output in outputs:
            match output:
                case RunStarted():
                    recorder.started(output.layout, 0 if resume is None else resume.step)
                case StepFinished():
                    recorder.step(output.record)
                case Checkpoint():
                    recorder.checkpoint(output)
                case FinishedPoint():
                    graph = output.network.graph.model_dump_json().encode()
                    recorder.point(output.point, files(output), graph, _details(output))
                    last = output
    return last


def _details(finished: FinishedPoint) -> PointDetails:
    return PointDetails(scores=finished.scores, first_layers=finished.first_layers)


def _read_network(workshop: Workshop, model: ModelRow | None) -> Network:
    if model is None or model.graph_hash is None or model.weights_hash is None:
        raise JobFailure(FailureCode.DATA_UNAVAILABLE, f"The model {_GONE}", "Upload the model again.")
    graph, weights = workshop.store.read(model.graph_hash), workshop.store.read(model.weights_hash)
    return load(NetworkFiles(graph=graph.decode(), weights=weights))


def _read_dataset(workshop: Workshop, row: DatasetRow | None) -> Dataset:
    if row is None or row.tensors_hash is None:
        raise JobFailure(FailureCode.DATA_UNAVAILABLE, f"The dataset {_GONE}", "Choose another dataset.")
    return from_neutral(workshop.store.read(row.tensors_hash))


def _prepare_device(workshop: Workshop) -> torch.device:
    make_deterministic(workshop.settings.threads)
    keep_freed_memory()
    return resolve_device(workshop.settings.device)


def _read_checkpoint(performance: Performance) -> Checkpoint | None:
    claim = performance.claim
    data = performance.workshop.store.load_checkpoint(claim.job_id, epoch=claim.epoch)
    return None if data is None else Checkpoint.from_bytes(data)


def _model_row(performance: Performance, finished: FinishedPoint) -> ModelRow:
    """The trained network as a model; its blobs are stored here, its row with the end of the job."""
    job, store = performance.job, performance.workshop.store
    files = dump(finished.network)
    graph, weights = store.put_bytes(files.graph.encode()), store.put_bytes(files.weights)
    return ModelRow(
        name=job.name,
        file_name=f"{finished.network.graph.architecture}.safetensors",
        source="sample",
        state="ready",
        content_hash=weights.sha256,
        file_size=weights.size,
        graph_hash=graph.sha256,
        weights_hash=weights.sha256,
        summary=summarize(finished.network),
        trained_on=job.dataset_id,
        test_accuracy=finished.point.test_accuracy,
    )


def _add_model(work: UnitOfWork, model: ModelRow, job_id: str) -> None:
    work.jobs.get(job_id).result_model_id = work.models.add(model).id
