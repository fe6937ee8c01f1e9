"""The walk of the README with a real browser, real data and a real run: from a checkpoint to a smaller network."""

import json
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.architecture.sources import ROOT
from tests.browser.visit import PATIENCE_MS, Visit, visit
from tests.running import Secateur, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(2400)]


@dataclass(frozen=True)
class Subject:
    """What is pruned: small enough for every test run, or what stands in the README."""

    data: str
    title: str
    counts: tuple[str, str]
    epochs: int
    recipe: dict[str, str]
    seconds: float


SMALL = Subject(
    data="digits",
    title="Digits",
    counts=("1,438", "359"),
    epochs=4,
    recipe={"prune.schedule.training_steps": "2", "prune.schedule.channels": "8", "prune.points": "3"},
    seconds=180,
)
README = Subject(
    data="fashion-mnist",
    title="Fashion-MNIST",
    counts=("60,000", "10,000"),
    epochs=3,
    recipe={"prune.schedule.training_steps": "5", "prune.schedule.channels": "3", "prune.points": "8"},
    seconds=1800,
)


def train(subject: Subject, folder: Path) -> Path:
    """Train LeNet-5 on the command line, as step 2 of the walk does."""
    file = folder / "lenet5.safetensors"
    command = [sys.executable, "-m", "worker", "sample", "lenet5", "--data", subject.data, "--output", str(file)]
    result = subprocess.run(
        [*command, "--epochs", str(subject.epochs), "--device", "cpu"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"test accuracy \d+\.\d+%", result.stdout)
    return file


def upload(visitor: Visit, checkpoint: Path) -> None:
    """Step 3: the empty page offers a sample; upload by the picker; the model page."""
    page = visitor.page
    expect(page).to_have_url(re.compile("/models$"))
    expect(page.get_by_text("No models yet")).to_be_visible()
    expect(page.get_by_role("button", name="Train a sample network").first).to_be_visible()
    visitor.part("upload-model").locator("input[type=file]").set_input_files(checkpoint)
    page.get_by_test_id("model-row").get_by_role("link").click()
    visitor.wait_for_state("ready", 60)
    expect(visitor.part("architecture")).to_have_text("lenet5")
    expect(visitor.part("layer-row")).to_have_count(4)
    assert visitor.figure("architecture")
    visitor.take_screenshots("model")


def look_at_data(visitor: Visit, subject: Subject) -> None:
    """Step 4: counts, classes and a grid of examples."""
    page = visitor.page
    page.get_by_role("link", name="Datasets").first.click()
    page.get_by_test_id("dataset-row").filter(has_text=subject.title).get_by_role("link").click()
    visitor.wait_for_state("ready", 120)
    expect(visitor.part("train-count")).to_have_text(subject.counts[0])
    expect(visitor.part("test-count")).to_have_text(subject.counts[1])
    expect(visitor.part("class-count")).to_have_text("10")
    examples = visitor.part("examples")
    expect(examples).to_have_js_property("complete", True)
    assert examples.evaluate("image => image.naturalWidth") > 0
    visitor.take_screenshots("dataset")


def start_run(visitor: Visit, subject: Subject) -> None:
    """Step 5: pick model, data and preset, edit the recipe, get an error next to its field, mend it, start."""
    page = visitor.page
    page.get_by_role("link", name="Models").first.click()
    page.get_by_test_id("model-row").get_by_role("link").click()
    page.get_by_role("link", name="Prune this model").click()
    visitor.choose("Data", subject.title)
    visitor.part("preset-theis2018-fisher").click()
    visitor.part("edit-recipe").click()
    for path, value in subject.recipe.items():
        visitor.fill(path, value)
    visitor.fill("prune.minimum_width", "0")
    expect(page.get_by_text(re.compile("greater than", re.IGNORECASE)).first).to_be_visible()
    expect(visitor.part("start-run")).to_be_disabled()
    visitor.fill("prune.minimum_width", "2")
    expect(visitor.part("start-run")).to_be_enabled(timeout=PATIENCE_MS)
    visitor.take_screenshots("new-run")
    visitor.part("start-run").click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f]{32}$"))


def watch(visitor: Visit, subject: Subject) -> None:
    """Step 6: charts get data while it runs, a reload loses nothing, all points arrive."""
    page = visitor.page
    expect(visitor.part("step")).not_to_have_text("0", timeout=60_000)
    page.reload()
    points = int(subject.recipe["prune.points"]) + 1
    expect(visitor.part("point-row")).to_have_count(points, timeout=subject.seconds * 1000)
    visitor.wait_for_state("completed", subject.seconds)
    wait_for(lambda: _drawn_points(visitor) == points, what="the last point in the chart")
    assert visitor.figure("widths")[0]["type"] == "heatmap"
    assert visitor.figure("loss")
    assert {trace["name"] for trace in visitor.figure("information")} == {"conv1", "conv2", "fc1"}
    assert visitor.figure("architecture")
    assert {"channels that stayed", "channels that went"} <= {trace.get("name") for trace in visitor.figure("scores")}
    for name in ("gates", "gate-gradients"):
        expect(visitor.part(name)).to_have_count(0)
    page.get_by_text("Parameters", exact=True).first.scroll_into_view_if_needed()
    slider = visitor.part("step-slider").get_by_role("slider")
    slider.press("Home")
    expect(visitor.part("shown-step")).to_have_text(re.compile(r"^Step 0 of \d"))
    slider.press("End")


def _drawn_points(visitor: Visit) -> int:
    retrained = next(trace for trace in visitor.figure("accuracy") if "after retraining" in trace["name"])
    return len(retrained["customdata"])


