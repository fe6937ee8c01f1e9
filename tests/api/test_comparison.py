"""Runs side by side over HTTP."""

import pytest
from fastapi.testclient import TestClient

from backend.db import UnitOfWork
from backend.db.models import JobRow
from backend.domain.jobs import JobKind, JobState
from backend.domain.presets import PRESETS
from backend.domain.reports import Phase
from backend.domain.sampling import SampleOrder
from tests.api.application import SUMMARY, Application
from tests.api.test_reports import LAYOUT, point, step


@pytest.fixture
def runs(application: Application) -> list[str]:
    """Two seeds of one preset and one of another."""
    model = application.add_model()
    chosen = (("uniform", 0), ("uniform", 1), ("theis2018-fisher", 0))
    with UnitOfWork(application.sessions) as work:
        ids = []
        for preset, seed in chosen:
            recipe = PRESETS[preset].recipe.model_copy(update={"seed": seed})
            row = JobRow(
                kind=JobKind.PRUNE,
                state=JobState.COMPLETED,
                name=f"{preset} {seed}",
                model_id=model,
                recipe=recipe,
                layout=LAYOUT,
            )
            ids.append(work.jobs.add(row).id)
            for index in range(3):
                work.points.put(ids[-1], point(index))
    return ids


def ask(client: TestClient, runs: list[str], **query: str) -> dict:
    answer = client.get("/api/comparison", params={"run": runs, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_runs_are_grouped_by_method_and_drawn(client: TestClient, runs: list[str]) -> None:
    answer = ask(client, runs)
    assert [(one["label"], len(one["runs"])) for one in answer["series"]] == [("uniform", 2), ("theis2018-fisher", 1)]
    assert [trace["name"] for trace in answer["figure"]["data"]] == ["uniform", "theis2018-fisher"]
    assert answer["series"][0]["test_accuracy"] == {"mean": 0.87, "lowest": 0.87, "highest": 0.87, "count": 2}
    assert any("seed" in sentence for sentence in answer["caveats"])


def test_training_between_removals_counts_where_methods_train_for_unlike_lengths(
    application: Application, client: TestClient, runs: list[str]
) -> None:
    """Of 100 examples 90 are trained on, in one mini-batch: 2 removals of 10 steps are 20 epochs, besides 4 times 5."""
    assert not any("unlike lengths" in sentence for sentence in ask(client, runs)["caveats"])
    dataset = application.add_dataset()
    with UnitOfWork(application.sessions) as work:
        for run in runs:
            work.jobs.get_run(run).dataset_id = dataset
        work.steps.add_all(runs[2], [step(1), step(2)], LAYOUT)
    (sentence,) = (sentence for sentence in ask(client, runs)["caveats"] if "unlike lengths" in sentence)
    assert sentence.endswith("from 20 epochs (`uniform`) to 40 (`theis2018-fisher`).")


def test_runs_on_another_dataset_are_a_series_of_their_own_named_after_it(
    application: Application, client: TestClient, runs: list[str]
) -> None:
    datasets = [application.add_dataset(name=name, title=name.title()) for name in ("digits", "letters")]
    with UnitOfWork(application.sessions) as work:
        for run, dataset in zip(runs[:2], datasets, strict=True):
            work.jobs.get_run(run).dataset_id = dataset
    labels = [one["label"] for one in ask(client, runs[:2])["series"]]
    assert labels == ["uniform on Digits", "uniform on Letters"]


def test_every_run_tells_its_last_point(client: TestClient, runs: list[str]) -> None:
    found = [run for one in ask(client, runs)["series"] for run in one["runs"]]
    assert {run["last_point"] for run in found} == {2}


def test_a_run_named_twice_counts_once(client: TestClient, runs: list[str]) -> None:
    assert ask(client, runs + runs) == ask(client, runs)


def test_the_axis_and_the_split_are_the_viewers_choice(client: TestClient, runs: list[str]) -> None:
    answer = ask(client, runs, x="sparsity", split="validation")
    assert answer["figure"]["layout"]["xaxis"]["title"]["text"] == "Channels removed (%)"
    assert answer["figure"]["data"][0]["y"][1] == 0.88


def test_noise_of_gates_is_drawn_where_gates_learn_and_nothing_is_drawn_elsewhere(
    application: Application, client: TestClient, runs: list[str]
) -> None:
    assert ask(client, runs)["gate_gradients"]["data"] == []
    changes = [{"phase": Phase.SPARSIFY, "gate_gradient_variance": (0.5 / number, None)} for number in (1, 2)]
    with UnitOfWork(application.sessions) as work:
        work.jobs.get_run(runs[2]).recipe = PRESETS["louizos2018-l0"].recipe
        records = [step(number).model_copy(update=change) for number, change in enumerate(changes, 1)]
        work.steps.add_all(runs[2], records, LAYOUT)
    (line,) = ask(client, runs)["gate_gradients"]["data"]
    assert (line["name"], line["y"]) == ("louizos2018-l0", [0.5, 0.25])
    length = PRESETS["louizos2018-l0"].recipe.sparsify.steps_per_record
    assert line["x"] == [length, 2 * length]


def test_what_cannot_be_compared_is_refused(application: Application, client: TestClient, runs: list[str]) -> None:
    with UnitOfWork(application.sessions) as work:
        sample = JobRow(kind=JobKind.SAMPLE, name="Training", sample_order=SampleOrder(architecture="lenet5"))
        waiting = JobRow(kind=JobKind.PRUNE, name="Waiting", recipe=PRESETS["uniform"].recipe)
        ids = [work.jobs.add(row).id for row in (sample, waiting)]
    for run, sentence in zip(ids, ("sample network", "has not begun"), strict=True):
        answer = client.get("/api/comparison", params={"run": [*runs, run]})
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid_value")
        assert sentence in answer.json()["detail"]
    assert client.get("/api/comparison", params={"run": ["0" * 32]}).status_code == 404
    assert client.get("/api/comparison").status_code == 422
    assert client.get("/api/comparison", params={"run": ["x"]}).status_code == 422


def test_agreement_is_drawn_for_the_channels_of_one_network(
    application: Application, client: TestClient, runs: list[str]
) -> None:
    group = SUMMARY.groups[0].name
    with UnitOfWork(application.sessions) as work:
        for run, indices in zip(runs, ((0, 1), (0, 1), (2, 3)), strict=True):
            labels = tuple(f"{group}:{index}" for index in indices)
            work.steps.add_all(run, [step(1).model_copy(update={"removed": labels})], LAYOUT)
    (figure,) = ask(client, runs)["agreement"]["data"]
    assert figure["y"] == ["uniform:<br>its seeds", "uniform<br>theis2018-fisher"]
    assert figure["z"][0][figure["x"].index(group)] == 1.0
    assert figure["z"][1][figure["x"].index(group)] < 0


def test_runs_of_single_weights_are_left_out_of_the_agreement_and_said_to_be(
    application: Application, client: TestClient, runs: list[str]
) -> None:
    alone = ask(client, runs)
    assert (len(alone["agreement"]["data"]), alone["agreement_notice"]) == (1, None)
    with UnitOfWork(application.sessions) as work:
        model = work.jobs.get_run(runs[0]).model_id
        ids = [
            work.jobs.add(
                JobRow(kind=JobKind.PRUNE, name=preset, model_id=model, recipe=PRESETS[preset].recipe, layout=LAYOUT)
            ).id
            for preset in ("lamp2021", "random-weights")
        ]
    mixed = ask(client, [*ids, *runs])
    assert mixed["agreement"] == alone["agreement"]
    left_out = "`lamp2021` and `random-weights` are not in this picture"
    assert mixed["agreement_notice"] == f"{left_out}: they set single weights to zero and choose no channels."
    zeros = ask(client, ids)
    assert (zeros["agreement"]["data"], zeros["agreement_notice"]) == ([], None)


def test_channels_that_were_dead_count_as_removed(
    application: Application, client: TestClient, runs: list[str]
) -> None:
    group = SUMMARY.groups[0].name
    with UnitOfWork(application.sessions) as work:
        for run, removed, dead in zip(runs, ((0, 1), (0,), (2, 3)), ((), (1,), ()), strict=True):
            labels = tuple(f"{group}:{index}" for index in removed)
            work.steps.add_all(run, [step(1).model_copy(update={"removed": labels})], LAYOUT)
            lost = tuple(f"{group}:{index}" for index in dead)
            work.points.put(run, point(2).model_copy(update={"dead_channels": lost}))
    (figure,) = ask(client, runs)["agreement"]["data"]
    assert figure["z"][0][figure["x"].index(group)] == 1.0


def test_a_run_alone_has_nothing_to_agree_with(client: TestClient, runs: list[str]) -> None:
    assert ask(client, runs[:1])["agreement"]["data"] == []
