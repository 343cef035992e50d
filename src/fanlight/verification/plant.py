"""How does a visitor's data get into a page? In every way that it offers: arrays, pictures, fields, drawings, files.

In: an open page and a canary. Out: the ways that were taken, in words; the canary then knows all that the model was
shown. The ids are those that web/page/page.js lists."""

from __future__ import annotations

import base64
import secrets
import struct
import zlib
from random import Random
from typing import Any

import numpy as np

from fanlight.verification.browser import Visit
from fanlight.verification.canary import Canary
from fanlight.verification.checks import call_arguments, sample_calls

PAD = "canvas[role=application]"
FIELDS = "input[type=number], input[type=text], input[type=search], input:not([type]), textarea"
FILES = ", ".join(f"input[type=file]{which}" for which in ("[accept*=image]", '[accept*=".png"]', ":not([accept])"))
UNSAID = 96, 128  # height and width of a photo, where no model says which it takes
PATIENCE = 20_000  # milliseconds for one step of the page
LOOKED = 1500  # milliseconds that a page has for a photo
TRAINED = 800  # milliseconds of training are enough
PNG_HEADER = 48  # bytes that are the same in every picture
DTYPES = {"bigint64": np.int64, "uint8clamped": np.uint8}


def plant(visit: Visit, canary: Canary) -> list[str]:
    """Puts the canary into the page of `visit`, which is open and ready."""
    visit.run("watch.js", True)
    ways = [plant_arrays(visit, canary), plant_picture(visit, canary)]
    if visit.site.has_page:
        page = visit.page
        ways += [plant_photos(visit, canary)]
        ways += [plant_fields(page, canary), plant_drawings(page), plant_points(page)]
        ways += [plant_sign(page, canary), train_a_little(page), keep_and_open(visit, canary)]
    remember(visit, canary)
    return [way for way in ways if way]


def plant_arrays(visit: Visit, canary: Canary) -> str:
    manifest = visit.site.bundle.manifest
    calls = sample_calls(manifest, Random())
    for arrays in calls.values():
        for array in arrays.values():
            canary.add(array)
    return f"arrays to {', '.join(visit.run('call.js', call_arguments(manifest, calls))['done'])}"


def plant_picture(visit: Visit, canary: Canary) -> str:
    """A picture of noise, where the model takes pictures."""
    if (sides := picture_sides(visit)) is None:
        return ""
    pixels = noise(*sides, canary)
    given = {"width": sides[1], "height": sides[0], "bytes": base64.b64encode(pixels.tobytes()).decode()}
    visit.run("picture.js", given)
    return "a picture"


def plant_photos(visit: Visit, canary: Canary) -> str:
    """A picture of noise as a file, through every field of the page that takes pictures."""
    page, given = visit.page, 0
    for field in page.locator(FILES).all():
        if not field.is_enabled():
            continue
        photo = png(noise(*(picture_sides(visit) or UNSAID), canary))
        canary.add_bytes(photo[PNG_HEADER:])
        field.set_input_files({"name": f"{canary.text}.png", "mimeType": "image/png", "buffer": photo})
        page.wait_for_timeout(LOOKED)
        given += 1
    return counted(given, "photo") and f"{counted(given, 'photo')} as a file"


def picture_sides(visit: Visit) -> tuple[int, int] | None:
    """Height and width of the pictures that the model takes."""
    manifest = visit.site.bundle.manifest
    predict = manifest.functions.get("predict")
    meaning = manifest.meanings.get(predict.inputs[0].name, {}) if predict and predict.inputs else {}
    return (meaning["height"], meaning["width"]) if meaning.get("kind") == "image" else None


def noise(height: int, width: int, canary: Canary) -> np.ndarray:
    """Pixels that exist nowhere else, with and without their alpha in the canary."""
    pixels = np.random.default_rng().integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    canary.add(pixels)
    canary.add(np.ascontiguousarray(pixels[..., :3]))
    return pixels