def download(visitor: Visit, folder: Path) -> tuple[Path, str]:
    """Step 7: a click on the last point of the chart, and its zip; with the number of parameters on the page."""
    assert visitor.figure("accuracy")
    chart = visitor.part("figure-accuracy")
    chart.scroll_into_view_if_needed()
    chart.locator(".scatterlayer .trace").nth(2).locator("path.point").last.click(force=True)
    chosen = visitor.part("selected-point")
    expect(chosen).to_contain_text("parameters", timeout=PATIENCE_MS)
    (parameters,) = re.findall(r"([\d,]+) parameters", chosen.inner_text())
    with visitor.page.expect_download() as saved:
        chosen.get_by_role("link", name=re.compile("zip")).click()
    file = folder / saved.value.suggested_filename
    saved.value.save_as(file)
    return file, parameters


def take_home(visitor: Visit) -> None:
    """The page of that point: an ONNX model is made, checked and offered; latency is measured by itself."""
    page = visitor.page
    visitor.part("selected-point").get_by_role("link", name="All formats and latency").click()
    expect(page).to_have_url(re.compile(r"/points/\d+$"))
    expect(visitor.part("sizes")).to_contain_text("in theory")
    look_at_filters(visitor)
    page.get_by_role("button", name="Make the onnx file").click()
    expect(visitor.part("format-onnx")).to_have_attribute("data-standing", "ready", timeout=PATIENCE_MS * 4)
    expect(visitor.part("onnx-check")).to_contain_text("every predicted class equal")
    expect(visitor.part("latency-table")).to_be_visible(timeout=PATIENCE_MS * 4)
    with page.expect_download() as saved:
        visitor.part("format-onnx").get_by_role("link").click()
    assert saved.value.suggested_filename == "model.onnx"
    visitor.take_screenshots("point")


def look_at_filters(visitor: Visit) -> None:
    """The filters that read the input stand at their places; those that are gone are crossed out."""
    image, left, gone = visitor.figure("first-layer-conv1")
    assert image["source"].startswith("data:image/png;base64,")
    assert sorted(data[0] for trace in (left, gone) for data in trace["customdata"]) == list(range(20))
    expect(visitor.part("first-layers")).to_contain_text(f"{len(left['x'])} of 20 filters are left")


def watch_gates(visitor: Visit) -> None:
    """A run that learns gates shows them over its steps; of one layer more, and scores of any point."""
    page = visitor.page
    page.evaluate(_ORDER_GATES)
    page.get_by_role("link", name="Runs").first.click()
    page.get_by_role("link", name="Gates").click()
    visitor.wait_for_state("completed", 120)
    assert {trace["meta"] for trace in visitor.figure("gates") if "meta" in trace} == {"conv1", "conv2", "fc1"}
    visitor.choose("Gates of", "conv2")
    wait_for(
        lambda: {trace.get("meta") for trace in visitor.figure("gates")} == {None, "conv2"}, what="one layer alone"
    )
    assert {trace["name"] for trace in visitor.figure("gate-gradients")} == {"conv1", "conv2", "fc1"}
    assert visitor.figure("scores")
    visitor.choose("Scores of", "Point 1")
    expect(visitor.part("scores")).to_contain_text("highest score that went")


_ORDER_GATES = """async () => {
  const [{ model_id, dataset_id }] = (await (await fetch('/api/runs')).json()).items
  const recipe = (await (await fetch('/api/presets')).json()).find(({ name }) => name === 'louizos2018-l0').recipe
  const sparsify = { ...recipe.sparsify, epochs: 1, steps_per_record: 3 }
  const changed = { sparsify, retrain: { ...recipe.retrain, epochs: 0 }, prune: { ...recipe.prune, points: 2 } }
  const order = { kind: 'prune', name: 'Gates', model_id, dataset_id, recipe: { ...recipe, ...changed } }
  const headers = { 'Content-Type': 'application/json' }
  const answer = await fetch('/api/runs', { method: 'POST', headers, body: JSON.stringify(order) })
  if (!answer.ok) throw new Error(await answer.text())
}"""


def check_bundle(bundle: Path, folder: Path, parameters: str) -> None:
    """The zip's network loads in a fresh Python process, by itself, and is as thin as the page said."""
    with zipfile.ZipFile(bundle) as archive:
        assert set(archive.namelist()) == {"model.safetensors", "model.py", "recipe.json", "manifest.json"}
        archive.extractall(folder)
    imports = re.findall(r"^(?:import|from) (\w+)", (folder / "model.py").read_text(), re.MULTILINE)
    assert not {"backend", "worker", "secateur"} & set(imports)
    result = subprocess.run([sys.executable, "model.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert f"{parameters} parameters" in result.stdout
    assert json.loads((folder / "recipe.json").read_text())["prune"]["criterion"]["kind"] == "fisher"


def test_a_checkpoint_becomes_a_smaller_network(
    browser: Browser, service: Secateur, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_for_readme = bool(request.config.getoption("--readme-image"))
    subject = README if is_for_readme else SMALL
    checkpoint = train(subject, tmp_path)
    with visit(browser, service.login_url()) as visitor:
        upload(visitor, checkpoint)
        look_at_data(visitor, subject)
        start_run(visitor, subject)
        watch(visitor, subject)
        bundle, parameters = download(visitor, tmp_path)
        visitor.take_screenshots("run")
        if is_for_readme:
            visitor.keep_picture("figure-widths", ROOT / "docs" / "images" / "run.png")
        take_home(visitor)
        if not is_for_readme:
            watch_gates(visitor)
        assert visitor.complaints == []
    check_bundle(bundle, tmp_path / "bundle", parameters)
