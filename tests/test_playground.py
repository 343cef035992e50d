"""Does the playground do what it shows? Its programs learn in a real browser, models are taken along, errors name their
line, loops stop, links carry programs, and the second visit needs no network."""

import importlib.util
import io
import re
import zipfile
from pathlib import Path

import pytest

import fanlight as fl
from fanlight.server.serve import running
from web.in_python import node_packages
from web.visitor import READY

pytestmark = pytest.mark.full

FOLDER = Path(__file__).parent.parent / "examples" / "playground"
SECONDS = 120_000


@pytest.fixture(scope="module")
def site(tmp_path_factory, budgets):
    node_packages()
    spec = importlib.util.spec_from_file_location("playground_build", FOLDER / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    folder = tmp_path_factory.mktemp("playground") / "site"
    sizes = build.build(folder)
    limits = {name: 1000 * budget["kilobytes"] for name, budget in budgets["playground"].items()}
    assert sum(sizes.values()) < limits["first_visit"]
    assert sum(size for name, size in sizes.items() if name.startswith(("app.", "style."))) < limits["page"]
    return folder


@pytest.fixture(scope="module")
def address(site):
    with running(site) as served:
        yield served


@pytest.fixture(scope="module")
def opened(browser, address):
    """A page in which Python is there; the console stays silent, and nothing is asked of another origin."""
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    troubles, asked = [], []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("html[data-state=ready]", timeout=SECONDS)
    yield page
    context.close()
    assert not troubles
    assert not [url for url in asked if not url.startswith((address, f"blob:{address}", "data:", "blob:null"))]


def write(page, text):
    page.evaluate("(text) => { playground.editor.text = text; }", text)


def run(page, text=None):
    """Runs the program in the editor to its end; gives the output's text."""
    if text is not None:
        write(page, text)
    page.click("#run")
    page.wait_for_selector("html[data-end]", timeout=SECONDS)
    return page.inner_text("#output")


def run_example(page, name):
    page.select_option("#examples", name)
    if page.locator("#reset").is_visible():
        page.click("#reset")
    text = run(page)
    assert page.get_attribute("html", "data-end") == "done", text
    return text


def frame_of(page):
    frame = page.frame_locator("#output iframe")
    frame.locator(READY).wait_for(timeout=SECONDS)
    return frame


def test_irises_are_learnt_shown_and_taken_along(opened, tmp_path):
    text = run_example(opened, "iris")
    assert int(re.search(r"(\d+)% of 30 flowers", text)[1]) >= 90
    assert re.search(r"Compiled to [\d.]+ KB of WebAssembly", text)
    assert opened.locator("#output .chart polyline").count() >= 8  # two charts of two lines, and their legends
    frame = frame_of(opened)
    assert frame.locator("#form-answer b").inner_text() in fl.datasets.IRIS_LABELS
    frame.locator("#train-start").click()
    frame.locator("#train[data-state=done]").wait_for(timeout=SECONDS)

    with opened.expect_download(timeout=SECONDS) as download:
        opened.click("[data-take=folder]")
    zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())).extractall(tmp_path)
    test = fl.datasets.iris()[1]
    assert fl.load(tmp_path / "iris").evaluate(*test)["accuracy"] >= 0.9
    with opened.expect_download(timeout=SECONDS) as download:
        opened.click("[data-take=file]")
    assert download.value.suggested_filename == "iris.html"
    single = tmp_path / "iris.html"
    download.value.save_as(single)
    other = opened.context.browser.new_page()
    other.goto(single.as_uri())
    other.wait_for_selector("html[data-state=ready]")
    assert other.evaluate("fanlightPage.model.selfTest()")["passed"]
    other.close()


def test_digits_are_learnt_and_drawn(opened):
    text = run_example(opened, "digits")
    assert float(re.search(r"([\d.]+)% of 360 digits", text)[1]) >= 95
    assert opened.locator("#output .digits li").count() == 32
    frame = frame_of(opened)
    box = frame.locator("#draw-pad").bounding_box()
    opened.locator("#output iframe").scroll_into_view_if_needed()
    box = frame.locator("#draw-pad").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 0.2 * box["height"]
    opened.mouse.move(x, y)
    opened.mouse.down()
    for step in range(12):
        opened.mouse.move(x, y + step * 0.02 * box["height"])
    opened.mouse.up()
    frame.locator("#draw-bars .top").wait_for(timeout=SECONDS)


