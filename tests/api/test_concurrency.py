"""Many requests at once: one winner, no lost write, no locked database."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.api.application import RECIPE, Application

THREADS = 8
REQUESTS = 32


def at_once(call: Callable[[int], int]) -> Counter[int]:
    """How often each status was answered."""
    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(call, range(REQUESTS)))


def test_many_cancellations_of_one_run_all_succeed(application: Application) -> None:
    body = {
        "kind": "prune",
        "model_id": application.add_model(),
        "dataset_id": application.add_dataset(),
        "recipe": RECIPE,
    }
    run = application.client().post("/api/runs", json=body).json()["id"]
    clients = [application.client() for _ in range(THREADS)]
    statuses = at_once(lambda number: clients[number % THREADS].post(f"/api/runs/{run}/cancel").status_code)
    assert statuses == {202: REQUESTS}
    assert clients[0].get(f"/api/runs/{run}").json()["state"] == "cancelled"


def test_of_many_deletions_one_wins(application: Application) -> None:
    model = application.add_model()
    clients = [application.client() for _ in range(THREADS)]
    statuses = at_once(lambda number: clients[number % THREADS].delete(f"/api/models/{model}").status_code)
    assert set(statuses) <= {204, 404, 409}
    assert statuses[204] >= 1


def test_many_orders_are_all_queued(application: Application) -> None:
    body = {"kind": "sample", "dataset_id": application.add_dataset(), "order": {"architecture": "lenet5"}}
    clients = [application.client() for _ in range(THREADS)]
    statuses = at_once(lambda number: clients[number % THREADS].post("/api/runs", json=body).status_code)
    assert statuses == {201: REQUESTS}
    assert len({job for job, _ in application.rung}) == REQUESTS
    assert clients[0].get("/api/runs").json()["total"] == REQUESTS
