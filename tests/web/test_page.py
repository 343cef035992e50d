"""Does an exported page do what it promises, for a visitor with a mouse, a finger or a keyboard?

In: real exports of three small models, in a real Chromium. Everything is done by events on elements; the ids are those
that web/page/page.js lists. How it looks is not asked here, but that nothing is wider than a narrow phone is."""

import json
import re

import pytest

from fanlight.bundle.weights import from_safetensors
from fanlight.server.serve import running
from web.sites import DRAWN, SITES, digits
from web.visitor import READY, draw, invent, probabilities, spiral, until


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
def opened(page, addresses):
    """Opens a site; nothing may be asked of another origin, and the console stays silent."""
    troubles, asked = [], []
    page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None)
    page.on("request", lambda request: asked.append(request.url))

    def open_site(name: str, path: str = ""):
        address = addresses(name)
        page.goto(address + path)
        page.wait_for_selector(READY)
        return page

    yield open_site
    own = re.compile(r"(blob:)?http://127\.0\.0\.1:\d+/|data:")
    assert not [url for url in asked if not own.match(url)]
    assert not troubles


def test_probabilities_move_with_the_pen(opened):
    page = opened("digits")
    strokes = DRAWN[0]
    draw(page, "#draw-pad", strokes)
    shown = probabilities(page)
    assert len(shown) == 10 and sum(shown) == pytest.approx(1, abs=1e-4)
    top = page.evaluate("fanlightPage.labels")[shown.index(max(shown))]
    assert page.locator("#draw-bars .top").get_attribute("data-label") == top
    assert page.locator("#draw-answer b").inner_text() == top
    assert page.evaluate(
        "[...document.querySelector('#draw-seen').getContext('2d').getImageData(0,0,8,8).data].some(Boolean)"
    )
    until(page, "document.querySelector('#draw-live').textContent.includes('sure')")

    draw(page, "#draw-pad", [[[0.1, 0.9], [0.9, 0.9]]])
    assert probabilities(page) != shown
    page.click("#draw-undo")
    assert probabilities(page) == pytest.approx(shown, abs=1e-6)
    page.click("#draw-clear")
    assert probabilities(page) == []
    assert page.locator("#draw-undo").is_disabled()
    assert page.evaluate("fanlightPage.bytesSent()") == 0


def test_an_example_draws_itself_and_gives_way(opened):
    page = opened("digits")
    page.click("#draw-examples button")
    until(page, "document.querySelector('#draw-live').textContent.includes('sure')")
    drawn = probabilities(page)
    draw(page, "#draw-pad", [[[0.5, 0.1], [0.5, 0.9]]])
    page.click("#draw-undo")
    assert drawn and probabilities(page) == []  # the visitor's stroke replaced the example


def test_the_pad_works_with_keys_and_fingers(opened, browser, addresses):
    page = opened("digits")
    page.click("#draw-clear") if page.locator("#draw-clear").is_enabled() else None
    page.focus("#draw-pad")
    for key in ["Escape", "ArrowUp", "ArrowUp", " ", *["ArrowDown"] * 8, " "]:
        page.keyboard.press(key)
    assert len(probabilities(page)) == 10
    page.keyboard.press("Backspace")
    assert probabilities(page) == []

    context = browser.new_context(has_touch=True, viewport={"width": 360, "height": 720})
    phone = context.new_page()
    phone.goto(addresses("digits"))
    phone.wait_for_selector(READY)
    phone.tap("#draw-clear") if phone.locator("#draw-clear").is_enabled() else None
    phone.tap("#draw-pad")
    assert len(probabilities(phone)) == 10
    context.close()


