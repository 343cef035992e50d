"""How long from navigation to the first prediction of a small CNN, beside the peers? And how many bytes is that?

Each visit is a new browser context with empty caches; the time of an empty page of the same server is subtracted. The
outputs of all contenders are compared. Visits take turns; the median counts."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from chromium import FLAGS, NO_GPU, chromium_path, staged
from coldstart.network import as_onnx, as_tflite, network
from peers import peer_files, versions
from report import Report, Row

from fanlight.server.serve import serve

HERE = Path(__file__).parent
PAGES = ("empty", "fanlight", "tensorflow-cpu", "tensorflow-wasm", "onnx", "litert")
BACKENDS = {"cpu": "", "wasm": '<script src="peers/tf-backend-wasm.min.js"></script>'}  # of TensorFlow.js: more scripts
NAMES = {"tensorflow-cpu": "TensorFlow.js, cpu", "tensorflow-wasm": "TensorFlow.js, wasm"}
NAMES |= {"onnx": "ONNX Runtime Web", "litert": "LiteRT.js", "fanlight": "Fanlight"}
WANTED = 1 / 4  # of TensorFlow.js's best
TOLERANCE = 1e-4
TITLE = "from navigation to the first prediction of a CNN for digits, an empty page subtracted"


def measure(quick: bool) -> Report:
    """Builds, stages, visits and says what came out."""
    rounds = 3 if quick else 21
    model = network()
    weights = model.weights()
    image = np.random.default_rng(0).uniform(0, 1, (1, 8, 8, 1)).astype(np.float32)
    flat = [weights[f"{name}/{part}"] for name in ("conv1", "conv2", "conv3", "dense") for part in ("kernel", "bias")]
    data: dict[str, bytes | str] = {
        **peer_files(),
        "image.f32": image.tobytes(),
        "weights.f32": np.concatenate([each.ravel() for each in flat]).tobytes(),
        "model.onnx": as_onnx(weights),
        "model.tflite": as_tflite(weights),
    }
    template = (HERE / "tensorflow.html").read_text(encoding="utf-8")
    for backend, scripts in BACKENDS.items():
        page = template.replace("BACKEND", backend).replace("<!-- more scripts -->", scripts)
        data[f"tensorflow-{backend}.html"] = page
    expected = model.predict(image)[0]
    with staged(HERE.glob("*.html"), data) as folder:
        model.export(folder / "site")
        times, sent, browser = visit_all(folder, rounds, expected)
    middle = {page: median(each) for page, each in times.items()}
    spent = {NAMES[page]: middle[page] - middle["empty"] for page in PAGES if page != "empty"}
    bytes_sent = {NAMES[page]: count for page, count in sent.items() if page != "empty"}
    rows = []
    for unit, figures in (("ms", spent), ("KB", {name: count / 1000 for name, count in bytes_sent.items()})):
        peers = [name for name in figures if name != "Fanlight"]
        tensorflow = min((name for name in peers if name.startswith("TensorFlow.js")), key=figures.__getitem__)
        what = "time" if unit == "ms" else "download, gzip"
        rows.append(Row(what, figures["Fanlight"], figures[tensorflow], tensorflow, unit, WANTED))
        rows += [Row(what, figures["Fanlight"], figures[p], p, unit) for p in peers if p != tensorflow]
    notes = [f"an empty page: {middle['empty']:.0f} ms"]
    details = {"peers": versions(), "times": times, "bytes": bytes_sent}
    return Report("coldstart", TITLE, rows, notes, {"rounds": rounds}, details, browser)


def visit_all(folder: Path, rounds: int, expected: np.ndarray) -> tuple[dict[str, list[float]], dict[str, int], str]:
    """Milliseconds of every visit by page, and what each page downloads, as a host that compresses sends it."""
    from playwright.sync_api import sync_playwright

    times: dict[str, list[float]] = {page: [] for page in PAGES}
    sent: dict[str, int] = {}
    with served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *NO_GPU])
        for turn in range(rounds + 1):  # the first warms the server and the disk
            for page in PAGES:
                context = browser.new_context()
                tab = context.new_page()
                tab.on("pageerror", lambda error, page=page: print(f"{page}: {error}", file=sys.stderr))
                asked: set[str] = set()
                if not turn:
                    tab.on("request", lambda request, asked=asked: asked.add(request.url))
                # The page tells it by itself: to be asked while it loads would cost it some twenty milliseconds.
                with tab.expect_console_message(is_result, timeout=60_000) as said:
                    tab.goto(f"{address}{page}.html", wait_until="commit")
                result: Mapping[str, Any] = json.loads(said.value.text)
                context.close()
                if page != "empty" and not np.allclose(result["y"], expected, atol=TOLERANCE):
                    raise SystemExit(f"{page}: expected {expected}, got {result['y']}")
                if turn:
                    times[page].append(result["milliseconds"])
                else:
                    sent[page] = sum(compressed(folder, url.removeprefix(address)) for url in asked)
        version = browser.version
        browser.close()
    return times, sent, version


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves the folder from a process of its own: a thread here would share one interpreter with the visits."""
    ready: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(folder, "127.0.0.1", 0, ready.put), daemon=True)
    server.start()
    try:
        yield ready.get(timeout=30)
    finally:
        server.terminate()
        server.join()


def is_result(message: Any) -> bool:
    """Is it what a page says when it has its prediction?"""
    return message.type == "info" and message.text.startswith("{")


def compressed(folder: Path, place: str) -> int:
    """Bytes of a file as gzip; the page itself and its inputs are everybody's and count for nobody."""
    path = folder / place.split("?")[0]
    if (path.suffix in (".html", ".f32", ".ico") and path.name != "weights.f32") or not path.is_file():
        return 0
    return len(gzip.compress(path.read_bytes(), 9))
