"""Pictures of first layers: with their numbers, their words and their figure."""

import base64

import pytest
from fastapi.testclient import TestClient

from backend.db import UnitOfWork
from backend.db.models import JobRow
from backend.domain.first_layers import FilterGrid, InputMap
from backend.domain.jobs import JobKind
from backend.domain.point_details import PointDetails
from tests.api.application import ABSENT_ID, Application
from tests.api.test_reports import LAYOUT, point

FILTERS = FilterGrid(
    layer="conv1",
    inputs=("x",),
    dense=2,
    left=1,
    places=(1,),
    norms=(0.5,),
    channels="single",
    size=(1, 1, 1),
    kernel=(1, 1),
    scale=0.5,
    pixels=base64.b64encode(b"\x7f").decode(),
)
INPUTS = InputMap(
    layer="fc1",
    inputs=("y",),
    shape=(2,),
    size=(2,),
    fold=1,
    is_input=True,
    dense=3,
    has_zeros=True,
    counts=(1, 0),
    norms=(0.5, 0.0),
)


@pytest.fixture
def run(application: Application) -> str:
    with UnitOfWork(application.sessions) as work:
        job = work.jobs.add(JobRow(kind=JobKind.PRUNE, name="run", layout=LAYOUT)).id
        work.points.put(job, point(0))
        work.points.put(job, point(1), details=PointDetails(first_layers=(FILTERS, INPUTS)))
    return job


def test_every_first_layer_has_numbers_words_and_a_figure(client: TestClient, run: str) -> None:
    filters, inputs = client.get(f"/api/runs/{run}/points/1/first-layers").json()
    assert FilterGrid.model_validate(filters["picture"]) == FILTERS
    assert InputMap.model_validate(inputs["picture"]) == INPUTS
    assert filters["caption"].startswith("1 of 2 filters are left")
    assert [trace["type"] for trace in filters["figure"]["data"]] == ["image", "scatter", "scatter"]
    assert filters["figure"]["data"][0]["source"].startswith("data:image/png;base64,")
    assert [trace["type"] for trace in inputs["figure"]["data"]] == ["bar"]


def test_points_from_before_have_none(client: TestClient, run: str) -> None:
    assert client.get(f"/api/runs/{run}/points/0/first-layers").json() == []


def test_what_is_not_there_is_told(client: TestClient, run: str) -> None:
    for path in (f"{run}/points/7", f"{ABSENT_ID}/points/1"):
        answer = client.get(f"/api/runs/{path}/first-layers")
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
