"""Is a bundle found and read, wherever it is, and is a damaged one noticed? In Node."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from fanlight.bundle.write import write_bundle
from web.browser import CAUGHT, run_model, run_node
from web.hand_made import line


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
    const names = Object.keys(manifest.files);
    const files = Object.fromEntries(names.map((name) => [name, new Blob([fs.readFileSync(name)])]));
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
    script = """
    const { execFileSync } = await import('node:child_process');
    return execFileSync(process.execPath, ['main.js'], { cwd: given, encoding: 'utf8' });"""
    assert run_node(script, str(tmp_path)) == "line\n"


def test_what_a_loaded_model_tells(line_site):
    script = """
    const { name, requests, bytesSent: sent, manifest } = model;
    return { ...model.diagnostics(), name, requests, sent, state: manifest.state.length };"""
    found = run_model(line_site, script)
    assert found["name"] == "line" and found["backend"] == "wasm" and found["thread"] == "page" and found["state"] == 4
    assert found["memory"]["pages"] == 1
    assert len(found["notes"]) == 1 and "no worker" in found["notes"][0]
    assert found["sent"] == 0


def test_state_that_no_file_holds_has_its_initial_value(line_site):
    assert run_model(line_site, "return model.weights({ all: true })") == {
        "w": [1, 2, 3, 4],
        "b": [0.5],
        "learning_rate": [pytest.approx(0.1)],
        "count": [0],
    }


def test_some_weights_alone(line_site):
    found = run_model(line_site, "return model.weights({ names: ['learning_rate', 'b'] })")
    assert found == {"b": [0.5], "learning_rate": [pytest.approx(0.1)]}


def test_weights_in_several_files(tmp_path, monkeypatch):
    monkeypatch.setattr("fanlight.bundle.weights.SHARD_BYTES", 1)
    manifest = write_bundle(tmp_path / "site", *line())
    script = """
    const model = await load();
    return (await model.predict([1, 1, 1, 1])).y;"""
    assert len(manifest.weights) == 2
    assert run_node(script, None, tmp_path / "site") == [10.5]


def test_sha256_without_webcrypto(line_site):
    engine = next(line_site.folder.glob("engine.*.js"))
    text = engine.read_text().replace("export{", "export{computeSha256,")
    copy = line_site.folder.parent / "engine.mjs"
    copy.write_text(text)
    lengths = [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000]
    script = f"""
    const {{ computeSha256 }} = await import({json.dumps(copy.as_uri())});
    const hex = (bytes) => Buffer.from(bytes).toString('hex');
    return given.map((n) => hex(computeSha256(Uint8Array.from({{ length: n }}, (_, i) => i * 7 + n))));"""
    expected = [hashlib.sha256(bytes((i * 7 + n) % 256 for i in range(n))).hexdigest() for n in lengths]
    assert run_node(script, lengths) == expected


@pytest.mark.parametrize("kind", ["weights", "code"])
@pytest.mark.parametrize("damage", ["changed", "cut", "missing"])
def test_a_damaged_file_is_noticed(tmp_path, kind, damage):
    write_bundle(tmp_path / "site", *line())
    for path in (tmp_path / "site").glob(f"{kind}.*"):
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


def test_an_engine_without_simd_is_named(line_site):
    """As an engine from before SIMD answers: it refuses the module's bytes. Node's fetch has a larger module."""
    script = f"""{CAUGHT}
    const compile = WebAssembly.compile;
    WebAssembly.validate = () => false;
    WebAssembly.compile = async (bytes) => {{
      if (bytes.byteLength > 20000) return compile(bytes);
      throw new WebAssembly.CompileError('invalid opcode 0xfd');
    }};
    return caught(() => load());"""
    found = run_node(script, None, line_site.folder)
    assert found["name"] == "BrowserError"
    assert "refuses WebAssembly SIMD" in found["message"] and "0xfd" in found["message"]


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
    script = """
    const model = await load();
    await model.reset(5);
    const found = await model.selfTest();
    return { ...found, w: (await model.weights()).w };"""
    found = run_node(script, None, tmp_path / "site")
    assert found["passed"] is passed
    assert set(found["functions"]) == {"predict", "train_step"}
    assert found["functions"]["train_step"] == 0
    assert found["w"] == [5, 5, 5, 5], "the self-test changed the model"
