"""What does the difference look like? TensorFlow.js and Fanlight train the same network side by side, in one page.

python bench/race/race.py [--port 8001] [--check]: serves the page, or runs the race once in a headless Chromium and
prints who needed how long. A show, not a measurement: bench/training measures."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from chromium import SOFTWARE_GPU, run_page, staged
from peers import tensorflow_files
from training.training import network

import fanlight as fl
from fanlight.server.serve import serve

HERE = Path(__file__).parent
BATCH = 64


def enlarged(x: np.ndarray) -> np.ndarray:
    """Digits of 8x8 as 28x28: each pixel becomes 3x3, with a margin of 2."""
    large = np.kron(x[..., 0] / np.float32(16), np.ones((3, 3), np.float32))
    return np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.float32)


@contextmanager
def race_folder() -> Iterator[Path]:
    """The page, the exported network, TensorFlow.js, and the digits as plain arrays."""
    (x, y), (x_test, y_test) = fl.datasets.digits()
    data: dict[str, bytes | str] = dict(tensorflow_files())
    for name, images, labels in (("train", x, y), ("test", x_test, y_test)):
        data[f"{name}.images.f32"] = enlarged(images).tobytes()
        data[f"{name}.labels.u8"] = labels.astype(np.uint8).tobytes()
    data["style.css"] = (files("fanlight") / "web" / "page" / "style.css").read_text(encoding="utf-8")
    model = network()
    model.train_on_batch(enlarged(x[:BATCH])[..., None], np.eye(10, dtype=np.float32)[y[:BATCH]])
    model.reset()
    with staged(
        (HERE / name for name in ("index.html", "race.css", "race.js", "tensorflow.worker.js")), data
    ) as folder:
        model.export(folder / "site", train=True)
        yield folder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--check", action="store_true", help="one short race in a headless Chromium, as JSON")
    options = parser.parse_args()
    with race_folder() as folder:
        if options.check:
            result, _ = run_page(folder, "index.html", {"epochs": 1, "start": 1}, SOFTWARE_GPU)
            print(json.dumps(result))
        else:
            serve(
                folder,
                port=options.port,
                on_ready=lambda address: print(f"The race is at {address}  (stop with Ctrl+C)"),
            )


if __name__ == "__main__":
    main()
