"""Does the runtime load, predict, train, save and refuse as it says? In Node, where everything runs on one thread."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import safetensors.numpy
from web.browser import CAUGHT, run_node
from web.hand_made import B, W, line, renamed

from fanlight.bundle.weights import to_safetensors
from fanlight.bundle.write import write_bundle
from fanlight.training.shuffle import permutation, threefry

ROWS = np.random.default_rng(3).normal(size=(23, 4)).astype(np.float32)
TARGETS = (ROWS @ np.array([2, -1, 0, 1], np.float32) + 1).astype(np.float32)
DATA = {"x": ROWS.ravel().tolist(), "t": TARGETS.tolist()}
FILL = "const x = Float32Array.from(given.x), t = Float32Array.from(given.t);"


def at_line(line_site, script, given=None):
    return run_node(f"{CAUGHT} const model = await load(); {script}", given, line_site.folder)


# Loading


@pytest.mark.parametrize(
    "where",
    ["", "given", "new URL(given)", "given + 'fanlight.json'", "'.'", "'./fanlight.json'", "undefined, {}", "{}"],
)
def test_a_bundle_is_found(line_site, where):
    script = f"return (await (await load({where})).predict({{ x: Float32Array.of(1, 1, 1, 1) }})).y"
    assert run_node(script, line_site.folder.as_uri() + "/", line_site.folder) == [10.5]


def test_a_bundle_can_be_given_as_bytes(line_site):
    script = """
    const fs = await import('node:fs');
    const manifest = JSON.parse(fs.readFileSync('fanlight.json'));
    const files = Object.fromEntries(Object.keys(manifest.files).map((name) => [name, new Blob([fs.readFileSync(name)])]));
    files[manifest.weights[0]] = fs.readFileSync(manifest.weights[0]);
    const model = await load({ manifest, files });
    return { ...(await model.predict([0, 0, 0, 1])), ...model.diagnostics() };
    """
    found = run_node(script, None, line_site.folder)
    assert found["y"] == [4.5]
    assert (found["requests"], found["bytesSent"]) == (0, 0)


def test_a_bundle_inside_a_commonjs_package_loads(line_site, tmp_path):
    (tmp_path / "package.json").write_text('{"type": "commonjs"}')
    shutil.copytree(line_site.folder, tmp_path / "site")
    (tmp_path / "main.js").write_text(
        "import('./site/index.js').then(({ load }) => load()).then((m) => console.log(m.name))"
    )
    script = "return (await import('node:child_process')).execFileSync(process.execPath, ['main.js'], { cwd: given, encoding: 'utf8' })"
    assert run_node(script, str(tmp_path)) == "line\n"


def test_what_a_loaded_model_tells(line_site):
    script = "return { ...model.diagnostics(), name: model.name, requests: model.requests, sent: model.bytesSent, state: model.manifest.state.length }"
    found = at_line(line_site, script)
    assert found["name"] == "line" and found["backend"] == "wasm" and found["thread"] == "page" and found["state"] == 4
    assert found["memory"]["pages"] == 1
    assert len(found["notes"]) == 1 and "no worker" in found["notes"][0]
    assert found["sent"] == 0


# Predicting


def test_predictions_of_any_number_of_rows(line_site):
    script = f"{FILL} return [await model.predict({{ x }}), model.predictSync(x), await model.call('predict', {{ x }})].map((out) => out.y)"
    for found in at_line(line_site, script, DATA):
        np.testing.assert_allclose(found, ROWS @ W + B, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "value",
    [
        "[1, 2, 3, 4]",
        "[[1, 2], [3, 4]]",
        "new Uint8Array([1, 2, 3, 4])",
        "[Float32Array.of(1, 2), [3, 4]]",
        "{ data: Float32Array.of(1, 2, 3, 4), shape: [1, 4] }",
        "{ data: Float32Array.of(1, 2, 3, 4), shape: [4] }",
        "{ x: { data: new Int16Array([1, 2, 3, 4]), shape: [1, 4] } }",
        "Float32Array.of(9, 1, 2, 3, 4).subarray(1)",
    ],
)
def test_ways_to_write_an_input(line_site, value):
    assert at_line(line_site, f"return (await model.predict({value})).y") == [30.5]


def test_outputs_are_copies(line_site):
    script = "const { y } = await model.predict([1, 1, 1, 1]); await model.predict([0, 0, 0, 0]); return y"
    assert at_line(line_site, script) == [10.5]


def test_a_reproducible_model_runs_portable_code(line_site):
    script = (
        "const { relaxed } = await model.call('uses_relaxed', {}); return [model.diagnostics().variant, relaxed[0]]"
    )
    found = run_node(f"const model = await load({{ reproducible: true }}); {script}", None, line_site.folder)
    assert found == ["portable", 0]


# Refusing

REFUSED = {
    "model.predict({ z: [1] })": ("UnknownNameError", "predict expects { x }, got z"),
    "model.predict({ x: [1, 2, 3, 4], z: 1 })": ("UnknownNameError", "got x, z"),
    "model.predict({})": ("UnknownNameError", "predict expects { x }, got nothing"),
    "model.predict()": ("UnknownNameError", "predict expects { x }, got undefined"),
    "model.predict({ x: null })": ("DtypeError", '"x" expects a Float32Array of [batch, 4], got null'),
    "model.predict('abc')": ("DtypeError", "got String"),
    "model.predict({ width: 2, height: 2 })": ("UnknownNameError", "got width, height"),
    "model.predict([1, 2, 3])": ("ShapeError", 'predict: "x" expects float32 [batch, 4], got 3 values'),
    "model.predict({ data: new Float32Array(6), shape: [2, 3] })": ("ShapeError", "got [2,3]"),
    "model.predict({ data: new Float32Array(6), shape: [1, 4] })": ("ShapeError", "got [1,4]"),
    "model.predict(new Float32Array(0))": ("ShapeError", "batch from 1 to 8, got 0"),
    "model.predict(new Float64Array(4))": ("DtypeError", "got Float64Array; if they fit, pass Float32Array.from(...)"),
    "model.predict(new Int32Array(4))": ("DtypeError", "got Int32Array"),
    "model.predict([1, 2, 3, 'x'])": ("DtypeError", "got String"),
    "model.predict([1, 2, 3, undefined])": ("DtypeError", "got undefined"),
    "model.call('nothing', {})": ("UnknownNameError", 'no function "nothing", only predict, train_step'),
    "model.call('train_step', { x: new Float32Array(20), t: new Float32Array(5) })": (
        "ShapeError",
        "batch from 1 to 4, got 5",
    ),
    "model.call('train_step', { x: new Float32Array(8), t: new Float32Array(3) })": (
        "ShapeError",
        '"t" expects float32 [2, 1], got 3',
    ),
    "model.call('trap', {})": ("FanlightError", "trap stopped: RuntimeError"),
    "model.fit(new Float32Array(8), [1])": ("ShapeError", "got 2 samples and 1 targets"),
    "model.fit([], [])": ("ShapeError", "batch from 1 to 4, got 0"),
    "model.fit([1, 2, 3, 4], [1], { batchSize: 5 })": ("ShapeError", "batchSize: expected 1 to 4, got 5"),
    "model.fit([1, 2, 3, 4], [1], { batchSize: 1.5 })": ("ShapeError", "got 1.5"),
    "model.fit([1, 2, 3, 4], [1], { epoch: 5 })": ("UnknownNameError", "option epoch"),
    "model.fit([1, 2, 3, 4], [1], { validationSplit: 1 })": ("ShapeError", "validationSplit"),
    "model.fit([1, 2, 3, 4], [1], { validationSplit: 0.5 })": ("ShapeError", "none to train on"),
    "model.trainStep(new Float32Array(20), new Float32Array(5))": ("ShapeError", "got 5"),
    "model.setWeights({ v: [1] })": ("UnknownNameError", 'no state "v", only w, b'),
    "model.setWeights({ w: [1, 2] })": ("ShapeError", '"w" expects float32 [4,1], got 2 values'),
    "model.setWeights({ count: [1.5] })": ("DtypeError", '"count" expects int32'),
    "model.save('opfs://x')": ("StorageError", "expected 'indexeddb://name', 'download' or 'buffer'"),
    "model.save('download')": ("BrowserError", "only a page can download"),
    "model.save('indexeddb://x')": ("StorageError", "no IndexedDB here"),
    "model.restore('nothing')": ("StorageError", "got nothing"),
    "load(undefined, { speed: 1 })": ("UnknownNameError", 'got {"speed":1}'),
    "load({ backend: 'webgpu' })": ("UnknownNameError", 'got {"backend":"webgpu"}'),
    "load('./nowhere/')": ("IntegrityError", "fanlight.json could not be read"),
    "load({ manifest: { format: 2 }, files: {} })": ("ModelFormatError", "format 1, got 2"),
    "model.selfTest()": ("ModelFormatError", "without a self-test"),
}


def test_what_is_wrong_is_refused(line_site):
    script = "const found = {};"
    script += "".join(f"found[{json.dumps(act)}] = await caught(() => {act});" for act in REFUSED)
    found = at_line(line_site, script + "return { found, y: await model.predict([1, 1, 1, 1]) }")
    for act, (name, message) in REFUSED.items():
        assert found["found"][act] is not None, f"{act}: expected {name}, and it was accepted"
        assert found["found"][act]["name"] == name, (act, found["found"][act])
        assert message in found["found"][act]["message"], (act, found["found"][act])
    assert found["y"]["y"] == [10.5]


def test_a_disposed_model_refuses(line_site):
    found = at_line(line_site, "model.dispose(); return caught(() => model.predict([1, 1, 1, 1]))")
    assert "was disposed" in found["message"]


# Training


def trained(order_of, epochs, rate=0.1, batch=4, rows=ROWS, targets=TARGETS):
    """Gradient descent in NumPy: the weights, the bias and the mean loss of each epoch."""
    w, b, losses = W.astype(np.float64), float(B), []
    for epoch in range(epochs):
        total, order = 0.0, order_of(epoch)
        for start in range(0, len(rows), batch):
            x, t = rows[order[start : start + batch]], targets[order[start : start + batch]]
            error = x @ w + b - t
            total += float((error**2).sum())
            w = w - rate * 2 * (x.T @ error) / len(x)
            b = b - rate * 2 * error.mean()
        losses.append(total / len(rows))
    return w, b, losses


def test_fit_is_gradient_descent_in_python_s_order(line_site):
    script = f"{FILL} const history = await model.fit({{ x }}, {{ t }}, {{ epochs: 3, seed: 5 }}); return {{ history, ...(await model.weights({{ all: true }})) }}"
    found = at_line(line_site, script, DATA)
    w, b, losses = trained(lambda epoch: permutation(len(ROWS), 5, epoch), 3)
    np.testing.assert_allclose(found["history"]["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(found["w"], w, atol=1e-4)
    np.testing.assert_allclose(found["b"], [b], atol=1e-4)
    assert found["count"] == [18]


def test_without_a_seed_a_second_fit_goes_on_with_the_orders(line_site):
    script = (
        f"{FILL} await model.fit(x, t); const history = await model.fit(x, t); return [history, await model.weights()]"
    )
    history, weights = at_line(line_site, script, DATA)
    w, _, losses = trained(lambda epoch: permutation(len(ROWS), 0, epoch), 2)
    np.testing.assert_allclose(weights["w"], w, atol=1e-4)
    np.testing.assert_allclose(history["loss"], losses[1:], rtol=1e-4)


def test_validation_leaves_out_the_last_rows(line_site):
    script = f"""{FILL}
    const history = await model.fit(x, t, {{ epochs: 2, shuffle: false, validationSplit: 0.25, batchSize: 3 }});
    const weights = await model.weights();
    const held = await model.evaluate(x.slice(4 * 17), t.slice(17), {{ batchSize: 2 }});
    await model.reset(1);
    const other = await model.fit(x.slice(0, 4 * 17), t.slice(0, 17), {{ validationData: [x.slice(4 * 17), t.slice(17)] }});
    return {{ history, weights, held, other: Object.keys(other) }};"""
    found = at_line(line_site, script, DATA)
    w, b, losses = trained(lambda _: np.arange(17), 2, batch=3, rows=ROWS[:17], targets=TARGETS[:17])
    np.testing.assert_allclose(found["history"]["loss"], losses, rtol=1e-4)
    loss = np.mean((ROWS[17:] @ w + b - TARGETS[17:]) ** 2)
    np.testing.assert_allclose(found["history"]["val_loss"][1], loss, rtol=1e-3)
    np.testing.assert_allclose(found["held"]["loss"], loss, rtol=1e-3)
    assert found["other"] == ["loss", "val_loss"]


def test_callbacks_hear_everything_in_order_and_can_end_a_training(line_site):
    script = f"""{FILL}
    const heard = [];
    const options = {{ epochs: 2, onBatchEnd: (batch, logs) => void heard.push([batch, Object.keys(logs)[0]]), onEpochEnd: async (epoch) => void heard.push(['epoch', epoch]) }};
    await model.fit(x, t, options);
    const saved = await model.fit(x, t, {{ onEpochEnd: async () => void await model.save('buffer') }});
    const short = await model.fit(x, t, {{ epochs: 9, onEpochEnd: (epoch) => epoch < 1 }});
    const count = (await model.weights({{ all: true }})).count[0];
    await model.fit(x, t, {{ epochs: 9, onBatchEnd: (batch) => batch < 2 }});
    const more = (await model.weights({{ all: true }})).count[0] - count;
    const none = await model.fit(x, t, {{ epochs: 0 }});
    const thrown = await caught(() => model.fit(x, t, {{ onEpochEnd: () => {{ throw new RangeError('mine'); }} }}));
    return {{ heard, short: short.loss.length, more, none, thrown, stats: model.stats }};"""
    found = at_line(line_site, script, DATA)
    epoch = [[batch, "loss"] for batch in range(6)]
    assert found["heard"] == [*epoch, ["epoch", 0], *epoch, ["epoch", 1]]
    assert found["short"] == 2 and found["more"] == 3 and found["none"] == {}
    assert found["thrown"] == {"name": "RangeError", "message": "mine"}
    assert set(found["stats"]) == {"msPerStep", "samplesPerSecond"}


def test_a_signal_ends_a_training_and_keeps_what_was_learnt(line_site):
    script = f"""{FILL}
    const control = new AbortController();
    const first = await caught(() => model.fit(x, t, {{ epochs: 1e6, signal: control.signal, onEpochEnd: (epoch) => {{ if (epoch === 2) control.abort(); }} }}));
    const again = await caught(() => model.fit(x, t, {{ signal: control.signal }}));
    const own = await caught(() => model.fit(x, t, {{ signal: AbortSignal.abort(new RangeError('mine')) }}));
    return [first.name, again.name, own.message, (await model.weights({{ all: true }})).count[0]];"""
    assert at_line(line_site, script, DATA) == ["AbortError", "AbortError", "mine", 18]


def test_waiting_calls_run_between_steps_on_the_newest_weights(line_site):
    script = f"""{FILL}
    const seen = [];
    const fit = model.fit(x, t, {{ epochs: 20000 }});
    for (let i = 0; i < 5; i++) {{
      seen.push([(await model.predict([1, 1, 1, 1])).y[0], (await model.weights({{ all: true }})).count[0]]);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }}
    const stop = model.setWeights({{ learning_rate: [0] }});
    await stop;
    const before = await model.weights();
    const history = await fit;
    return {{ seen, isSame: String(before.w) === String((await model.weights()).w), epochs: history.loss.length }};"""
    found = at_line(line_site, script, DATA)
    counts = [count for _, count in found["seen"]]
    assert counts == sorted(counts) and counts[0] < counts[-1], "calls waited for the end of the training"
    assert found["isSame"] and found["epochs"] == 20000


def test_calls_run_in_the_order_in_which_they_are_made(line_site):
    script = """
    const [before, , after, , reset] = await Promise.all([
      model.predict([1, 1, 1, 1]), model.setWeights({ w: [0, 0, 0, 0] }), model.predict([1, 1, 1, 1]),
      model.reset(3), model.predict([1, 1, 1, 1])]);
    return [before.y[0], after.y[0], reset.y[0]];"""
    assert at_line(line_site, script) == [10.5, 0.5, 12]


def test_a_loss_that_is_not_finite_stops_with_the_step_and_the_state_before_it(line_site):
    script = f"""{FILL}
    t[9] = NaN;
    const error = await caught(() => model.fit(x, t, {{ shuffle: false, epochs: 3 }}));
    const weights = await model.weights({{ all: true }});
    const step = await caught(() => model.trainStep(x.slice(32, 48), t.slice(8, 12)));
    return {{ error, weights, step, y: await model.predict([0, 0, 0, 0]) }};"""
    found = at_line(line_site, script, DATA)
    assert found["error"]["name"] == found["step"]["name"] == "NonFiniteLossError"
    assert found["error"]["message"].startswith("epoch 1, step 3: ")
    assert (found["error"]["step"], found["error"]["epoch"]) == (2, 0)
    assert found["weights"]["count"] == [2]
    assert found["y"]["y"] == found["weights"]["b"]


def test_train_step_gives_the_loss_before_the_update(line_site):
    script = f"{FILL} return [await model.trainStep(x.slice(0, 16), t.slice(0, 4)), (await model.weights({{ all: true }})).count]"
    logs, count = at_line(line_site, script, DATA)
    assert logs == {"loss": pytest.approx(np.mean((ROWS[:4] @ W + B - TARGETS[:4]) ** 2), rel=1e-5)}
    assert count == [1]


def test_the_seed_of_init_is_two_words_low_first(line_site):
    script = "await model.reset(3 * 2 ** 32 + 7); return model.weights()"
    assert at_line(line_site, script) == {"w": [7, 7, 7, 7], "b": [3]}


def test_the_shuffle_is_python_s(line_site):
    train = next(line_site.folder.glob("train.*.js"))
    script = f"const {{ permutation, threefry }} = await import({json.dumps(train.as_uri())}); return [given.map(([n, seed, epoch]) => permutation(n, seed, epoch)), threefry([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3)]"
    cases = [(1, 0, 0), (17, 0, 3), (1000, 4294967295, 1), (300, 123456789, 70000)]
    orders, words = run_node(script, cases)
    assert orders == [permutation(*case) for case in cases]
    assert words == list(threefry((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3))) == [0xC4923A9C, 0x483DF7A0]


# Saving


def test_a_saved_buffer_is_a_safetensors_file_and_comes_back(line_site):
    script = f"""{FILL}
    await model.fit(x, t);
    const file = new Uint8Array(await model.save('buffer', {{ metadata: {{ labels: 'a b' }} }}));
    const before = await model.weights({{ all: true }});
    await model.reset(9);
    const metadata = await model.restore(file);
    const after = await model.weights({{ all: true }});
    return {{ file, isSame: JSON.stringify(before) === JSON.stringify(after), metadata, w: before.w, y: await model.predict([0, 0, 0, 0]), b: before.b }};"""
    found = at_line(line_site, script, DATA)
    assert found["isSame"] and found["y"]["y"] == found["b"]
    assert found["metadata"]["labels"] == "a b" and found["metadata"]["model"] == "line"
    arrays = safetensors.numpy.load(bytes(found["file"]))
    assert {name: (a.dtype.name, a.shape) for name, a in arrays.items()} == {
        "w": ("float32", (4, 1)),
        "b": ("float32", (1,)),
        "learning_rate": ("float32", ()),
        "count": ("int32", ()),
    }
    np.testing.assert_array_equal(arrays["w"].ravel(), np.float32(found["w"]))


def restore_script(files: dict[str, bytes]) -> tuple[str, dict]:
    given = {name: list(data) for name, data in files.items()}
    script = "const before = await model.weights({ all: true }); const found = {};"
    script += "for (const [name, file] of Object.entries(given)) found[name] = await caught(() => model.restore(Uint8Array.from(file)));"
    return script + "return { found, before, after: await model.weights({ all: true }) }", given


def test_files_of_python_are_restored_and_others_refused(line_site):
    weights = {"w": np.full((4, 1), 2, np.float32), "b": np.zeros(1, np.float32)}
    whole = to_safetensors(weights)
    files = {
        "other shape": to_safetensors(weights | {"w": np.zeros((3, 1), np.float32)}),
        "other dtype": to_safetensors(weights | {"b": np.zeros(1, np.int32)}),
        "other names": to_safetensors({"kernel": weights["w"], "b": weights["b"]}),
        "truncated": whole[:-3],
        "no header": whole[:9],
        "empty": b"",
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(50),
    }
    script, given = restore_script(files)
    found = at_line(line_site, script, given)
    assert found["before"] == found["after"]
    expected = {
        "other shape": ("StorageError", '"w" is float32 [3,1] there and float32 [4,1] here'),
        "other dtype": ("StorageError", '"b" is int32 [1] there and float32 [1] here'),
        "other names": ("StorageError", 'it lacks "w"; it has "kernel", which is not in this model'),
        "truncated": ("ModelFormatError", "it ends inside"),
        "no header": ("ModelFormatError", "header could not be read"),
        "empty": ("ModelFormatError", "header could not be read"),
        "a picture": ("ModelFormatError", "header could not be read"),
    }
    for name, (kind, message) in expected.items():
        assert found["found"][name]["name"] == kind, (name, found["found"][name])
        assert message in found["found"][name]["message"]
    script, given = restore_script({"whole": whole})
    found = at_line(line_site, script, given)
    assert found["found"] == {"whole": None}
    assert (found["after"]["w"], found["after"]["count"]) == ([2, 2, 2, 2], found["before"]["count"])


# Files


def test_sha256_without_webcrypto(line_site):
    engine = next(line_site.folder.glob("engine.*.js"))
    text = engine.read_text().replace("export{", "export{computeSha256,")
    copy = line_site.folder.parent / "engine.mjs"
    copy.write_text(text)
    lengths = [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000]
    script = f"const {{ computeSha256 }} = await import({json.dumps(copy.as_uri())}); return given.map((n) => computeSha256(Uint8Array.from({{ length: n }}, (_, i) => i * 7 + n)))"
    expected = [hashlib.sha256(bytes((i * 7 + n) % 256 for i in range(n))).hexdigest() for n in lengths]
    assert run_node(script, lengths) == expected


@pytest.mark.parametrize("kind", ["weights", "code"])
@pytest.mark.parametrize("damage", ["changed", "cut", "missing"])
def test_a_damaged_file_is_noticed(tmp_path, kind, damage):
    write_bundle(tmp_path / "site", *line())
    suffix = {"weights": "safetensors", "code": "wasm"}[kind]
    for path in (tmp_path / "site").glob(f"{kind}.*.{suffix}"):
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data if damage == "changed" else data[:-1])
        if damage == "missing":
            path.unlink()
    found = run_node(f"{CAUGHT} return caught(() => load())", None, tmp_path / "site")
    assert found["name"] == "IntegrityError"
    assert f"{kind}." in found["message"]
    assert ("could not be read" if damage == "missing" else "upload the whole folder again") in found["message"]


def test_a_broken_manifest_is_refused(tmp_path):
    write_bundle(tmp_path / "site", *line())
    (tmp_path / "site" / "fanlight.json").write_text("<!doctype html>")
    found = run_node(f"{CAUGHT} return caught(() => load())", None, tmp_path / "site")
    assert (found["name"], "not JSON" in found["message"]) == ("ModelFormatError", True)


def test_state_that_no_file_holds_has_its_initial_value(line_site):
    assert at_line(line_site, "return model.weights({ all: true })") == {
        "w": [1, 2, 3, 4],
        "b": [0.5],
        "learning_rate": [pytest.approx(0.1)],
        "count": [0],
    }


def test_weights_in_several_files(tmp_path, monkeypatch):
    monkeypatch.setattr("fanlight.bundle.weights.SHARD_BYTES", 1)
    manifest = write_bundle(tmp_path / "site", *line())
    script = "const heard = []; const model = await load({ onProgress: (p) => void heard.push(p) }); return [(await model.predict([1, 1, 1, 1])).y, heard]"
    assert len(manifest.weights) == 2
    assert run_node(script, None, tmp_path / "site")[0] == [10.5]


def test_a_renamed_state_is_another_model(tmp_path, line_site):
    manifest, code, weights = line()
    write_bundle(tmp_path / "site", renamed(manifest, w="kernel"), code, {"kernel": weights["w"], "b": weights["b"]})
    file = at_line(line_site, "return new Uint8Array(await model.save('buffer'))")
    found = run_node(
        f"{CAUGHT} const model = await load(); return caught(() => model.restore(Uint8Array.from(given)))",
        file,
        tmp_path / "site",
    )
    assert 'it lacks "kernel"; it has "w"' in found["message"]


# The self-test


def selftest_of(y: float) -> dict[str, np.ndarray]:
    return {
        "predict/input/x": np.ones((1, 4), np.float32),
        "predict/output/y": np.full((1, 1), y, np.float32),
        "train_step/input/x": np.ones((2, 4), np.float32),
        "train_step/input/t": np.full((2, 1), 10.5, np.float32),
        "train_step/output/loss/sum": np.float32(0),
        "train_step/state/count": np.int32(1),
    }


@pytest.mark.parametrize(("y", "passed"), [(10.5, True), (10.6, False), (np.nan, False)])
def test_the_self_test(tmp_path, y, passed):
    write_bundle(tmp_path / "site", *line(), selftest=selftest_of(y))
    script = "const model = await load(); await model.reset(5); const found = await model.selfTest(); return { ...found, w: (await model.weights()).w }"
    found = run_node(script, None, tmp_path / "site")
    assert found["passed"] is passed
    assert set(found["functions"]) == {"predict", "train_step"}
    assert found["functions"]["train_step"] == 0
    assert found["w"] == [5, 5, 5, 5], "the self-test changed the model"


# Meanings


def test_pictures_rows_and_other_dtypes(pixels_site):
    script = f"""{CAUGHT}
    const model = await load();
    const picture = (...values) => ({{ width: 2, height: 2, data: Uint8ClampedArray.from(values.flatMap((v) => [v, v, v, 255])) }});
    return {{
      one: await model.predict(picture(255, 0, 255, 0)),
      several: await model.predict({{ image: [picture(255, 255, 255, 255), picture(51, 0, 0, 0)] }}),
      prepared: await model.predict(Float32Array.of(1, 2, 3, 4)),
      raw: await model.call('prepare', picture(255, 51, 0, 0)),
      sync: model.predictSync(picture(0, 0, 0, 102)),
      row: await model.call('total', {{ a: 1, b: '2.5', colour: 'green' }}),
      rows: await model.call('total', {{ row: [{{ a: 1, b: 2, colour: 'red' }}, {{ a: 0, b: 0, colour: 'green' }}] }}),
      words: await model.call('words', {{ ids: [3n, -1n, 0] }}),
      wide: await model.call('words', {{ ids: BigInt64Array.of(2n ** 40n) }}),
      colour: await caught(() => model.call('total', {{ a: 1, b: 2, colour: 'blue' }})),
      column: await caught(() => model.call('total', {{ a: 1, colour: 'red' }})),
      number: await caught(() => model.call('total', {{ a: 'x', b: 1, colour: 'red' }})),
      fraction: await caught(() => model.call('words', {{ ids: [1.5] }})),
      size: await caught(() => model.predict({{ width: 3, height: 2, data: new Uint8ClampedArray(24) }})),
      many: await caught(() => model.call('words', {{ ids: new BigInt64Array(17) }})),
    }};"""
    found = run_node(script, None, pixels_site.folder)
    assert found["one"]["sum"] == [2]
    assert found["several"]["sum"] == [4, pytest.approx(0.2)]
    assert found["prepared"]["sum"] == [10]
    assert found["raw"]["image"] == [1, pytest.approx(0.2), 0, 0]
    assert found["sync"]["sum"] == [pytest.approx(0.4)]
    assert (found["row"]["sum"], found["rows"]["sum"]) == ([4.5], [3, 1])
    assert (found["words"]["known"], found["wide"]["known"]) == ([1, 0, 0], [1])
    assert "expects one of red, green, got blue" in found["colour"]["message"]
    assert "expects the columns a, b, colour, got a, colour" in found["column"]["message"]
    assert 'expects a number, got "x"' in found["number"]["message"]
    assert "a list with other values" in found["fraction"]["message"]
    assert "only a browser can resize pictures" in found["size"]["message"]
    assert "length from 1 to 16, got 17" in found["many"]["message"]
