"""What both ends of the queue agree on: task name, queues, and Celery's settings."""

from typing import Any

from backend.domain.jobs import RUN_KINDS, JobKind

TASK_NAME = "secateur.work"
"""The only task: its one argument is a job id, everything else is read from the database."""
RUNS_QUEUE = "runs"
INTAKE_QUEUE = "intake"
"""Uploads never wait behind a long run: they have a queue and a light worker of their own."""
KEY_PREFIX = "secateur:"
"""Every key on the broker begins with this, so that it can be shared and guarded by an access rule."""
CONNECT_TIMEOUT_S = 5.0


def queue_of(kind: JobKind) -> str:
    """The queue that carries the bells of a kind of job."""
    return RUNS_QUEUE if kind in RUN_KINDS else INTAKE_QUEUE


def celery_config(broker_url: str) -> dict[str, Any]:
    """Settings of the Celery application, on both ends.

    The message is acknowledged before the job starts: the database knows what is left to do, and a late
    acknowledgment with a visibility timeout starts long jobs several times at once. No results, no pickle, no
    remote control: whoever can write to the broker can at most ring a bell. Every job gets a fresh process: what one
    leaves behind (memory, a broken CUDA context, a number of threads) never reaches the next.
    """
    return {
        "broker_url": broker_url,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "global_keyprefix": KEY_PREFIX,
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_keepalive": True,
        },
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_acks_late": False,
        "task_default_queue": INTAKE_QUEUE,
        "task_create_missing_queues": True,
        "task_publish_retry": False,
        "worker_prefetch_multiplier": 1,
        "worker_disable_prefetch": True,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_max_tasks_per_child": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "enable_utc": True,
    }
