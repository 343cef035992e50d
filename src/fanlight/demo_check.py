"""Does the demo keep its promises? Does all that a visitor would, in headless Chromium, without a person.

In: the exported folder, the model that it came from. Out: figures, and what failed. Knows the page by the ids that
web/page/page.js lists."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import fanlight as fl
from fanlight.bundle.manifest import NAME, Manifest
from fanlight.errors import BrowserError
from fanlight.model import Model
from fanlight.server.serve import running
from fanlight.verification.browser import chromium

WANTED_HELD, WANTED_DRAWINGS = 0.98, 0.95
LARGEST_FILE, LARGEST_CODE = 200_000, 40_000  # bytes: the one-file form, and the WebAssembly after gzip
SHOWN_SIGN = [[0.5, 0.8, 0.2, 0.45, 0.3, 0.25, 0.5, 0.4, 0.7, 0.25, 0.8, 0.45, 0.5, 0.8]]  # a heart
PATIENCE = 60_000  # milliseconds

# Draws every drawing on a canvas as wide as the model's pad, prepares and classifies it; gives the labels found.
CLASSIFY = """
async ({ drawings, pad }) => {
  const { model } = globalThis.fanlightPage;
  const canvas = new OffscreenCanvas(pad, pad), context = canvas.getContext('2d', { willReadFrequently: true });
  const found = [];
  for (const { strokes, width, size } of drawings) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, pad, pad);
    context.scale(pad / size, pad / size);
    Object.assign(context, { lineWidth: width, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff' });
    for (const points of strokes) {
      context.beginPath();
      for (let i = 0; i < points.length; i += 2) context[i ? 'lineTo' : 'moveTo'](points[i], points[i + 1]);
      if (points.length === 2) context.lineTo(points[0], points[1]);
      context.stroke();
    }
    const ink = context.getImageData(0, 0, pad, pad).data.filter((_, i) => i % 4 === 0);
    const { drawing } = await model.call('prepare', { drawing: Uint8Array.from(ink) });
    const { digit } = await model.predict({ drawing });
    found.push(digit.indexOf(Math.max(...digit)));
  }
  return found;
}
"""

# The bits of predictions in portable code, with the weights of a file.
PORTABLE = """
async ({ rows, file }) => {
  const { load } = await import('./index.js');
  const model = await load({ reproducible: true });
  await model.restore(Uint8Array.from(file).buffer);
  const { digit } = await model.predict({ drawing: Float32Array.from(rows) });
  return Array.from(new Uint32Array(digit.buffer));
}
"""


class Check:
    """One visit: what was seen, what failed."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.failures: list[str] = []

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            self.failures.append(what)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part of the visit; whatever goes wrong in it is a failure of that name, and the visit goes on."""
        begin = time.perf_counter()
        try:
            yield
        except Exception as error:
            self.failures.append(f"{name}: {' '.join(str(error).split())[:300]}")
        self.figures[f"seconds_{name}"] = round(time.perf_counter() - begin, 2)


def check_demo(folder: Path, model: Model, accuracy: float) -> dict[str, Any]:
    """All six points of the demo; `ok` tells whether every one held."""
    check = Check()
    manifest = Manifest.from_bytes((folder / NAME).read_bytes())
    check.figures["accuracy_heldout"] = accuracy
    check.require(accuracy >= WANTED_HELD, f"held-out accuracy: expected at least {WANTED_HELD}, got {accuracy}")
    code = max(manifest.files[name].gzip for name in manifest.code.values())
    check.figures["code_bytes_gzip"] = code
    check.require(code <= LARGEST_CODE, f"code: expected at most {LARGEST_CODE} bytes, got {code}")
    with chromium() as browser, running(folder) as address:
        context = browser.new_context(accept_downloads=True)
        page = context.new_page()
        errors: list[str] = []
        requests: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: requests.append(request.url))
        with check.part("open"):
            open_page(page, address)
            check.figures["requests_to_load"] = len(requests)
            # Then every part that the page imports when it is first used is there; from here on the network is cut.
            until(page, "document.querySelector('#figure-offline').textContent.startsWith('Yes')")
        if check.failures:
            return {"ok": False, **check.figures, "failures": check.failures}
        requests.clear()
        context.set_offline(True)
        visit(check, page)
        with check.part("download"):
            file = download(page, folder)
        check.figures["requests_after_load"] = len([url for url in requests if not url.startswith("blob:")])
        check.require(not check.figures["requests_after_load"], f"requests after loading: {requests[:3]}")
        context.set_offline(False)
        with check.part("restore"):
            restore(check, page, address)
        with check.part("python"):
            compare_with_python(check, page, folder, file)
        check.require(not errors, f"errors on the page: {errors[:3]}")
        context.close()
        with check.part("one_file"):
            one_file(check, browser, folder, manifest)
    found = {"ok": not check.failures, **check.figures}
    return found if not check.failures else {**found, "failures": check.failures}


def open_page(page: Any, address: str) -> None:
    page.goto(address)
    until(page, "['ready', 'failed'].includes(document.documentElement.dataset.state)")
    if page.evaluate("document.documentElement.dataset.state") != "ready":
        raise BrowserError("the page", expected="to open", got=page.inner_text("#status"), at=address)


def until(page: Any, condition: str) -> None:
    """Waits for a condition; asked from outside, since the page's policy forbids what Playwright would do inside."""
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise BrowserError("the page", expected=condition, got=f"nothing after {PATIENCE / 1000:.0f} seconds")
        page.wait_for_timeout(10)


