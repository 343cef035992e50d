"""Does an exported page do what it promises, for a visitor with a mouse, a finger or a keyboard, in every browser?

In: real exports of three small models, in real browsers. Everything is done by events on elements; the ids are those
that web/page/page.js lists. How it looks is not asked here, but that nothing is wider than a narrow phone is."""

import io
import json
import re

import numpy as np
import PIL.Image
import pytest

from fanlight.bundle.weights import from_safetensors
from fanlight.server.serve import running
from web import visitor
from web.sites import DRAWN, SITES, digits
from web.visitor import READY, invent, probabilities, spiral


@pytest.fixture(scope="session")
def addresses(tmp_path_factory):
    """Where each of the sites is served, exported when it is first asked for."""
    served, running_now = {}, []

    def address(name: str) -> str:
        if name not in served:
            context = running(SITES[name](tmp_path_factory.mktemp("sites") / name))
            running_now.append(context)
            served[name] = context.__enter__()
        return served[name]

    yield address
    for context in running_now:
        context.__exit__(None, None, None)


@pytest.fixture
def opened(tab, addresses):
    """Opens a site in each browser; nothing may be asked of another origin, and the console stays silent."""
    yield lambda name: visitor.opened(tab, addresses(name))
    assert not [url for url in tab.requests if not visitor.OWN.match(url)]


def test_probabilities_move_with_the_pen(opened):
    tab = opened("digits")
    tab.draw("#draw-pad", DRAWN[0])
    shown = probabilities(tab)
    assert len(shown) == 10 and sum(shown) == pytest.approx(1, abs=1e-4)
    top = tab.look("fanlightPage.labels")[shown.index(max(shown))]
    assert tab.read("#draw-bars .top", "dataset.label") == top
    assert tab.text("#draw-answer b") == top
    assert tab.look("document.querySelector('#draw-seen').getContext('2d').getImageData(0, 0, 8, 8).data.some(Boolean)")
    tab.until("document.querySelector('#draw-live').textContent.includes('sure')")

    tab.draw("#draw-pad", [[[0.1, 0.9], [0.9, 0.9]]])
    assert probabilities(tab) != shown
    tab.click("#draw-undo")
    assert probabilities(tab) == pytest.approx(shown, abs=1e-6)
    tab.click("#draw-clear")
    assert probabilities(tab) == []
    assert tab.read("#draw-undo", "disabled")
    assert tab.look("fanlightPage.bytesSent()") == 0


@pytest.mark.parametrize("rgb, expected", [((250, 10, 5), "red"), ((10, 90, 240), "other")])
def test_a_picture_is_taken_as_bytes(opened, rgb, expected):
    file = io.BytesIO()
    PIL.Image.new("RGB", (40, 30), rgb).save(file, "PNG")
    tab = opened("colours")
    tab.choose_file("#look-try", "picture.png", file.getvalue())
    tab.until("document.querySelector('#look-live').textContent.includes('sure')")
    assert tab.text("#look-answer b") == expected
    red, blue = rgb[0] / 255, sum(rgb[1:]) / 255
    assert probabilities(tab)[0] == pytest.approx(1 / (1 + np.exp(-18 * (red - blue))), abs=1e-3)


def test_an_example_draws_itself_and_gives_way(opened):
    tab = opened("digits")
    tab.click("#draw-examples button")
    tab.until("document.querySelector('#draw-live').textContent.includes('sure')")
    drawn = probabilities(tab)
    tab.draw("#draw-pad", [[[0.5, 0.1], [0.5, 0.9]]])
    tab.click("#draw-undo")
    assert drawn and probabilities(tab) == []  # the visitor's stroke replaced the example


def test_the_pad_works_with_keys(opened):
    tab = opened("digits")
    tab.focus("#draw-pad")
    tab.press("Escape", "ArrowUp", "ArrowUp", " ", *["ArrowDown"] * 8, " ")
    assert len(probabilities(tab)) == 10
    tab.press("Backspace")
    assert probabilities(tab) == []


