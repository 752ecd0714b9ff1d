"""The page's scripts in a real browser: every chart is drawn, the console stays silent."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from greensched.report.page import write_report
from greensched.results.finish import finish
from tests.results.synthetic_run import CONFIG, write_run
from tests.worlds import write_advisories

CHARTS = ("total", "regions", "map", "load", "wait", "late", "kinds", "reasons")
HOSTILE = "</script><img src=x onerror=alert(1)>&\u2028"


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser; its tests are skipped, with the reason, where none is installed."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium on PATH: the scripts of report.html are not executed")


def show(chromium: str, page: Path, profile: Path, *more: str) -> tuple[str, list[str]]:
    """The page after its scripts ran, and what they wrote to the console (errors included)."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--virtual-time-budget=3000"]
    logging = ["--enable-logging=stderr", f"--user-data-dir={profile}"]
    command = [chromium, *options, *logging, *more, "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def report(folder: Path) -> Path:
    """The hand-made run, against a baseline, with a name that tries to break out."""
    datacenters = [CONFIG["datacenters"][0] | {"name": HOSTILE}, CONFIG["datacenters"][1]]
    write_run(folder / "baseline", policy={"name": "local-only"}, datacenters=datacenters)
    finish(folder / "baseline")
    write_run(folder, datacenters=datacenters, scenario=HOSTILE)
    finish(folder)
    return write_report(folder)


def test_every_chart_is_drawn_and_the_console_is_silent(chromium: str, tmp_path: Path) -> None:
    dom, console = show(chromium, report(tmp_path / "run"), tmp_path / "profile")
    assert console == []
    for chart in CHARTS:
        found = re.search(rf'<div class="chart[^"]*" id="{chart}"[^>]*>(.)', dom)
        assert found and found[1] == "<", f"#{chart} is empty"
    assert "<img" not in dom


@pytest.mark.parametrize("width_px", [1280, 500])  # Chromium's window is never narrower than 500
def test_long_words_of_operators_are_read_without_scrolling(chromium: str, tmp_path: Path, width_px: int) -> None:
    """A text of 4000 characters, the longest there may be: its lines break, and its table is as wide as the page."""
    write_run(tmp_path / "run")
    write_advisories(tmp_path / "run", [(0.0, 1, "We drain it. " * 250), (60.0, 0, "x" * 4000)])
    finish(tmp_path / "run")
    page = write_report(tmp_path / "run")
    probe = "t = document.querySelector('.told'); document.title = t.scrollWidth - t.parentNode.clientWidth"
    text = re.sub(r"(?s)<meta http-equiv=.Content-Security-Policy.*?>", "", page.read_text(encoding="utf-8"))
    page.write_text(text.replace("</body>", f"<script>{probe}</script></body>"), encoding="utf-8")
    dom, _ = show(chromium, page, tmp_path / "profile", f"--window-size={width_px},900")
    beyond = re.search(r"<title>(-?\d+)</title>", dom)
    assert beyond and int(beyond[1]) <= 0


def test_an_error_in_the_script_would_be_seen(chromium: str, tmp_path: Path) -> None:
    page = report(tmp_path / "run")
    broken = page.read_text(encoding="utf-8").replace("<body>", "<body><script>undefinedFunction()</script>")
    page.write_text(broken, encoding="utf-8")
    _, console = show(chromium, page, tmp_path / "profile")
    assert any("Content Security Policy" in line for line in console)  # and so would anything else it refuses
    page.write_text(re.sub(r"(?s)<meta http-equiv=.Content-Security-Policy.*?>", "", broken), encoding="utf-8")
    _, console = show(chromium, page, tmp_path / "profile2")
    assert any("undefinedFunction is not defined" in line for line in console)
