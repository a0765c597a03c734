"""A headless Chromium on the demo page, driven as a person would."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 60  # seconds that a busy machine may take for one answer
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--window-size=1280,1000",
    # Nothing but this machine resolves: what the page would fetch elsewhere cannot arrive.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
TITLES = {
    "entities": "Entities",
    "classification": "Classification",
    "structures": "Structured extraction",
    "whole": "Whole schema",
}


def missing() -> str | None:
    """What the machine lacks for these tests, or None."""
    lacking = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"not installed: {', '.join(lacking)} (Debian: chromium chromium-driver)" if lacking else None


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile, closed at the end."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        driver = webdriver.Chrome(options=options, service=service)
        try:
            yield driver
        finally:
            driver.quit()


class DemoPage:
    """The page at ``url`` in ``driver``; every method acts on one tab by its name."""

    def __init__(self, driver: webdriver.Chrome, url: str) -> None:
        self.driver, self.url = driver, url

    def open(self) -> None:
        self.driver.get(self.url)
        self._until(lambda: self.driver.find_elements(By.ID, "entities-run"))

    def choose(self, name: str) -> None:
        for tab in self.driver.find_elements(By.CSS_SELECTOR, "button[role=tab]"):
            if tab.text.strip() == TITLES[name] and tab.is_displayed():
                tab.click()
                self._until(lambda: self._visible(f"#{name}-run"))
                return
        raise AssertionError(f"there is no tab {TITLES[name]}")

    def fill(self, name: str, part: str, value: str) -> None:
        """Replace what stands in the text or the schema of a tab by typing."""
        area = self._element(f"#{name}-{part} textarea, #{name}-{part} .cm-content")
        area.click()
        area.send_keys(Keys.CONTROL, "a")
        area.send_keys(Keys.DELETE)
        # One chunk through the browser's own input: an editor would close brackets behind single keys.
        self.driver.execute_cdp_cmd("Input.insertText", {"text": value})

    def run(self, name: str) -> WebElement:
        """Press Run and return what was found, once it is there."""
        before = self._answer_number(name)
        self._element(f"#{name}-run").click()
        self._until(lambda: self._answer_number(name) != before)
        return self._element(f"#{name}-found")

    def _answer_number(self, name: str) -> str | None:
        number: str | None = self.driver.execute_script(
            "return document.querySelector(arguments[0])?.dataset.answer ?? null",
            f"#{name}-found [data-answer]",
        )
        return number

    def status(self, name: str) -> str:
        """How long the answer took, as the page says it."""
        self._until(lambda: "ms" in self._element(f"#{name}-status").text)
        return self._element(f"#{name}-status").text

    def json(self, name: str) -> dict[str, object]:
        """The JSON of the result, opened and read off the page; it must fit into the editor's window."""
        lines = f"#{name}-json .cm-line"
        if not self._visible(lines):
            self._element(f"#{name}-json-open button").click()
            self._until(lambda: self._visible(lines))
        return self._until(lambda: self._parsed(lines))  # type: ignore[no-any-return]

    def _parsed(self, lines: str) -> dict[str, object] | None:
        text = self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent).join('\\n')", lines
        )
        try:
            value: dict[str, object] = json.loads(text)
        except json.JSONDecodeError:  # the editor is still filling
            return None
        return value

    def hosts_asked(self) -> set[str]:
        """Every host that the browser asked for anything since the last call."""
        hosts = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                parts = urlsplit(message["params"]["request"]["url"])
                if parts.scheme in ("http", "https", "ws", "wss"):
                    hosts.add(parts.hostname or "")
        return hosts

    def screenshot(self, path: Path) -> None:
        self.driver.save_screenshot(str(path))

    def _visible(self, selector: str) -> bool:
        return any(e.is_displayed() for e in self.driver.find_elements(By.CSS_SELECTOR, selector))

    def _element(self, selector: str) -> WebElement:
        found: list[WebElement] = self._until(
            lambda: [e for e in self.driver.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()]
        )
        return found[0]

    def _until(self, condition):  # type: ignore[no-untyped-def]
        return WebDriverWait(self.driver, PATIENCE).until(lambda _: condition())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
