"""A headless Chromium for pages on disk; every request and every console message is kept."""

import shutil
from dataclasses import dataclass, field
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
READBACK = "willReadFrequently"
"""In Chromium's advice to a page whose canvas is read back; here it is the tests that read it."""


@dataclass
class Opened:
    """A page that was opened, and what it did."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def settle(self):
        """Wait until what was asked for is drawn."""
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(0))))")

    def names_on(self):
        """Give the labels of the layer control that are ticked."""
        return self.page.evaluate(
            "() => [...document.querySelectorAll('.leaflet-control-layers-selector:checked')]"
            ".map(i => i.parentElement.textContent.trim())"
        )

    def tick(self, name):
        """Click a layer in the standard layer control, as a user does."""
        self.page.locator(".leaflet-control-layers label", has_text=name).locator("input").click()
        self.settle()

    def popup(self):
        """Give the open popup's heading and rows."""
        self.page.wait_for_selector(".leaflet-popup-content")
        return self.page.evaluate(
            "() => { const p = [...document.querySelectorAll('.leaflet-popup-content')].pop();"
            " return [p.querySelector('h3').textContent,"
            " [...p.querySelectorAll('tr')].map(r => [...r.cells].map(c => c.textContent))]; }"
        )


@pytest.fixture(scope="session")
def chromium():
    """The installed Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright to run the browser's tests")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium fonts-noto-cjk")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open a page of the disk with the network cut; close it afterwards."""
    contexts = []

    def opener(path, width=1440, height=900):
        context = chromium.new_context(viewport={"width": width, "height": height}, offline=True)
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("request", lambda r: opened.requests.append(r.url))
        opened.page.on("console", lambda m: READBACK in m.text or opened.complaints.append(f"{m.type}: {m.text}"))
        opened.page.on("pageerror", lambda e: opened.complaints.append(f"error: {e}"))
        opened.page.on("dialog", lambda d: (opened.complaints.append(f"dialog: {d.message}"), d.dismiss()))
        opened.page.goto(path.as_uri())
        opened.settle()
        return opened

    yield opener
    for context in contexts:
        context.close()
