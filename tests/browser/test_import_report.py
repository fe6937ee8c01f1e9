"""From a program's upload to a run that keeps a layer whole: API token, push, import report, pins, aligned widths."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visit import Visit, visit
from tests.running import Secateur
from worker.engine.network import dump
from worker.zoo.fresh import initialize

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def make_token(visitor: Visit) -> str:
    """The settings page shows a token's secret once."""
    page = visitor.page
    page.get_by_role("link", name="Settings").first.click()
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Make a token").click()
    secret = visitor.part("token-secret").inner_text().strip()
    visitor.take_screenshots("settings")
    page.reload()
    expect(visitor.part("token-row")).to_have_count(1)
    expect(visitor.part("token-secret")).to_have_count(0)
    return secret


def push(service: Secateur, token: str, file: Path) -> str:
    """What `secateur push` prints."""
    command = [sys.executable, "-m", "worker", "push", str(file), "--url", service.address]
    environment = {**os.environ, "SECATEUR_TOKEN": token, "XDG_CACHE_HOME": str(file.parent)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def read_report(visitor: Visit) -> None:
    """What can go, and the layers: filtered, searched, and one of them pinned."""
    page = visitor.page
    shown = page.get_by_role("radiogroup", name="Layers to show")
    expect(visitor.part("removable-macs")).to_have_text(re.compile(r"^9\d\.\d%"))
    expect(visitor.part("count-prunable")).to_contain_text("2 prunable")
    expect(visitor.part("layer-row")).to_have_count(3)
    shown.get_by_text("locked").click()
    expect(visitor.part("layer-row")).to_have_count(1)
    expect(visitor.part("lock-reason").locator("visible=true")).to_contain_text("answer")
    shown.get_by_text("all").click()
    expect(visitor.part("layer-row")).to_have_count(3)
    page.get_by_label("Find layers").fill("FC2")
    expect(visitor.part("layer-row")).to_have_count(1)
    page.get_by_label("Find layers").fill("")
    page.get_by_role("button", name="Keep fc1 whole").click()
    page.reload()
    expect(page.get_by_role("button", name="Unpin fc1")).to_be_visible()
    visitor.take_screenshots("pins")


def start_with_pins(visitor: Visit) -> str:
    """The pins and aligned widths are in the new run; too low a target is refused with the nearest point."""
    page = visitor.page
    visitor.part("pin-bar").get_by_role("link", name="Prune with these pins").click()
    expect(page.get_by_role("radio", name="To 8")).to_be_checked()
    visitor.choose("Data", "Digits")
    visitor.part("target-amount").fill("5")
    expect(visitor.part("target-problem")).to_contain_text("The nearest reachable point is target.density =")
    visitor.part("target-amount").fill("60")
    expect(visitor.part("start-run")).to_be_enabled()
    visitor.take_screenshots("new-run-with-pins")
    visitor.part("start-run").click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f]{32}$"))
    return page.url.rpartition("/")[2]


def test_what_a_program_uploads_can_be_pinned_and_pruned(browser: Browser, service: Secateur, tmp_path: Path) -> None:
    file = tmp_path / "net.safetensors"
    file.write_bytes(dump(initialize("lenet300", (1, 8, 8), 10, 0)).weights)
    with visit(browser, service.login_url()) as visitor:
        printed = push(service, make_token(visitor), file)
        assert "396 of 400 prunable channels can go" in printed
        visitor.page.goto(printed.strip().splitlines()[-1])
        visitor.wait_for_state("ready", 60)
        read_report(visitor)
        run = visitor.page.request.get(f"{service.address}/api/runs/{start_with_pins(visitor)}").json()
        assert (run["recipe"]["prune"]["pins"], run["recipe"]["prune"]["width_multiple"]) == (["fc1"], 8)
        assert visitor.complaints == []