def test_the_pad_works_with_fingers(browser, addresses):
    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 720})
    phone = context.new_page()
    phone.goto(addresses("digits"))
    phone.wait_for_selector(READY)
    phone.tap("#draw-clear") if phone.locator("#draw-clear").is_enabled() else None
    phone.tap("#draw-pad")
    # Asked from outside: the page's policy lets no text run in it, as waiting for a function would.
    for _ in range(100):
        if phone.evaluate("fanlightPage.probabilities()?.length === 10"):
            break
        phone.wait_for_timeout(50)
    else:
        raise AssertionError("expected probabilities after a tap, got none")
    context.close()


def test_a_sign_is_invented_saved_and_restored(opened):
    tab = opened("digits")
    invent(tab, "spiral")
    assert "is known after" in tab.text("#teach-status")
    assert tab.look("fanlightPage.labels")[-1] == "spiral"
    tab.draw("#draw-pad", spiral(0.3))
    shown = probabilities(tab)
    assert len(shown) == 11 and shown[10] > 0.5
    assert "new" in tab.read('#draw-bars [data-label="spiral"]', "className")
    old, now = map(int, re.findall(r"(\d+)%", tab.text("#teach-status"))[::-1])
    assert now >= old - 3  # what it knew is kept

    tab.click("#keep-save")
    tab.until_state("#keep", "done")
    tab.reload()
    tab.until_state("html", "ready")
    assert tab.look("fanlightPage.labels.length") == 10
    assert "You saved a network here on" in tab.text("#offer-text")
    tab.click("#offer-restore")
    tab.until("fanlightPage.labels.includes('spiral')")
    tab.until("document.querySelector('#offer').hidden")
    tab.draw("#draw-pad", spiral(0.3))
    assert probabilities(tab) == pytest.approx(shown, abs=1e-3)

    # The room is for three signs; names are not used twice.
    tab.fill("#teach-name", "spiral")
    for k in range(5):
        tab.draw("#teach-pad", [[[0.1, 0.1 + k / 50], [0.9, 0.1], [0.9, 0.9]]])
        tab.click("#teach-keep")
    tab.until("document.querySelector('#teach-status').textContent.includes('is taken')")
    tab.fill("#teach-name", "corner")
    tab.press("Enter")
    tab.until_state("#teach", "known")
    assert tab.look("fanlightPage.labels.slice(10)") == ["spiral", "corner"]


def test_a_slot_can_be_emptied_again(opened):
    tab = opened("digits")
    tab.draw("#teach-pad", spiral(0))
    tab.click("#teach-keep")
    tab.click("#teach-slots .filled")
    assert tab.count("#teach-slots .filled") == 0
    assert tab.read("#teach-keep", "disabled")


def test_it_forgets_and_learns_again(opened):
    tab = opened("digits")
    first = tab.text("#train-held")
    tab.click("#train-start")
    tab.until_state("#train", "done")
    assert int(tab.text("#train-held").rstrip("%")) > 80
    assert re.search(r"Learnt in .* seconds.* are right", tab.text("#train-status"))
    assert tab.text("#train-epoch") == "6 of 6"
    assert re.fullmatch(r"[\d,]+", tab.text("#train-speed"))
    assert re.fullmatch(r"[\d.]+ ms", tab.text("#figure-step"))
    assert tab.count("#train-metric-chart polyline") == 4  # two lines and their legend
    label = tab.read("#train-loss-chart", "ariaLabel")
    assert re.fullmatch(r"Mistakes \(loss\)\. learnt from: [\d.]+, held back: [\d.]+", label)
    assert tab.count("#digits li") == 60 and tab.count("#digits .right") > 40
    wrong = tab.look("[...document.querySelectorAll('#digits .wrong span')].map((each) => each.innerText)")
    assert all(text.startswith("✕ ") for text in wrong)

    tab.click("#train-back")
    tab.until_state("#train", "idle")
    tab.until(f"document.querySelector('#train-held').textContent === '{first}'")


def test_training_is_stopped_by_hand(opened):
    tab = opened("digits")
    # Two clicks in one turn of the page: however quick the machine is, the second comes in time.
    tab.evaluate("() => document.querySelector('#train-start').click()")
    tab.until(
        "!document.querySelector('#train-stop').disabled || document.querySelector('#train').dataset.state === 'done'"
    )
    tab.evaluate("() => document.querySelector('#train-stop').click()")
    tab.until_state("#train", "stopped", "done")
    tab.until("!fanlightPage.busy")