def test_a_spiral_is_learnt_before_ones_eyes(opened):
    text = run_example(opened, "spiral")
    assert int(re.search(r"(\d+)% of the points", text)[1]) >= 95
    painted = "(canvas) => new Set(canvas.getContext('2d').getImageData(0, 0, 300, 300).data).size"
    assert opened.locator(".regions canvas").evaluate(painted) > 50


def test_a_loss_by_hand_is_followed(opened):
    text = run_example(opened, "regression")
    assert float(re.search(r"loss ([\d.]+) after 800 steps", text)[1]) < 0.03
    assert opened.locator("#output circle.point").count() == 40


def test_errors_name_their_line(opened):
    text = run(opened, "import fanlight as fl\n\nprint('before')\nfl.layers.Dense(3, activation='rleu')\n")
    assert opened.get_attribute("html", "data-end") == "failed"
    assert text.startswith("before") and 'File "program.py", line 4' in text and "got 'rleu'" in text
    assert "site-packages" not in text
    assert opened.locator(".cm-wrong").inner_text().startswith("fl.layers.Dense")
    assert "line 1" in run(opened, "def f(:\n") and opened.locator(".cm-wrong").count() == 1
    assert "no other package" in run(opened, "import numpy\n")
    assert "write await model.fit(...)" in run(
        opened,
        "import fanlight as fl\nmodel = fl.Sequential([fl.Input((1,)), fl.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\nmodel.fit([[1]], [1])\n",
    )


def test_files_of_a_program_are_given_out(opened):
    run(opened, "import os\nos.mkdir('notes')\nopen('notes/a.txt', 'w').write('hello')\n")
    with opened.expect_download() as download:
        opened.click("[data-take=written]")
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert download.value.suggested_filename == "notes.zip" and archive.read("notes/a.txt") == b"hello"


LOOPS = {
    "waiting": "import asyncio\nawait asyncio.sleep(1000)\n",
    "computing": "while True:\n    pass\n",
    "training": "import fanlight as fl\nx, y = fl.datasets.iris()[0]\n"
    "model = fl.Sequential([fl.Input((4,)), fl.layers.Dense(3)])\n"
    "model.compile('sgd', 'sparse_categorical_crossentropy')\nawait model.fit(x, y, epochs=10**6)\n",
}


def stop(page, program):
    write(page, program)
    page.click("#run")
    page.wait_for_selector("html[data-state=running]")
    page.wait_for_timeout(1500)
    page.click("#stop")
    page.wait_for_selector("html[data-end=stopped]", timeout=SECONDS)


@pytest.mark.parametrize("name", LOOPS)
def test_programs_are_stopped(opened, name):
    stop(opened, LOOPS[name])
    assert "on again" in run(opened, "print('on again')\n")


def test_a_loop_is_stopped_where_no_memory_is_shared(browser, site):
    page = browser.new_page()
    with running(site, is_isolated=False) as served:
        page.goto(served)
        page.wait_for_selector("html[data-state=ready]", timeout=SECONDS)
        stop(page, LOOPS["computing"])
        page.wait_for_selector("html[data-state=ready]", timeout=SECONDS)
        assert "on again" in run(page, "print('on again')\n")
    page.close()


def test_a_link_carries_a_program(opened, browser):
    write(opened, "print('from a link: é')\n")
    opened.click("#share")
    opened.wait_for_function("() => location.hash.startsWith('#program=')")
    page = browser.new_page()
    page.goto(opened.url)
    page.wait_for_selector("#shared:visible")
    assert page.get_attribute("html", "data-end") is None  # nothing runs by itself
    page.wait_for_selector("html[data-state=ready]", timeout=SECONDS)
    assert run(page).strip() == "from a link: é"
    page.close()


def test_the_second_visit_needs_no_network(browser, site):
    context = browser.new_context()
    page = context.new_page()
    with running(site) as served:
        page.goto(served)
        page.wait_for_selector("html[data-state=ready]", timeout=SECONDS)
        page.wait_for_function("() => navigator.serviceWorker.controller !== null", timeout=SECONDS)
        context.set_offline(True)
        page.reload()
        page.wait_for_selector("html[data-state=ready]", timeout=SECONDS)
        run_example(page, "regression")
    context.close()


def test_nothing_is_wider_than_a_narrow_phone(browser, address):
    page = browser.new_page(viewport={"width": 360, "height": 700})
    page.goto(address)
    page.wait_for_selector("html[data-state=ready]", timeout=SECONDS)
    run_example(page, "iris")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()
