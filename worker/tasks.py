"""The one Celery task: an id in, one call out; safe to run twice."""

import re
from collections.abc import Callable

from celery import Celery

from backend.queue.celery_config import TASK_NAME

_JOB_ID = re.compile(r"[0-9a-f]{32}")


def register(app: Celery, run_job: Callable[[str], None]) -> None:
    """Define the task that runs a job by its id; anything that is not an id is ignored."""

    @app.task(name=TASK_NAME, ignore_result=True)  # type: ignore[untyped-decorator]  # celery has no types
    def work(job_id: object) -> None:
        if isinstance(job_id, str) and _JOB_ID.fullmatch(job_id):
            run_job(job_id)