def test_a_sign_is_invented_saved_and_restored(opened):
    page = opened("digits")
    invent(page, "spiral")
    assert "is known after" in page.locator("#teach-status").inner_text()
    assert page.evaluate("fanlightPage.labels")[-1] == "spiral"
    draw(page, "#draw-pad", spiral(0.3))
    shown = probabilities(page)
    assert len(shown) == 11 and shown[10] > 0.5
    assert "new" in page.locator('#draw-bars [data-label="spiral"]').get_attribute("class")
    old, now = map(int, re.findall(r"(\d+)%", page.locator("#teach-status").inner_text())[::-1])
    assert now >= old - 3  # what it knew is kept

    page.click("#keep-save")
    page.wait_for_selector("#keep[data-state=done]")
    page.reload()
    page.wait_for_selector(READY)
    assert page.evaluate("fanlightPage.labels.length") == 10
    assert "You saved a network here on" in page.locator("#offer-text").inner_text()
    page.click("#offer-restore")
    until(page, "fanlightPage.labels.includes('spiral')")
    assert page.locator("#offer").is_hidden()
    draw(page, "#draw-pad", spiral(0.3))
    assert probabilities(page) == pytest.approx(shown, abs=1e-3)

    # The room is for three signs; names are not used twice.
    page.fill("#teach-name", "spiral")
    for k in range(5):
        draw(page, "#teach-pad", [[[0.1, 0.1 + k / 50], [0.9, 0.1], [0.9, 0.9]]])
        page.click("#teach-keep")
    until(page, "document.querySelector('#teach-status').textContent.includes('is taken')")
    page.fill("#teach-name", "corner")
    page.keyboard.press("Enter")
    page.wait_for_selector("#teach[data-state=known]")
    assert page.evaluate("fanlightPage.labels.slice(10)") == ["spiral", "corner"]


def test_a_slot_can_be_emptied_again(opened):
    page = opened("digits")
    draw(page, "#teach-pad", spiral(0))
    page.click("#teach-keep")
    page.click("#teach-slots .filled")
    assert page.locator("#teach-slots .filled").count() == 0
    assert page.locator("#teach-keep").is_disabled()


def test_it_forgets_and_learns_again(opened):
    page = opened("digits")
    first = page.locator("#train-held").inner_text()
    page.click("#train-start")
    page.wait_for_selector("#train[data-state=learning]")
    page.wait_for_selector("#train[data-state=done]")
    assert int(page.locator("#train-held").inner_text().rstrip("%")) > 80
    assert re.search(r"Learnt in .* seconds.* are right", page.locator("#train-status").inner_text())
    assert page.locator("#train-epoch").inner_text() == "6 of 6"
    assert re.fullmatch(r"[\d,]+", page.locator("#train-speed").inner_text())
    assert re.fullmatch(r"[\d.]+ ms", page.locator("#figure-step").inner_text())
    assert page.locator("#train-metric-chart polyline").count() == 4  # two lines and their legend
    label = page.locator("#train-loss-chart").get_attribute("aria-label")
    assert re.fullmatch(r"Mistakes \(loss\)\. learnt from: [\d.]+, held back: [\d.]+", label)
    tiles = page.locator("#digits li")
    assert tiles.count() == 60 and page.locator("#digits .right").count() > 40
    wrong = page.locator("#digits .wrong span")
    assert all(text.startswith("✕ ") for text in wrong.all_inner_texts())

    page.click("#train-back")
    page.wait_for_selector("#train[data-state=idle]")
    until(page, f"document.querySelector('#train-held').textContent === '{first}'")


def test_training_is_stopped_by_hand(opened):
    page = opened("digits")
    # Two clicks in one turn of the page: however quick the machine is, the second comes in time.
    page.evaluate("document.querySelector('#train-start').click()")
    page.wait_for_selector("#train-stop:enabled", state="attached")
    page.evaluate("document.querySelector('#train-stop').click()")
    page.wait_for_selector("#train[data-state=stopped], #train[data-state=done]")
    assert not page.evaluate("fanlightPage.busy")


