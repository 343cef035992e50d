"""What every test can ask for: --bless and --full, golden files, a random generator, a browser.

Without --full the tests marked `full` wait. The very last line counts what could not run, with the reasons.
"""

import difflib
import gc
import os
import shutil
import sys
import tomllib
from collections import Counter
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from browsers.fixtures import any_browser, started, tab

__all__ = ["any_browser", "started", "tab"]

ROOT = Path(__file__).parent.parent

os.environ.setdefault("KERAS_BACKEND", "jax")  # before anything imports keras
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# Same examples on every run, so that a failure is about the change; the full tier looks further.
hypothesis.settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("full", max_examples=300, deadline=None, print_blob=True)


def pytest_addoption(parser):
    parser.addoption("--bless", action="store_true", help="rewrite the golden files from what the code gives now")
    parser.addoption("--full", action="store_true", help="also run the tests marked `full`")


def pytest_configure(config):
    hypothesis.settings.load_profile("full" if config.getoption("--full") else "quick")


def pytest_collection_modifyitems(config, items):
    """Leave out what was not asked for: the full tier, and under --bless all that has no golden file."""
    if config.getoption("--bless"):
        chosen = [item for item in items if "golden" in getattr(item, "fixturenames", ())]
    elif config.getoption("--full"):
        return
    else:
        chosen = [item for item in items if item.get_closest_marker("full") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.fixture(scope="module", autouse=True)
def collected():
    """What a module leaves open (a socket, a process) is told after its last test, not in whatever test collects it;
    and what JAX compiled for it, gigabytes after some hundred layers, goes."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
    gc.collect()


# Golden files


@pytest.fixture
def golden(request):
    """Compare text with a file in the `golden/` folder beside the test, or in another: golden("dense.wat", text)."""

    def compare(name: str, text: str, folder: Path | None = None) -> None:
        path = (folder or request.path.parent / "golden") / name
        text = text if text.endswith("\n") else text + "\n"
        if request.config.getoption("--bless"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        shown = path.relative_to(ROOT)
        if not path.exists():
            pytest.fail(f"there is no golden file {shown}; run `make bless` and read what it writes", pytrace=False)
        expected = path.read_text(encoding="utf-8")
        if text != expected:
            lines = difflib.unified_diff(expected.splitlines(), text.splitlines(), str(shown), "now", lineterm="", n=2)
            diff = list(lines)
            rest = f"\n... and {len(diff) - 80} more lines" if len(diff) > 80 else ""
            message = "\n".join(diff[:80]) + rest + "\nif this is what you meant: make bless, then read the diff"
            pytest.fail(message, pytrace=False)

    return compare


# Data


@pytest.fixture
def rng() -> np.random.Generator:
    """A NumPy generator with a fixed seed."""
    return np.random.default_rng(20)


@pytest.fixture(scope="session")
def budgets() -> dict:
    """The numbers of budgets.toml."""
    return tomllib.loads((ROOT / "budgets.toml").read_text(encoding="utf-8"))


# A real browser


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of the installed Chromium; a test that asks for it is not run where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("Chromium is not installed")


@pytest.fixture(scope="session")
def browser(chromium_path):
    """One headless Chromium for all tests of a process."""
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    # A profiler of memory, on in a random part of launches, reads beyond the stack of a suspended WebAssembly call and
    # ends pages in which Python waits for a promise (Chromium 156).
    quiet += ["--disable-features=HeapProfilerReporting"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=quiet)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A fresh page with its own storage; an uncaught error in it fails the test."""
    context = browser.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors, "the page threw: " + "; ".join(errors)


# The last line


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session, exitstatus):
    """Say last what was not run, after pytest's own summary: a skip is never silent."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):  # a process of xdist reports to the first one
        return result
    reasons = Counter(skip_reason(report) for report in reporter.stats.get("skipped", []))
    named = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    line = f"not run: {reasons.total()}" + (f" ({named})" if named else "")
    if not session.config.getoption("--full") and not session.config.getoption("--bless"):
        line += "; tests marked `full` wait for make test-full"
    reporter.write_line(line)
    return result


def skip_reason(report) -> str:
    """The reason that a skipped test, or an expected failure, gave."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")
