"""Many claimers, one winner per job."""

import multiprocessing
import random
from collections import Counter

from backend.db import UnitOfWork, create_engine, create_sessions
from backend.db.models import JobRow
from backend.domain.jobs import JobKind, JobState

CLAIMERS = 16
JOBS = 200


def _claim_all(
    url: str, job_ids: list[str], seed: int, results: "multiprocessing.SimpleQueue[list[tuple[str, int]]]"
) -> None:
    sessions = create_sessions(create_engine(url))
    order = random.Random(seed).sample(job_ids, len(job_ids) // 2)
    won = []
    for job_id in order:
        with UnitOfWork(sessions) as work:
            claim = work.leases.claim(job_id, f"claimer {seed}")
        if claim is not None:
            won.append((claim.job_id, claim.epoch))
    results.put(won)


def test_sixteen_claimers_take_every_job_exactly_once(database_url: str) -> None:
    engine = create_engine(database_url, is_pooled=False)
    with UnitOfWork(create_sessions(engine)) as work:
        job_ids = [work.jobs.add(JobRow(kind=JobKind.PRUNE, name=str(number))).id for number in range(JOBS)]
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    claimers = [
        fork.Process(target=_claim_all, args=(database_url, job_ids, seed, results)) for seed in range(CLAIMERS)
    ]
    for claimer in claimers:
        claimer.start()
    won = [results.get() for _ in claimers]
    for claimer in claimers:
        claimer.join()
    counts = Counter(job_id for claims in won for job_id, _ in claims)
    assert set(counts) == set(job_ids)
    assert set(counts.values()) == {1}
    assert {epoch for claims in won for _, epoch in claims} == {1}
    with UnitOfWork(create_sessions(engine)) as work:
        assert {row.state for row in work.jobs.list_runs(JOBS)} == {JobState.RUNNING}
    engine.dispose()