def visit(check: Check, page: Any) -> None:
    """What can be done without a network: look, draw, invent, forget and learn."""
    with check.part("strip"):
        check.require(page.inner_text("#figure-sent") == "0", "bytes sent: expected 0")
        check.figures["backend"] = page.inner_text("#figure-backend") + ", " + page.inner_text("#figure-backend-note")
    with check.part("draw"):
        drawings = fl.datasets.drawings()
        found = page.evaluate(CLASSIFY, {"drawings": drawings, "pad": page_pad(page)})
        right = float(np.mean([each["label"] == label for each, label in zip(drawings, found, strict=True)]))
        check.figures["accuracy_drawings"] = right
        check.require(right >= WANTED_DRAWINGS, f"drawings: expected at least {WANTED_DRAWINGS}, got {right}")
        one = next(each for each in drawings if each["label"] == 1)
        draw(page, "#draw-pad", [[v / one["size"] for v in stroke] for stroke in one["strokes"]])
        until(page, "fanlightPage.probabilities().length > 0")
        probabilities = page.evaluate("fanlightPage.probabilities()")
        check.require(int(np.argmax(probabilities)) == 1, f"a drawn 1: got {np.round(probabilities, 2).tolist()}")
    with check.part("invent"):
        invent(check, page)
    with check.part("relearn"):
        page.click("#train-start")
        page.wait_for_selector("#train[data-state=done]", timeout=4 * PATIENCE)
        check.figures["accuracy_relearned"] = accuracy_on_page(page)
        check.figures["ms_per_step"] = number(page.inner_text("#figure-step"))
        check.figures["samples_per_second"] = number(page.inner_text("#train-speed"))
        got = check.figures["accuracy_relearned"]
        check.require(got >= WANTED_HELD, f"learnt again: expected at least {WANTED_HELD}, got {got}")


def invent(check: Check, page: Any) -> None:
    """A new sign, drawn five times, is known within a second, and the digits are not forgotten."""
    page.fill("#teach-name", "heart")
    rng = np.random.default_rng(1)
    for _ in range(5):
        draw(page, "#teach-pad", wobbled(rng))
        page.click("#teach-keep")
    begin = time.perf_counter()
    page.wait_for_selector("#teach[data-state=known]", timeout=PATIENCE)
    check.figures["seconds_to_known"] = round(time.perf_counter() - begin, 2)
    page.click("#draw-clear")
    draw(page, "#draw-pad", wobbled(rng))
    until(page, "fanlightPage.probabilities().length === 11")
    probabilities = page.evaluate("fanlightPage.probabilities()")
    check.figures["sure_of_heart"] = round(probabilities[10], 3)
    check.require(int(np.argmax(probabilities)) == 10, f"the new sign: got {np.round(probabilities, 2).tolist()}")
    check.require(check.figures["seconds_to_known"] <= 1.0, "the new sign: expected to be known within a second")


