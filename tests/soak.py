"""Does a page that works for hours stay as large as it was? Loads, predicts, trains, saves, restores, disposes, again.

In: how long, and when the first figure counts. Out: memory over time. `python tests/soak.py --minutes 120` runs it for
long; tests/web/test_soak.py for a short while."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent))

from fanlight.server.serve import running

# One page that goes through its life again and again: two models side by side, everything that keeps memory, and all of
# it given back. Its title says how far it is. Nothing listens to the browser: a debugger keeps what a page fetches.
PAGE = """<!doctype html><title>{}</title><script type="module">
const { load } = await import('./digits/index.js');
const functions = await import('./sine/index.js');
const rest = Number(new URLSearchParams(location.search).get('rest'));
const rows = 64;
const images = Float32Array.from({ length: rows * 64 }, (_, i) => (i * 37 % 101) / 101);
const labels = Int32Array.from({ length: rows }, (_, i) => i % 10);

async function round() {
  const [digits, sine] = [await load(), await functions.load()];
  for (let i = 0; i < 20; i++) await digits.predict({ image: images });
  await digits.fit({ image: images }, labels, { epochs: 3, batchSize: 16 });
  await digits.evaluate({ image: images }, labels);
  await digits.save('indexeddb://soak');
  await digits.reset(Math.floor(Math.random() * 1e9));
  await digits.restore('indexeddb://soak');
  await digits.setWeights(await digits.weights());
  await digits.selfTest();
  const inWorker = await load({ thread: 'worker' });
  await inWorker.predict({ image: images });
  await inWorker.trainStep({ image: images.subarray(0, 64 * 16) }, labels.subarray(0, 16));
  for (const model of [inWorker, digits, sine]) model.dispose();
}

try {
  for (let rounds = 1; ; rounds++) {
    await round();
    await new Promise((resolve) => setTimeout(resolve, rest));
    gc();
    document.title = JSON.stringify({ rounds, heap: performance.memory.usedJSHeapSize });
  }
} catch (error) {
  document.title = JSON.stringify({ error: String(error) });
}
</script>"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
FLAGS += ("--disable-background-networking", "--disable-component-update", "--js-flags=--expose-gc")
FLAGS += ("--enable-precise-memory-info", "--remote-debugging-port=0")
SECONDS = 30  # in which the browser starts


@dataclass(frozen=True)
class Sample:
    """After so many seconds and rounds: megabytes of the page's heap, and of the processes that show pages."""

    seconds: float
    rounds: int
    heap: float
    process: float


def soak(folder: Path, executable: str, seconds: float, rest: int = 50, every: float = 10.0) -> list[Sample]:
    """Rounds for so many seconds in one page that is never left, `rest` milliseconds apart."""
    from web.sites import digits, sine

    site, profile = folder / "site", folder / "profile"
    site.mkdir(parents=True, exist_ok=True)
    digits(site / "digits")
    sine(site / "sine")
    (site / "index.html").write_text(PAGE)
    samples: list[Sample] = []
    with running(site) as address:
        command = [executable, *FLAGS, f"--user-data-dir={profile}", f"{address}?rest={rest}"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            tabs = f"http://127.0.0.1:{port_of(profile)}/json/list"
            begin = time.monotonic()
            while (now := time.monotonic()) < begin + seconds:
                time.sleep(every)
                found = said(tabs, address)
                if "error" in found:
                    raise AssertionError(f"the page threw: {found['error']}")
                if found:
                    memory = sum(map(resident, pages_of(browser.pid))) / 1e6
                    samples.append(Sample(now - begin, found["rounds"], found["heap"] / 1e6, memory))
        finally:
            browser.terminate()
            browser.wait(SECONDS)
    return samples


def port_of(profile: Path) -> int:
    """Where the browser tells which pages are open; it writes that down when it has started."""
    place = profile / "DevToolsActivePort"
    end = time.monotonic() + SECONDS
    while not place.exists() or not place.read_text().strip():
        if time.monotonic() > end:
            raise AssertionError(f"expected a browser that starts within {SECONDS} seconds, got none")
        time.sleep(0.1)
    return int(place.read_text().split()[0])


def said(tabs: str, address: str) -> dict[str, Any]:
    """What the title of the page says; nothing before the first round."""
    with urlopen(tabs, timeout=SECONDS) as answer:
        titles = [tab["title"] for tab in json.load(answer) if tab["url"].startswith(address) and tab["type"] == "page"]
    return json.loads(unescape(titles[0])) if titles and titles[0].startswith("{") else {}


def pages_of(process: int) -> Iterator[int]:
    """The processes below `process` that show pages."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes()
            parent = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue  # it has ended
        if b"--type=renderer" in command and is_below(parent, process):
            yield int(place.name)


def is_below(process: int, ancestor: int) -> bool:
    while process > 1 and process != ancestor:
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            return False
    return process == ancestor


def resident(process: int) -> int:
    """Bytes of a process that lie in memory, as Linux counts them."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def growth(samples: list[Sample], settled: float) -> dict[str, float]:
    """The last fifth beside what followed on `settled` seconds: medians of megabytes, and rounds."""
    later = [each for each in samples if each.seconds >= settled]
    count = max(3, len(later) // 5)
    first, last = later[:count], later[-count:]
    found: dict[str, float] = {"seconds": samples[-1].seconds, "rounds": samples[-1].rounds}
    for what in ("heap", "process"):
        found[f"{what} after settling"] = median(getattr(each, what) for each in first)
        found[f"{what} at the end"] = median(getattr(each, what) for each in last)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--settled", type=float, default=5, help="minutes after which the memory is compared")
    parser.add_argument("--rest", type=int, default=50, help="milliseconds between rounds")
    options = parser.parse_args()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("expected an installed Chromium, got none; run make setup")
    with tempfile.TemporaryDirectory() as folder:
        samples = soak(Path(folder), path, 60 * options.minutes, options.rest)
    print(json.dumps(growth(samples, 60 * options.settled), indent=1))


if __name__ == "__main__":
    main()
