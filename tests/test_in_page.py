"""Does all that a browser's Python needs come without any package? Up to where the page itself would be asked."""

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src"

PROGRAM = f"""
import sys
sys.path.insert(0, {str(SOURCE)!r})
sys.platform = "emscripten"

import fanlight as fl
import fanlight.exported, fanlight.gradients, fanlight.publishing, fanlight.tracing
from fanlight.compiler import compile
from fanlight.description import describe_module
from fanlight.page_model import bundled, scripts

(x, y), _ = fl.datasets.iris()
model = fl.Sequential(
    [fl.Input(fl.Table(fl.datasets.IRIS_COLUMNS), name="flower"), fl.layers.Dense(3, activation="softmax")],
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.summary()
module = model.module()
compiled = compile(module)
manifest = describe_module(module, compiled.program, "iris", model.training_record())
text = bundled(manifest, {{"portable.wasm": b"x"}}).to_bytes()
assert type(manifest).from_bytes(text).to_bytes() == text
assert "fanlightRuntime" in scripts()["page"] and "onmessage" in scripts()["worker"]
inputs = model._rows_of(x, "fit")["flower"][0]
assert (inputs.shape, inputs.dtype) == ((120, 4), "float32")
assert model._targets_of(y, "fit")
assert fl.Tensor([[1, 2.5]]).tolist() == [[1.0, 2.5]]
try:
    model.predict(x).shape
except fl.errors.FanlightError as error:
    assert "expected await model.predict(...)" in str(error)
"""


def test_models_are_described_and_compiled_without_any_package():
    # -S leaves out site-packages: what is not the standard library does not exist.
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-"]
    done = subprocess.run(command, input=PROGRAM, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "15 parameters (0.1 KB), of which 15 are trained" in done.stdout
