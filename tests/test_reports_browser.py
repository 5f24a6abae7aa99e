"""The HTML report in a real browser: it fits, it is silent, and its one button works."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import runpy
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.reports.formats import render

GOLDEN = Path(__file__).parent / "golden"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars
    --disable-background-networking --disable-component-update --disable-sync
"""
# The browser wants its two pipes as descriptors 3 and 4.
MOVE = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execvp(sys.argv[3], sys.argv[3:])"
PATIENCE = 60.0  # seconds for the browser to start and for each answer


class Browser:
    """One page of a headless Chromium, driven over two pipes: one JSON message, one NUL."""

    def __init__(self, program: str, profile: Path) -> None:
        to_read, self._to = os.pipe()
        self._from, to_write = os.pipe()
        pipes = [str(to_read), str(to_write)]
        profile_flag = f"--user-data-dir={profile}"
        flags = [*QUIET.split(), "--remote-debugging-pipe", profile_flag, "about:blank"]
        command = [sys.executable, "-c", MOVE, *pipes, program, *flags]
        self._process = subprocess.Popen(
            command,
            pass_fds=(to_read, to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(to_write)
        self._number = 0
        self._rest = b""
        self.complaints: list[str] = []
        self.session = ""

    def begin(self) -> None:
        """Attach to a fresh page."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result; what the page complains of meanwhile is kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        session = {"sessionId": self.session} if self.session else {}
        os.write(self._to, json.dumps({**message, **session}).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            piece = os.read(self._from, 1 << 16)
            assert piece, "the browser has ended"
            self._rest += piece
        line, self._rest = self._rest.split(b"\0", 1)
        found: dict[str, Any] = json.loads(line)
        return found

    def _note(self, event: dict[str, Any]) -> None:
        """Errors, log entries, and requests of anything but the page itself."""
        method, params = event.get("method", ""), event.get("params", {})
        if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
            self.complaints.append(json.dumps(params))
        url = params.get("request", {}).get("url", "")
        if method == "Network.requestWillBeSent" and not url.startswith(("file:", "data:")):
            self.complaints.append(f"request for {url}")

    def open(self, page: Path, width: int, height: int, scheme: str = "light") -> None:
        self.complaints.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip
        preference = {"name": "prefers-color-scheme", "value": scheme}
        self.ask("Emulation.setEmulatedMedia", media="", features=[preference])
        self.ask("Page.navigate", url=page.as_uri())
        deadline = time.monotonic() + PATIENCE
        while self.run("document.readyState + location.href") != f"complete{page.as_uri()}":
            assert time.monotonic() < deadline, "the page does not load"

    def run(self, expression: str, gesture: bool = False) -> Any:
        """The value of an expression in the page."""
        answer = self.ask(
            "Runtime.evaluate",
            expression=expression, returnByValue=True, awaitPromise=True, userGesture=gesture,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def close(self) -> None:
        with contextlib.suppress(OSError, AssertionError, KeyError):
            self.session = ""
            self.ask("Browser.close")
        os.close(self._to)
        os.close(self._from)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser of this machine."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    opened = Browser(program, tmp_path_factory.mktemp("profile"))
    try:
        opened.begin()
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sample run."""
    sample = runpy.run_path(str(GOLDEN / "sample.py"))
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(sample["RUN"], "html", sample["HISTORY"]), "utf-8", newline="")
    return path


OPEN_ALL = "for (const fold of document.querySelectorAll('details')) fold.open = true;"
TOO_WIDE = """
[...document.querySelectorAll('body *')]
  .filter(e => !e.closest('pre') && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map(e => e.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 930, 768, 390, 320])
def test_the_page_fits(browser: Browser, page: Path, width: int, scheme: str) -> None:
    """Nothing is wider than the window, even with all folds open; only code scrolls, in itself."""
    browser.open(page, width, 844, scheme)
    browser.run(OPEN_ALL)
    assert browser.run(TOO_WIDE) == []
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_the_printed_page_fits(browser: Browser, page: Path) -> None:
    """On a sheet of A4 nothing is cut off, and the button is not printed."""
    browser.open(page, 718, 1000)
    browser.ask("Emulation.setEmulatedMedia", media="print")
    browser.run(OPEN_ALL)
    assert browser.run(TOO_WIDE.replace("!e.closest('pre') && ", "")) == []
    assert browser.run("[...document.querySelectorAll('button')].every(b => !b.checkVisibility())")


def test_the_page_is_silent_and_asks_for_nothing(browser: Browser, page: Path) -> None:
    """No error, no message, no request, and nothing that the submission wrote was run."""
    browser.open(page, 1280, 900)
    browser.run(OPEN_ALL)
    assert browser.complaints == []
    assert browser.run("document.querySelectorAll('img, iframe, object, b, i').length") == 0
    assert browser.run("document.scripts.length") == 1


def test_an_injected_script_would_not_run(browser: Browser, page: Path, tmp_path: Path) -> None:
    """The page's own policy holds even if the escaping did not."""
    evil = tmp_path / "evil.html"
    injected = "<script>window.ran = 1</script><img src=x onerror='window.ran = 2'></body>"
    evil.write_text(page.read_text("utf-8").replace("</body>", injected), "utf-8", newline="")
    browser.open(evil, 1280, 900)
    assert browser.run("window.ran === undefined")
    assert any("Content Security Policy" in c for c in browser.complaints)


def test_the_copy_button_copies_without_a_network(browser: Browser, page: Path) -> None:
    """What is copied is the reproduction, to the letter; the button says that it was done."""
    browser.open(page, 390, 844)
    browser.run(OPEN_ALL)
    browser.run("addEventListener('copy', e => { window.copied = String(getSelection()); })")
    browser.run(
        "navigator.clipboard.writeText = t => { window.copied = t; return Promise.resolve(); }"
    )
    browser.run("document.querySelector('button[data-copy]').click()", gesture=True)
    told = "document.querySelector('button[data-copy] + .copied').textContent"
    deadline = time.monotonic() + 10
    while not browser.run(told):
        assert time.monotonic() < deadline, "the button says nothing"
    assert browser.run(told) == "Copied."
    sample = runpy.run_path(str(GOLDEN / "sample.py"))
    assert browser.run("window.copied") == sample["REPRODUCTION"]


def test_without_a_clipboard_the_text_is_selected(browser: Browser, page: Path) -> None:
    """An old browser, or one that forbids it, still leaves something to copy."""
    browser.open(page, 1280, 900)
    browser.run(OPEN_ALL)
    browser.run("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    browser.run("document.querySelector('button[data-copy]').click()", gesture=True)
    deadline = time.monotonic() + 10
    while not browser.run("String(getSelection()).startsWith('# Repeats the calls')"):
        assert time.monotonic() < deadline, "nothing was selected"


CONTRAST = """
(() => {
  const parse = text => { const p = text.match(/[\\d.]+/g).map(Number); return { rgb: p.slice(0, 3), a: p[3] ?? 1 }; };
  const light = rgb => rgb.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const back = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a) return c.rgb; } };
  const poor = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.checkVisibility()) continue;
    const pair = [light(parse(getComputedStyle(e).color).rgb), light(back(e))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) poor.add(`${ratio.toFixed(2)} ${e.outerHTML.slice(0, 80)}`);
  }
  return [...poor];
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(browser: Browser, page: Path, scheme: str) -> None:
    """A contrast of 4.5 to 1 or more, in both colour schemes."""
    browser.open(page, 1280, 900, scheme)
    browser.run(OPEN_ALL)
    assert browser.run(CONTRAST) == []


def test_headings_go_down_one_level_at_a_time(browser: Browser, page: Path) -> None:
    """A screen reader can walk them; every field that scrolls can be reached by keyboard."""
    browser.open(page, 1280, 900)
    levels = browser.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert browser.run("[...document.querySelectorAll('pre')].every(p => p.tabIndex === 0)")
    assert browser.run(
        "[...document.querySelectorAll('[id]')].length === new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    )