def test_what_was_learnt_goes_out_and_comes_back_as_a_file(opened):
    tab = opened("digits")
    invent(tab, "spiral")
    tab.draw("#draw-pad", spiral(0.1))
    shown = probabilities(tab)
    file = tab.download(lambda: tab.click("#keep-download"))
    arrays = from_safetensors(file)
    assert list(memoryview(arrays["class_mask"].data).cast("B").cast("f")) == [1.0] * 11 + [0.0] * 2

    tab.reload()
    tab.until_state("html", "ready")
    tab.choose_file("#keep-open", "learnt.safetensors", file)
    tab.until_state("#keep", "done")
    assert tab.look("fanlightPage.labels")[-1] == "spiral"
    tab.draw("#draw-pad", spiral(0.1))
    assert probabilities(tab) == pytest.approx(shown, abs=1e-3)

    tab.choose_file("#keep-open", "broken.safetensors", file[:50])
    tab.until_state("#keep", "failed")
    assert "could not be opened" in tab.text("#keep-status")
    assert tab.text("#keep-line") == 'fl.load("site/", weights="learnt.safetensors")'


def test_one_file_opens_from_disk_without_a_network(any_browser, tmp_path):
    folder = digits(tmp_path / "site", onefile=True)
    (path,) = [each for each in folder.glob("*.html") if each.name != "index.html"]
    with running(folder) as address, any_browser.tab() as tab:
        visitor.opened(tab, address)
        assert "as one HTML file of" in tab.text("#keep-onefile-text")
        assert tab.look("document.querySelector('#keep-onefile-link').getAttribute('href')") == path.name

    with any_browser.tab() as tab:
        tab.cut_network()
        visitor.opened(tab, path.as_uri())
        assert tab.text("#keep-onefile-text").startswith("This page is one HTML file")
        assert tab.read("#keep-onefile-link", "hidden")
        invent(tab, "spiral")
        tab.click("#train-start")
        tab.until_state("#train", "done")
        tab.click("#keep-save")
        tab.until_state("#keep", "done")
        tab.reload()
        tab.until("document.querySelector('#offer').hidden === false")
        assert not tab.errors


def test_a_file_is_dropped(opened):
    tab = opened("digits")
    drop = """(text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], 'mine.safetensors'));
        const init = { dataTransfer: transfer, bubbles: true, cancelable: true };
        document.querySelector('#keep-drop').dispatchEvent(new DragEvent('drop', init));
    }"""
    tab.evaluate(drop, "not weights")
    tab.until_state("#keep", "failed")
    assert "could not be opened" in tab.text("#keep-status")


def test_it_goes_on_without_a_network(opened):
    tab = opened("digits")
    assert tab.text("#figure-offline") == "Yes"
    if not tab.cut_network():
        pytest.skip(f"the driver of {tab.browser} cannot cut the network")
    tab.draw("#draw-pad", DRAWN[7])
    assert len(probabilities(tab)) == 10
    tab.click("#train-start")
    tab.until_state("#train", "done")
    tab.click("#keep-save")
    tab.until_state("#keep", "done")
    assert tab.text("#figure-offline-note") == "you are offline right now"


def test_the_strip_has_figures(tab, addresses):
    visitor.opened(tab, addresses("digits"))
    assert tab.text("#figure-sent") == "0"
    assert re.fullmatch(r"[\d.]+ KB", tab.text("#figure-code"))
    assert re.fullmatch(r"[\d.]+ (ms|s)", tab.text("#figure-predict"))
    assert tab.text("#figure-backend") == "WebAssembly"
    # What any script hands to the network is counted.
    tab.evaluate("() => fetch('fanlight.json', { method: 'POST', body: 'x'.repeat(7) }).catch(() => 0)")
    assert tab.look("fanlightPage.bytesSent()") == 7
    tab.look("navigator.sendBeacon('nowhere', new Blob(['12345']))")
    assert tab.text("#figure-sent") == "12 bytes"
    tab.errors.clear()  # the host has no answer to either