def png(pixels: np.ndarray) -> bytes:
    """Pixels [height, width, 4] as a file, uncompressed: https://www.w3.org/TR/png-3/."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # filter 0: none
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 0)),
        (b"IEND", b""),
    ]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def plant_fields(page: Any, canary: Canary) -> str:
    """Numbers between the ends of their sliders, and texts."""
    filled = 0
    for field in page.locator(FIELDS).all():
        if not (field.is_visible() and field.is_enabled()):
            continue
        if field.get_attribute("type") == "number":
            ends = field.evaluate(
                "(e) => { const r = e.parentElement.querySelector('[type=range]') ?? e; return [r.min, r.max]; }"
            )
            low, high = (float(end or other) for end, other in zip(ends, (0, 1), strict=True))
            field.fill(canary.number(low, high))
        else:
            field.fill(canary.text)
        field.dispatch_event("change")
        filled += 1
    for choice in page.locator("select").all():
        if choice.is_visible() and choice.is_enabled():
            choice.select_option(index=secrets.randbelow(choice.locator("option").count()))
            filled += 1
    return counted(filled, "field")


def plant_drawings(page: Any) -> str:
    drawn = [draw(page, pad) for pad in page.locator(PAD).all() if pad.is_visible()]
    return counted(len(drawn), "drawing")


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}" if count else ""


def draw(page: Any, pad: Any) -> None:
    """A line that nobody else draws: through points anywhere on the pad."""
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [(box["x"] + box["width"] * anywhere(), box["y"] + box["height"] * anywhere()) for _ in range(8)]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()


def anywhere() -> float:
    return 0.1 + 0.8 * secrets.randbelow(10**6) / 10**6


def plant_points(page: Any) -> str:
    """A place on the plot, or one of the points moved."""
    for plot in ("#regions canvas", "#regions", "#curve"):
        found = page.locator(plot).first
        if found.count() and found.is_visible():
            draw(page, found)
            return "a place on the plot"
    return ""


def plant_sign(page: Any, canary: Canary) -> str:
    """A new class with the canary's name and five drawings."""
    pad, keep = page.locator("#teach-pad"), page.locator("#teach-keep")
    if not pad.count() or not page.locator("#teach-name").is_enabled():
        return ""
    page.fill("#teach-name", canary.text)
    for number in range(5):
        draw(page, pad)
        keep.click(timeout=PATIENCE)
        page.wait_for_selector(f"#teach-slots li:nth-child({number + 1}) .filled", state="attached", timeout=PATIENCE)
    page.wait_for_selector("#teach[data-state=known]", timeout=PATIENCE)
    return "a sign with a name and five drawings"


def train_a_little(page: Any) -> str:
    start = page.locator("#train-start")
    if not start.count():
        return ""
    if start.is_enabled():  # else it is learning already
        start.click(timeout=PATIENCE)
    page.wait_for_timeout(TRAINED)
    if page.locator("#train-stop").is_enabled():
        page.click("#train-stop", timeout=PATIENCE)
    ends = ", ".join(f"#train[data-state={state}]" for state in ("done", "stopped", "failed"))
    page.wait_for_selector(ends, timeout=PATIENCE)
    return "a training"


def keep_and_open(visit: Visit, canary: Canary) -> str:
    """Saved and restored in the browser, downloaded, and opened from a file in which the canary is written."""
    page = visit.page
    if not page.locator("#keep-save").count():
        return ""
    for button in ("save", "restore", "download"):
        page.click(f"#keep-{button}", timeout=PATIENCE)
        visit.until("!fanlightPage.busy")
    file = base64.b64decode(visit.run("file.js", canary.text))
    page.set_input_files(
        "#keep-open", {"name": f"{canary.text}.safetensors", "mimeType": "application/octet-stream", "buffer": file}
    )
    visit.until("(name) => document.querySelector('#keep-status').textContent.includes(name)", canary.text)
    return "saving, a download and an opened file"


def remember(visit: Visit, canary: Canary) -> None:
    """Adds what the model was shown, and the pictures on the pads."""
    heard = visit.run("watch.js")
    for array in heard["arrays"]:
        name = array["dtype"]
        canary.add(np.frombuffer(base64.b64decode(array["bytes"]), DTYPES.get(name, name)))
    for pad in heard["pads"]:
        canary.add_bytes(base64.b64decode(pad.partition(",")[2])[PNG_HEADER:])
