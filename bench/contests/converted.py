"""How long do models take that were made for TensorFlow.js and TensorFlow Lite, beside the runtimes they were made for?

The published files themselves, for both sides: a hand detector (a graph of TensorFlow.js), a photo filter (its layers),
a MobileNet of 0.25 as TensorFlow Lite's float32 and 8-bit file. Outputs are compared first. Of the 8-bit file Fanlight
gives what TensorFlow Lite's reference kernels give, to the bit; LiteRT.js, which rounds otherwise on its way (XNNPACK),
comes within three steps of 1/256."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from contests.contest import Job, run_contest
from report import Report

import fanlight as fl

MODELS = Path(__file__).parents[3] / "shared" / "data" / "models"
HANDS, FILTER = MODELS / "handtrack_ssd320_int8", MODELS / "nsfwjs_mobilenetv2"
FLOAT, NARROW = MODELS / "mobilenet_v1_0.25_224.tflite", MODELS / "mobilenet_v1_0.25_224_quant.tflite"
SCORES = "StatefulPartitionedCall/Postprocessor/Slice"
TITLE = "published models of TensorFlow.js and TensorFlow Lite"
# Multiply-adds of all convolutions and products, twice.
FLOPS = {"hands": 1.680e9, "filter": 0.600e9, "small": 0.0821e9}
HALF, MOST, LITE = 0.5, 0.6, 0.8


def files_of(folder: Path, place: str) -> dict[str, bytes]:
    return {f"{place}/{path.name}": path.read_bytes() for path in folder.iterdir()}


def jobs() -> list[Job]:
    missing = [path.name for path in (HANDS, FILTER, FLOAT, NARROW) if not path.exists()]
    if missing:
        raise SystemExit(f"expected {missing[0]} in shared/data/models beside the repository, got nothing there")
    rng = np.random.default_rng(0)
    bytes_of = {side: rng.integers(0, 256, (1, side, side, 3), np.uint8) for side in (224, 320)}
    floats = rng.uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
    detector = fl.load(HANDS / "model.json", outputs=[SCORES], dims={"input_tensor_1": 320, "input_tensor_2": 320})
    photo, lite, narrow = (fl.load(path) for path in (FILTER / "model.json", FLOAT, NARROW))
    picture = fl.Input((320, 320, 3), dtype="uint8", batch_size=1, name="picture")
    detector = fl.Model(picture, {"scores": detector(picture)})
    backends = ("wasm", "webgl")
    beside = {
        "name": "Fanlight, float32",
        "site": "small mobilenet/site/",
        "function": "predict",
        "sizes": {"batch": 1},
    }
    beside["output"] = lite.output_names[0]
    return [
        Job("hands", None, {detector.input_names[0]: bytes_of[320]}, FLOPS["hands"], detector, backends=backends,
            tensorflow=HALF, fastest=HALF, files=files_of(HANDS, "hands/tfjs"), settings={"sizes": {}, "read": SCORES}),
        Job("filter", None, {photo.input_names[0]: (floats + 1) / 2}, FLOPS["filter"], photo, backends=backends,
            tensorflow=MOST, fastest=MOST, files=files_of(FILTER, "filter/tfjs")),
        Job("small mobilenet", None, {lite.input_names[0]: floats}, FLOPS["small"], lite,
            tflite=FLOAT.read_bytes(), backends=(), fastest=LITE),
        Job("small mobilenet, 8 bits", None, {narrow.input_names[0]: bytes_of[224]}, FLOPS["small"], narrow,
            tflite=NARROW.read_bytes(), backends=(),
            settings={"beside": beside, "step": 1 / 256, "tolerance": 4.5 / 256}),
    ]  # fmt: skip


def measure(quick: bool) -> Report:
    return run_contest("converted", TITLE, jobs(), quick)