def test_a_form_answers_and_the_plot_moves_it(opened):
    tab = opened("iris")
    tab.click("#form-examples button")
    tab.until("document.querySelector('#form-answer b').textContent === 'setosa'")
    assert tab.read("#form-number-2", "value") == "1.5"
    tab.fill("#form-number-2", "6")
    tab.fill("#form-number-3", "2.2")
    tab.until("document.querySelector('#form-answer b').textContent === 'virginica'")
    assert tab.read("#form-range-2", "value") == "6"
    assert tab.read("#form-bars .top", "dataset.label") == "virginica"

    # The two columns that tell most are chosen, and a click moves the form.
    assert [tab.read(f"#regions-{axis}", "value") for axis in ("across", "up")] == ["2", "3"]
    width, height = tab.place("#regions")[2:]
    tab.click("#regions", 80 / width, 1 - 70 / height)
    tab.until("document.querySelector('#form-answer b').textContent === 'setosa'")
    assert tab.count("#regions circle") == 151
    tab.select("#regions-across", "0")
    tab.until("document.querySelector('#regions').getAttribute('aria-label').includes('sepal length')")


def test_plain_functions_learn_points_that_the_visitor_adds(opened):
    tab = opened("sine")
    tab.until("document.querySelectorAll('#curve circle').length === 24")
    tab.click("#train-start")
    tab.until("Number(document.querySelector('#train-loss').textContent) < 0.05")
    tab.click("#train-stop")
    tab.until_state("#train", "done")

    tab.click("#curve", 0.5, 30 / tab.place("#curve")[3])  # far from the curve: it learns on
    tab.until("document.querySelectorAll('#curve circle').length === 25")
    assert tab.read("#train", "dataset.state") == "learning"
    assert "25 points, 24 of them came with the page" in tab.text("#curve-note")
    tab.click("#train-stop")
    tab.focus("#curve")
    tab.press(*["Enter"] * 20)
    tab.until("document.querySelectorAll('#curve circle.point').length === 40")
    assert "no room for more" in tab.text("#curve-note")
    tab.press("Delete")
    tab.until("document.querySelectorAll('#curve circle.point').length === 39")
    tab.click("#train-forget")
    tab.until("document.querySelector('#train-status').textContent === 'Forgotten.'")


# Elements that end right of the window, and controls too low for a finger: 44 pixels, as both phone makers ask.
MISFITS = """() => {
  const ids = (selector, isWrong) => [...document.querySelectorAll(selector)].filter(isWrong).map((e) => e.id);
  return {
    wide: ids('main [id]', (e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1),
    low: ids('button, select', (e) => e.offsetParent && e.offsetHeight < 44),
    all: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  };
}"""


@pytest.mark.parametrize("name", SITES)
def test_nothing_is_wider_than_a_narrow_phone(any_browser, addresses, name):
    with any_browser.tab(360, 700) as tab:
        visitor.opened(tab, addresses(name))
        assert tab.evaluate(MISFITS) == {"wide": [], "low": [], "all": 0}


@pytest.mark.parametrize("name", SITES)
def test_nor_in_the_dark(browser, addresses, name):
    context = browser.new_context(viewport={"width": 360, "height": 700}, color_scheme="dark")
    page = context.new_page()
    page.goto(addresses(name))
    page.wait_for_selector(READY)
    assert page.evaluate(MISFITS) == {"wide": [], "low": [], "all": 0}
    context.close()


def test_every_control_has_a_name(opened):
    """An accessibility tree without nameless controls, images or fields."""
    for name in SITES:
        tab = opened(name)
        controls = "[...document.querySelectorAll('button, input, select, canvas[role], svg[role], [tabindex]')]"
        named = "e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length"
        nameless = f"{controls}.filter((e) => e.checkVisibility() && !({named}))"
        assert tab.look(f"{nameless}.map((e) => e.outerHTML)") == []
        assert tab.count("h1") == 1


def test_a_page_that_cannot_start_says_why(any_browser, tmp_path):
    folder = SITES["iris"](tmp_path / "site")
    (folder / "fanlight.json").write_text(json.dumps({"format": 9}))
    with running(folder) as address, any_browser.tab() as tab:
        tab.goto(address)
        tab.until_state("html", "failed")
        assert "could not start" in tab.text("#status")