def wobbled(rng: np.random.Generator) -> list[list[float]]:
    """The sign as a hand draws it: never twice the same."""
    size, left, top = rng.uniform(0.75, 1.0), rng.uniform(0, 0.15), rng.uniform(0, 0.15)
    points = np.array(SHOWN_SIGN[0]).reshape(-1, 2) * size + (left, top) + rng.normal(0, 0.012, (7, 2))
    return [points.clip(0.03, 0.97).ravel().tolist()]


def draw(page: Any, pad: str, strokes: list[list[float]]) -> None:
    """Draws with the mouse; points are fractions of the pad's side."""
    page.locator(pad).scroll_into_view_if_needed()
    box = page.locator(pad).bounding_box()
    for stroke in strokes:
        fractions = zip(stroke[::2], stroke[1::2], strict=True)
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in fractions]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=3)
        page.mouse.up()


def page_pad(page: Any) -> int:
    return page.evaluate("fanlightPage.model.manifest.functions.prepare.inputs[0].shape[1]")


def download(page: Any, folder: Path) -> Path:
    """What the page learnt, as the file that a visitor gets."""
    with page.expect_download(timeout=PATIENCE) as waiting:
        page.click("#keep-download")
    file = folder.parent / "learnt.safetensors"
    waiting.value.save_as(file)
    return file


def restore(check: Check, page: Any, address: str) -> None:
    """Saved in the browser, the page closed and opened again: the same answers, to the bit."""
    page.click("#keep-save")
    page.wait_for_selector("#keep[data-state=done]", timeout=PATIENCE)
    before = answers(page)
    open_page(page, address)
    check.require(answers(page) != before, "reload: expected the exported weights before restoring")
    page.click("#keep-restore")
    page.wait_for_selector("#keep[data-state=done]", timeout=PATIENCE)
    check.require(answers(page) == before, "restore: expected the answers from before the reload, to the bit")
    check.figures["restored"] = True


ANSWERS = """async (rows) => {
  const { digit } = await fanlightPage.model.predict({ drawing: Float32Array.from(rows) });
  return Array.from(new Uint32Array(digit.buffer));
}"""


def held_out(count: int = 50) -> np.ndarray:
    return fl.datasets.digits()[1][0][:count].astype(np.float32)


def accuracy_on_page(page: Any) -> float:
    """The share of all held-out digits that the page's model gets right now."""
    truth = fl.datasets.digits()[1][1]
    bits = page.evaluate(ANSWERS, held_out(len(truth)).ravel().tolist())
    found = np.array(bits, np.uint32).view(np.float32).reshape(len(truth), -1)
    return float((found.argmax(1) == truth).mean())


def answers(page: Any) -> list[int]:
    return page.evaluate(ANSWERS, held_out().ravel().tolist())


def compare_with_python(check: Check, page: Any, folder: Path, file: Path) -> None:
    """The downloaded file gives Python the page's predictions: to the bit in portable code."""
    python = fl.load(folder, weights=file).predict(held_out())
    bits = page.evaluate(PORTABLE, {"rows": held_out().ravel().tolist(), "file": list(file.read_bytes())})
    found = np.array(bits, np.uint32).view(np.float32).reshape(python.shape)
    check.figures["same_bits_in_python"] = bool(np.array_equal(found, python))
    check.require(check.figures["same_bits_in_python"], f"Python: differs by {float(np.abs(found - python).max())}")


def one_file(check: Check, browser: Any, folder: Path, manifest: Manifest) -> None:
    """The one-file form from the disk, without a network: it opens, and learns."""
    name = str((manifest.page or {})["onefile"])
    check.figures["one_file_bytes"] = manifest.files[name].bytes
    check.require(manifest.files[name].bytes <= LARGEST_FILE, f"one file: expected at most {LARGEST_FILE} bytes")
    context = browser.new_context(offline=True)
    page = context.new_page()
    open_page(page, (folder / name).resolve().as_uri())
    page.click("#train-start")
    page.wait_for_selector("#train[data-state=done]", timeout=4 * PATIENCE)
    check.figures["accuracy_one_file"] = accuracy_on_page(page)
    check.require(check.figures["accuracy_one_file"] >= WANTED_HELD, "one file: expected to learn as the folder does")
    context.close()


def number(text: str) -> float:
    """The first number in a text such as "1,234 ms"."""
    found = re.search(r"[\d.,]+", text)
    return float(found.group().replace(",", "")) if found else float("nan")
