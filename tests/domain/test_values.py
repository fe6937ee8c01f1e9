"""Metrics worked by hand, and the legal life of a job."""

import pytest

from backend.domain import metrics
from backend.domain.errors import Conflict
from backend.domain.jobs import TRANSITIONS, JobState, check_transition
from backend.domain.reports import Phase, RunLayout, StepRecord, TrackedLayer


def test_sparsity_is_what_was_removed_and_density_what_stays() -> None:
    assert metrics.sparsity(kept=5, dense=20) == 0.75
    assert metrics.density(kept=5, dense=20) == 0.25
    assert metrics.sparsity(kept=0, dense=0) == 0.0
    assert metrics.compression_ratio(dense_parameters=1000, parameters=250) == 4.0
    assert metrics.theoretical_speedup(dense_macs=900, macs=300) == 3.0


def test_a_step_knows_the_sparsity_of_every_layer() -> None:
    layers = (
        TrackedLayer(name="conv1", dense_width=20, is_prunable=True),
        TrackedLayer(name="fc2", dense_width=10, is_prunable=False),
    )
    layout = RunLayout(layers=layers, dense_macs=1000, dense_parameters=100)
    step = StepRecord(step=1, phase=Phase.PRUNE, progress=0.1, sparsity=0.25, macs=750, parameters=80, widths=(15, 10))
    assert step.sparsities(layout) == (0.25, 0.0)


@pytest.mark.parametrize("state", [state for state in JobState if state.is_final])
def test_nothing_follows_a_final_state(state: JobState) -> None:
    assert TRANSITIONS[state] == frozenset()
    for after in JobState:
        with pytest.raises(Conflict, match=f"{state} cannot become {after}"):
            check_transition(state, after)


def test_a_running_job_may_go_back_to_the_queue_when_its_worker_is_lost() -> None:
    check_transition(JobState.RUNNING, JobState.QUEUED)
    with pytest.raises(Conflict):
        check_transition(JobState.QUEUED, JobState.COMPLETED)
