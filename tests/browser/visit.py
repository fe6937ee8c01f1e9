"""One person at the browser: what they see, click and save; anything the page complains of is kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

SCREENSHOTS = Path(__file__).parent / "screenshots"
WIDE, NARROW = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
MARGIN = 40
PATIENCE_MS = 30_000


@dataclass
class Visit:
    """A logged-in page with shorthands for the parts that tests look at."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def part(self, test_id: str) -> Locator:
        """The element with this `data-testid`."""
        return self.page.get_by_test_id(test_id)

    def figure(self, name: str) -> list[dict[str, Any]]:
        """The traces of a figure, once it is drawn."""
        element = self.part(f"figure-{name}")
        expect(element).to_have_attribute("data-ready", "true", timeout=PATIENCE_MS)
        traces: list[dict[str, Any]] = json.loads(element.evaluate("figure => JSON.stringify(figure.data)"))
        return traces

    def choose(self, label: str, option: str) -> None:
        """Pick an option of a select by its label; `option` may be the beginning of its text."""
        self.page.get_by_role("combobox", name=label).or_(self.page.get_by_label(label, exact=True)).first.click()
        self.page.get_by_role("option").filter(has_text=option).first.click()

    def fill(self, path: str, value: str) -> None:
        """Type into a field of the recipe's form, named by its dotted path."""
        self.part(f"field-{path}").fill(value)

    def wait_for_state(self, state: str, seconds: float) -> None:
        """Wait until the page's badge says `state`."""
        expect(self.part("state").first).to_have_text(state, timeout=seconds * 1000, ignore_case=True)

    def take_screenshots(self, name: str) -> None:
        """Wide and narrow, light and dark; fails where the narrow page is wider than the screen."""
        SCREENSHOTS.mkdir(exist_ok=True)
        for size in (WIDE, NARROW):
            self.page.set_viewport_size(size)
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                self._settle()
                file = SCREENSHOTS / f"{name}-{size['width']}-{scheme}.png"
                self.page.screenshot(path=file, full_page=True, animations="disabled")
            overflow = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert overflow <= 0, f"{name} is {overflow} pixels wider than a screen of {size['width']}"
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(WIDE)

    def keep_picture(self, last: str, file: Path) -> None:
        """Save the wide, light page from its top down to the part named `last`."""
        file.parent.mkdir(exist_ok=True)
        self._settle()
        box = self.part(last).bounding_box()
        assert box is not None
        clip = {"x": 0, "y": 0, "width": WIDE["width"], "height": box["y"] + box["height"] + MARGIN}
        self.page.screenshot(path=file, full_page=True, animations="disabled", clip=clip)

    def _settle(self) -> None:
        """Scroll to the top, close what hovers, and wait until everything is painted."""
        self.page.mouse.move(0, 0)
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.wait_for_load_state("load")
        self.page.evaluate("() => document.fonts.ready.then(() => true)")
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


@contextmanager
def visit(browser: Browser, login_url: str) -> Iterator[Visit]:
    """Open the printed address in a fresh browser context."""
    context = browser.new_context(viewport=WIDE, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    visitor = Visit(page)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            visitor.complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.goto(login_url)
    try:
        yield visitor
    finally:
        context.close()
