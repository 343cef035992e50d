"""Is what a page saved a safetensors file that comes back, and is another model's file refused? In Node."""

import numpy as np
import safetensors.numpy

from fanlight.bundle.weights import to_safetensors
from fanlight.bundle.write import write_bundle
from web.browser import CAUGHT, run_model, run_node
from web.hand_made import line, renamed
from web.rows import DATA, FILL


def test_a_saved_buffer_is_a_safetensors_file_and_comes_back(line_site):
    script = f"""{FILL}
    await model.fit(x, t);
    const file = new Uint8Array(await model.save('buffer', {{ metadata: {{ labels: 'a b' }} }}));
    const before = await model.weights({{ all: true }});
    await model.reset(9);
    const metadata = await model.restore(file);
    const after = await model.weights({{ all: true }});
    const isSame = JSON.stringify(before) === JSON.stringify(after);
    return {{ file, isSame, metadata, w: before.w, b: before.b, y: (await model.predict([0, 0, 0, 0])).y }};"""
    found = run_model(line_site, script, DATA)
    assert found["isSame"] and found["y"] == found["b"]
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
    script = """
    const before = await model.weights({ all: true });
    const found = {};
    for (const [name, file] of Object.entries(given)) {
      found[name] = await caught(() => model.restore(Uint8Array.from(file)));
    }
    return { found, before, after: await model.weights({ all: true }) };"""
    return script, given


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
    found = run_model(line_site, script, given)
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
    found = run_model(line_site, script, given)
    assert found["found"] == {"whole": None}
    assert (found["after"]["w"], found["after"]["count"]) == ([2, 2, 2, 2], found["before"]["count"])


def test_a_renamed_state_is_another_model(tmp_path, line_site):
    manifest, code, weights = line()
    write_bundle(tmp_path / "site", renamed(manifest, w="kernel"), code, {"kernel": weights["w"], "b": weights["b"]})
    file = run_model(line_site, "return new Uint8Array(await model.save('buffer'))")
    found = run_node(
        f"{CAUGHT} const model = await load(); return caught(() => model.restore(Uint8Array.from(given)))",
        file,
        tmp_path / "site",
    )
    assert 'it lacks "kernel"; it has "w"' in found["message"]
