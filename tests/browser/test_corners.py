"""What happens off the straight path: no session, a hostile file, a sample run that is cancelled."""

import pickle
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visit import Visit, visit
from tests.running import Secateur

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


class Gadget:
    """Runs code when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.marker,))


@pytest.fixture(scope="module")
def login_url(service: Secateur) -> str:
    return service.login_url()


def test_a_stranger_is_asked_for_a_code(browser: Browser, service: Secateur, login_url: str) -> None:
    with visit(browser, f"{service.address}/runs") as visitor:
        expect(visitor.page).to_have_url(re.compile(r"/login"))
        expect(visitor.page.get_by_role("heading", name="Log in to Secateur")).to_be_visible()


def test_the_walk_off_the_path(browser: Browser, login_url: str, tmp_path: Path) -> None:
    with visit(browser, login_url) as visitor:
        expect(visitor.page).to_have_url(re.compile("/models$"))
        reject_a_hostile_file(visitor, tmp_path)
        cancel_a_sample_run(visitor)


def reject_a_hostile_file(visitor: Visit, folder: Path) -> None:
    """A pickle that runs code is named and refused, and its code does not run; drag and drop this time."""
    page, marker, file = visitor.page, folder / "marker", folder / "hostile.pt"
    file.write_bytes(pickle.dumps({"weight": Gadget(marker)}))
    transfer = page.evaluate_handle(
        "bytes => { const data = new DataTransfer();"
        " data.items.add(new File([new Uint8Array(bytes)], 'hostile.pt')); return data; }",
        list(file.read_bytes()),
    )
    zone = visitor.part("upload-model").get_by_label("Upload a network").first
    for event in ("dragenter", "dragover", "drop"):
        zone.dispatch_event(event, {"dataTransfer": transfer})
    page.get_by_test_id("model-row").get_by_role("link").click()
    visitor.wait_for_state("not accepted", 60)
    expect(page.get_by_role("alert").first).to_contain_text("hostile.pt")
    assert not marker.exists()


def cancel_a_sample_run(visitor: Visit) -> None:
    """The sample that the models page offers runs as a job, and stops when it is told to."""
    page = visitor.page
    page.get_by_role("link", name="Models").first.click()
    page.get_by_role("button", name="Train a sample network").first.click()
    visitor.choose("Data", "Digits")
    page.get_by_label("Epochs").fill("1000")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("[Tt]rain|[Ss]tart")).click()
    expect(page).to_have_url(re.compile("/runs/[0-9a-f]{32}$"))
    expect(visitor.part("step")).not_to_have_text("0", timeout=60_000)
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("button", name="Stop the run").click()
    visitor.wait_for_state("cancelled", 30)
    page.get_by_role("link", name="Runs").first.click()
    expect(page.get_by_role("row").filter(has_text="cancelled")).to_have_count(1)