def test_what_was_learnt_goes_out_and_comes_back_as_a_file(opened, tmp_path):
    page = opened("digits")
    invent(page, "spiral")
    draw(page, "#draw-pad", spiral(0.1))
    shown = probabilities(page)
    with page.expect_download() as download:
        page.click("#keep-download")
    assert download.value.suggested_filename == "learnt.safetensors"
    path = tmp_path / "learnt.safetensors"
    download.value.save_as(path)
    arrays = from_safetensors(path.read_bytes())
    assert list(memoryview(arrays["class_mask"].data).cast("B").cast("f")) == [1.0] * 11 + [0.0] * 2

    page.reload()
    page.wait_for_selector(READY)
    page.set_input_files("#keep-open", path)
    page.wait_for_selector("#keep[data-state=done]")
    assert page.evaluate("fanlightPage.labels")[-1] == "spiral"
    draw(page, "#draw-pad", spiral(0.1))
    assert probabilities(page) == pytest.approx(shown, abs=1e-3)

    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(path.read_bytes()[:50])
    page.set_input_files("#keep-open", broken)
    page.wait_for_selector("#keep[data-state=failed]")
    assert "could not be opened" in page.locator("#keep-status").inner_text()
    assert page.locator("#keep-line").inner_text() == 'fl.load("site/", weights="learnt.safetensors")'


def test_one_file_opens_from_disk_without_a_network(browser, tmp_path):
    folder = digits(tmp_path / "site", onefile=True)
    (path,) = [each for each in folder.glob("*.html") if each.name != "index.html"]
    with running(folder) as address:
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector(READY)
        assert "as one HTML file of" in page.locator("#keep-onefile-text").inner_text()
        assert page.locator("#keep-onefile-link").get_attribute("href") == path.name
        page.close()

    context = browser.new_context(offline=True)
    page = context.new_page()
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri())
    page.wait_for_selector(READY)
    assert page.locator("#keep-onefile-text").inner_text().startswith("This page is one HTML file")
    assert page.locator("#keep-onefile-link").is_hidden()
    invent(page, "spiral")
    page.click("#train-start")
    page.wait_for_selector("#train[data-state=done]")
    page.click("#keep-save")
    page.wait_for_selector("#keep[data-state=done]")
    page.reload()
    page.wait_for_selector("#offer:visible")
    assert not errors
    context.close()


def test_a_file_is_dropped(opened, tmp_path):
    page = opened("digits")
    drop = """async (text) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], 'mine.safetensors'));
        const init = { dataTransfer: transfer, bubbles: true, cancelable: true };
        document.querySelector('#keep-drop').dispatchEvent(new DragEvent('drop', init));
    }"""
    page.evaluate(drop, "not weights")
    page.wait_for_selector("#keep[data-state=failed]")
    assert "could not be opened" in page.locator("#keep-status").inner_text()


def test_it_goes_on_without_a_network(opened):
    page = opened("digits")
    assert page.locator("#figure-offline").inner_text() == "Yes"
    page.context.set_offline(True)
    draw(page, "#draw-pad", DRAWN[7])
    assert len(probabilities(page)) == 10
    page.click("#train-start")
    page.wait_for_selector("#train[data-state=done]")
    page.click("#keep-save")
    page.wait_for_selector("#keep[data-state=done]")
    assert page.locator("#figure-offline-note").inner_text() == "you are offline right now"


def test_the_strip_has_figures(page, addresses):
    page.goto(addresses("digits"))
    page.wait_for_selector(READY)
    assert page.locator("#figure-sent").inner_text() == "0"
    assert re.fullmatch(r"[\d.]+ KB", page.locator("#figure-code").inner_text())
    assert re.fullmatch(r"[\d.]+ (ms|s)", page.locator("#figure-predict").inner_text())
    assert page.locator("#figure-backend").inner_text() == "WebAssembly"
    # What any script hands to the network is counted.
    page.evaluate("fetch('fanlight.json', { method: 'POST', body: 'x'.repeat(7) }).catch(() => 0)")
    assert page.evaluate("fanlightPage.bytesSent()") == 7
    page.evaluate("navigator.sendBeacon('nowhere', new Blob(['12345']))")
    assert page.locator("#figure-sent").inner_text() == "12 bytes"


