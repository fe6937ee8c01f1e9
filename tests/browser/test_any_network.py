"""A network that no zoo knows: exported, uploaded, reported on, pinned, pruned, and taken home in any format."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from playwright.sync_api import Browser, Page, expect

from tests.architecture.sources import ROOT
from tests.browser.visit import Visit, visit
from tests.running import Secateur

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RECIPE = {
    "prune.schedule.training_steps": "1",
    "prune.schedule.channels": "16",
    "prune.points": "1",
    "retrain.epochs": "1",
}
PINNED = "block.squeeze"


def export(folder: Path) -> Path:
    """The user's own module becomes an exported program by the command that the upload page names."""
    file = folder / "unseen.pt2"
    command = [sys.executable, "-m", "worker", "export", "tests.browser.unseen_network:make_model"]
    command += ["--example", "1x1x8x8", "-o", str(file)]
    result = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return file


def upload(visitor: Visit, file: Path) -> None:
    page = visitor.page
    visitor.part("upload-model").locator("input[type=file]").set_input_files(file)
    page.get_by_test_id("model-row").get_by_role("link").click()
    visitor.wait_for_state("ready", 90)


def read_report(visitor: Visit) -> None:
    """The report counts what can go, says what holds the rest, and lets a layer be pinned."""
    page = visitor.page
    expect(visitor.part("removable-channels")).to_have_text(re.compile(r"\d"))
    assert visitor.figure("architecture")
    expect(visitor.part("layer-row").filter(has_text="head").first).to_be_visible()
    expect(visitor.part("lock-reason").first).to_contain_text("answer")
    page.get_by_role("button", name=f"Keep {PINNED} whole").click()
    expect(visitor.part("pin-bar")).to_contain_text(PINNED)
    visitor.take_screenshots("import-report")


def prune(visitor: Visit) -> None:
    page = visitor.page
    page.get_by_role("link", name="Prune with these pins").click()
    visitor.choose("Data", "Digits")
    visitor.part("preset-random-channel").click()
    visitor.part("edit-recipe").click()
    for path, value in RECIPE.items():
        visitor.fill(path, value)
    expect(page.get_by_text(PINNED, exact=True).first).to_be_visible()
    expect(visitor.part("start-run")).to_be_enabled()
    visitor.part("start-run").click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f]{32}$"))
    visitor.wait_for_state("completed", 180)


def take_home(visitor: Visit, folder: Path, file_format: str) -> Path:
    """Have a format made, and download it."""
    card = visitor.part(f"format-{file_format}")
    card.get_by_role("button", name=f"Make the {file_format} file").click()
    expect(card).to_have_attribute("data-standing", "ready", timeout=120_000)
    with visitor.page.expect_download() as saved:
        card.get_by_role("link", name=re.compile(rf"\.{file_format}")).click()
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    return path


def go_to_last_point(page: Page) -> None:
    page.goto(f"{page.url}/points/1")
    expect(page.get_by_role("heading", name="Operating point 1")).to_be_visible()


def test_a_network_that_nobody_knows_comes_home_thinner_in_every_format(
    browser: Browser, service: Secateur, tmp_path: Path
) -> None:
    file = export(tmp_path)
    with visit(browser, service.login_url()) as visitor:
        upload(visitor, file)
        read_report(visitor)
        prune(visitor)
        go_to_last_point(visitor.page)
        _, left, gone = visitor.figure("first-layer-stem")
        assert len(left["x"]) + len(gone["x"]) == 16
        program = take_home(visitor, tmp_path, "pt2")
        model = take_home(visitor, tmp_path, "onnx")
        expect(visitor.part("onnx-check")).to_contain_text("every predicted class equal")
        visitor.take_screenshots("point")
        assert visitor.complaints == []
    x = torch.randn(3, 1, 8, 8)
    module = torch.export.load(program).module()
    (squeeze,) = (tensor for name, tensor in module.state_dict().items() if name == f"{PINNED}.weight")
    (widen,) = (tensor for name, tensor in module.state_dict().items() if name == "block.widen.weight")
    assert len(squeeze) == 4, "a pinned layer stays whole"
    assert len(widen) < 32, "others become thinner"
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    np.testing.assert_allclose(scores, module(x).detach().numpy(), rtol=1e-4, atol=1e-4)
