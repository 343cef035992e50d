"""Are inputs of every form understood, and wrong ones refused before anything runs? In Node."""

import json

import numpy as np
import pytest

import fanlight as fl
from web.browser import CAUGHT, run_model, run_node
from web.hand_made import B, W
from web.rows import DATA, FILL, ROWS


def test_predictions_of_any_number_of_rows(line_site):
    script = f"""
    {FILL} return [await model.predict({{ x }}), model.predictSync(x), await model.call('predict', {{
      x }})].map((out) => out.y)"""
    for found in run_model(line_site, script, DATA):
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
    assert run_model(line_site, f"return (await model.predict({value})).y") == [30.5]


def test_bytes_with_a_sign(tmp_path):
    def double(state, x):
        return {"w": state["w"] - 1}, {"y": x * 2 + state["w"]}

    double.__annotations__ = {"x": fl.TensorSpec((3,), "int8")}
    fl.export({"double": double}, tmp_path / "site", state={"w": np.array([-128, 0, 5], "int8")})
    script = f"""
    {CAUGHT} const model = await load();
    const call = async (x) => (await model.call('double', {{ x }})).y;
    const found = [await call([-1, 100, 7])], file = await model.save('buffer');
    found.push(await call(Int8Array.of(-128, 127, 0)));
    await model.restore(file);
    found.push(await call([0, 0, 0]));
    const refused = [[128, 0, 0], [0.5, 0, 0], new Uint8Array(3), new Float32Array(3)];
    return {{ found, errors: await Promise.all(refused.map((x) => caught(() => call(x)))) }}"""
    found = run_node(script, None, tmp_path / "site")
    assert found["found"] == [[126, -56, 19], [127, -3, 4], [127, -1, 4]]
    assert [error["name"] for error in found["errors"]] == ["DtypeError"] * 4


def test_outputs_are_copies(line_site):
    script = "const { y } = await model.predict([1, 1, 1, 1]); await model.predict([0, 0, 0, 0]); return y"
    assert run_model(line_site, script) == [10.5]


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
    "model.fit(new Float32Array(8), [1])": ("ShapeError", "got 2 samples and 1 targets or weights"),
    "model.fit([], [])": ("ShapeError", "batch from 1 to 4, got 0"),
    "model.fit([1, 2, 3, 4], [1], { batchSize: 5 })": ("ShapeError", "batchSize: expected 1 to 4, got 5"),
    "model.fit([1, 2, 3, 4], [1], { batchSize: 1.5 })": ("ShapeError", "got 1.5"),
    "model.fit([1, 2, 3, 4], [1], { epoch: 5 })": ("UnknownNameError", "option epoch"),
    "model.fit([1, 2, 3, 4], [1], { validationSplit: 1 })": ("ShapeError", "validationSplit"),
    "model.fit([1, 2, 3, 4], [1], { validationSplit: 0.5 })": ("ShapeError", "none to train on"),
    "model.trainStep(new Float32Array(20), new Float32Array(5))": ("ShapeError", "got 5"),
    "model.setWeights({ v: [1] })": ("UnknownNameError", 'no state "v", only w, b'),
    "model.weights({ names: ['w', 'v'] })": ("UnknownNameError", 'no state "v", only w, b'),
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
    found = run_model(line_site, script + "return { found, y: await model.predict([1, 1, 1, 1]) }")
    for act, (name, message) in REFUSED.items():
        assert found["found"][act] is not None, f"{act}: expected {name}, and it was accepted"
        assert found["found"][act]["name"] == name, (act, found["found"][act])
        assert message in found["found"][act]["message"], (act, found["found"][act])
    assert found["y"]["y"] == [10.5]


def test_a_disposed_model_refuses(line_site):
    found = run_model(line_site, "model.dispose(); return caught(() => model.predict([1, 1, 1, 1]))")
    assert "was disposed" in found["message"]


def test_pictures_rows_and_other_dtypes(pixels_site):
    script = f"""{CAUGHT}
    const model = await load();
    const pixels = (values) => Uint8ClampedArray.from(values.flatMap((v) => [v, v, v, 255]));
    const picture = (...values) => ({{ width: 2, height: 2, data: pixels(values) }});
    const red = {{ a: 1, b: 2, colour: 'red' }};
    return {{
      one: await model.predict(picture(255, 0, 255, 0)),
      several: await model.predict({{ image: [picture(255, 255, 255, 255), picture(51, 0, 0, 0)] }}),
      prepared: await model.predict(Float32Array.of(1, 2, 3, 4)),
      raw: await model.call('prepare', picture(255, 51, 0, 0)),
      sync: model.predictSync(picture(0, 0, 0, 102)),
      row: await model.call('total', {{ a: 1, b: '2.5', colour: 'green' }}),
      rows: await model.call('total', {{ row: [red, {{ a: 0, b: 0, colour: 'green' }}] }}),
      words: await model.call('words', {{ ids: [3n, -1n, 0] }}),
      wide: await model.call('words', {{ ids: BigInt64Array.of(2n ** 40n) }}),
      colour: await caught(() => model.call('total', {{ a: 1, b: 2, colour: 'blue' }})),
      column: await caught(() => model.call('total', {{ a: 1, colour: 'red' }})),
      number: await caught(() => model.call('total', {{ a: 'x', b: 1, colour: 'red' }})),
      fraction: await caught(() => model.call('words', {{ ids: [1.5] }})),
      size: await model.predict({{ width: 3, height: 2, data: new Uint8ClampedArray(24).fill(51) }}),
      unread: await caught(() => model.predict({{ width: 3, height: 2 }})),
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
    assert found["size"]["sum"] == [pytest.approx(0.8)]
    assert "only a browser can read this picture" in found["unread"]["message"]
    assert "length from 1 to 16, got 17" in found["many"]["message"]