def test_a_form_answers_and_the_plot_moves_it(opened):
    page = opened("iris")
    page.click("#form-examples button")
    until(page, "document.querySelector('#form-answer b').textContent === 'setosa'")
    assert page.locator("#form-number-2").input_value() == "1.5"
    page.fill("#form-number-2", "6")
    page.fill("#form-number-3", "2.2")
    until(page, "document.querySelector('#form-answer b').textContent === 'virginica'")
    assert page.locator("#form-range-2").input_value() == "6"
    assert page.locator("#form-bars .top").get_attribute("data-label") == "virginica"

    # The two columns that tell most are chosen, and a click moves the form.
    assert [page.locator(f"#regions-{axis}").input_value() for axis in ("across", "up")] == ["2", "3"]
    page.locator("#regions").scroll_into_view_if_needed()
    box = page.locator("#regions").bounding_box()
    page.mouse.click(box["x"] + 80, box["y"] + box["height"] - 70)
    until(page, "document.querySelector('#form-answer b').textContent === 'setosa'")
    assert page.locator("#regions circle").count() == 151
    page.select_option("#regions-across", "0")
    until(page, "document.querySelector('#regions').getAttribute('aria-label').includes('sepal length')")


def test_plain_functions_learn_points_that_the_visitor_adds(opened):
    page = opened("sine")
    assert page.locator("#curve circle").count() == 24
    page.click("#train-start")
    until(page, "Number(document.querySelector('#train-loss').textContent) < 0.05")
    page.click("#train-stop")
    page.wait_for_selector("#train[data-state=done]")

    page.locator("#curve").scroll_into_view_if_needed()
    box = page.locator("#curve").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 30)  # far from the curve: it learns on
    page.wait_for_selector("#train[data-state=learning]")
    assert page.locator("#curve circle").count() == 25
    assert "25 points, 24 of them came with the page" in page.locator("#curve-note").inner_text()
    page.click("#train-stop")
    page.focus("#curve")
    for _ in range(20):
        page.keyboard.press("Enter")
    until(page, "document.querySelectorAll('#curve circle.point').length === 40")
    assert "no room for more" in page.locator("#curve-note").inner_text()
    page.keyboard.press("Delete")
    until(page, "document.querySelectorAll('#curve circle.point').length === 39")
    page.click("#train-forget")
    until(page, "document.querySelector('#train-status').textContent === 'Forgotten.'")


@pytest.mark.parametrize("name", SITES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_narrow_phone(browser, addresses, name, scheme):
    context = browser.new_context(viewport={"width": 360, "height": 700}, color_scheme=scheme)
    page = context.new_page()
    page.goto(addresses(name))
    page.wait_for_selector(READY)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    wide = (
        "[...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > 361).map((e) => e.id)"
    )
    assert not [name for name in page.evaluate(wide) if name]
    # Fingers need room: 44 pixels, as both phone makers ask.
    shown = "[...document.querySelectorAll('button, select')].filter((e) => e.offsetParent)"
    assert page.evaluate(f"{shown}.filter((e) => e.offsetHeight < 44).map((e) => e.id)") == []
    context.close()


def test_every_control_has_a_name(opened):
    """An accessibility tree without nameless controls, images or fields."""
    for name in SITES:
        page = opened(name)
        controls = "[...document.querySelectorAll('button, input, select, canvas[role], svg[role], [tabindex]')]"
        named = "e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length"
        nameless = f"{controls}.filter((e) => e.checkVisibility() && !({named}))"
        assert page.evaluate(f"{nameless}.map((e) => e.outerHTML)") == []
        assert page.evaluate("document.querySelectorAll('h1').length") == 1


def test_a_page_that_cannot_start_says_why(page, addresses):
    page.route(
        "**/fanlight.json", lambda route: route.fulfill(body=json.dumps({"format": 9}), content_type="application/json")
    )
    page.goto(addresses("iris"))
    page.wait_for_selector("html[data-state=failed]")
    assert "could not start" in page.locator("#status").inner_text()
