"""How many camera frames a second become hands, beside TensorFlow.js with the same model?

A frame of 640x480 is a canvas with a photo; what comes out are the boxes that non-maximum suppression leaves. Fanlight
is the page of examples/hands, whose worker is asked for each frame; TensorFlow.js does what handtrack.js does with it.
All scores and boxes of the photos are compared before anything is timed. Once with one thread each, once with two."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from chromium import SOFTWARE_GPU, run_page, staged
from peers import tensorflow_files, tensorflow_version
from report import Report, Row

import fanlight as fl

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = ROOT.parent / "shared" / "data"
MODEL = DATA / "models" / "handtrack_ssd320_int8"
OUTPUTS = [f"StatefulPartitionedCall/Postprocessor/{name}" for name in ("Slice", "ExpandDims_1")]
PHOTOS = ("hand_1.jpg", "hand_3.jpg", "hand_5.jpg", "hand_hand.jpg")
WANTED = 2.0
TITLE = "frames of a camera that become hands"


def measure(quick: bool) -> Report:
    if not MODEL.is_dir():
        raise SystemExit(f"expected {MODEL.name} in shared/data/models beside the repository, got nothing there")
    data = {**tensorflow_files(), **{f"tfjs/{path.name}": path.read_bytes() for path in MODEL.iterdir()}}
    data |= {f"photos/{name}": (DATA / "images" / name).read_bytes() for name in PHOTOS}
    settings = {"rounds": 2 if quick else 15, "slice": 300 if quick else 1000}
    rows, notes, details = [], [], {"tensorflow.js": tensorflow_version()}
    with staged([HERE.parent / "measure.js", HERE / "frames.html", HERE / "frames.js"], data) as folder:
        build = ROOT / "examples" / "hands" / "build.py"
        subprocess.run([sys.executable, build, "--model", MODEL, "--site", folder / "site"], check=True)
        whole = fl.load(MODEL / "model.json", outputs=OUTPUTS, dims={"input_tensor_1": 320, "input_tensor_2": 320})
        picture = fl.Input((320, 320, 3), dtype="uint8", batch_size=1, name="picture")
        scores, boxes = whole(picture)
        fl.Model(picture, {"scores": scores, "boxes": boxes}).export(folder / "whole")
        for threads in (1, 2):
            result, browser = run_page(folder, "frames.html", {**settings, "threads": threads}, SOFTWARE_GPU)
            rates = {name: 1000 / time for name, time in result["milliseconds"].items()}
            peers = {name: rate for name, rate in rates.items() if name.startswith("TensorFlow.js")}
            best = max(peers, key=peers.__getitem__)
            what = f"{threads} thread{'s' if threads > 1 else ''}"
            rows.append(Row(what, rates["Fanlight"], peers[best], best, "frames/s", WANTED, wants_more=True))
            notes.append(f"{what}: " + ", ".join(f"{name} {rate:.1f} a second" for name, rate in rates.items()))
            notes.append(f"{what}: the outputs differ by at most {result['difference']:.1e}")
            details[what] = result
    return Report("frames", TITLE, rows, notes, settings, details, browser)
