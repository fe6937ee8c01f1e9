"""Who does which kind of job."""

from collections.abc import Mapping

from backend.domain.jobs import JobKind
from worker.jobs.deliveries import deliver
from worker.jobs.intakes import inspect_uploaded_model, prepare_dataset
from worker.jobs.performance import Performer
from worker.jobs.runs import prune, train_sample_network

PERFORMERS: Mapping[JobKind, Performer] = {
    JobKind.PRUNE: prune,
    JobKind.SAMPLE: train_sample_network,
    JobKind.MODEL_INTAKE: inspect_uploaded_model,
    JobKind.DATASET_INTAKE: prepare_dataset,
    JobKind.DELIVERY: deliver,
}
