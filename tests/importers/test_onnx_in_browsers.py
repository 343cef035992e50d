"""Do ONNX operators give the same bits in browsers? Every sixth node test that passes in Python; published models."""

from pathlib import Path

import numpy as np
import pytest

import fanlight as fl
from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.targets.wasm.emit import pages
from fanlight.verification import verify_bundle
from importers.onnx_nodes import answers, cases, traced
from test_ladder import PAGE, encoded

MODELS = Path(__file__).parents[3] / "shared" / "data" / "models"
EVERY, AT_ONCE = 6, 12


def in_page(name):
    """A case as the ladder's page takes it, with the bytes that wasmtime gives."""
    case = cases()[name]
    made = traced(case, case.pairs[0][0])
    compiled = compile(made.module)
    program = compiled.program
    procedure = program.procedures["run"]
    found = WasmEngine(program, compiled.code).call("run", made.inputs)
    inputs = [
        [program.buffers[buffer].offset, encoded(np.asarray(made.inputs[key]))]
        for key, buffer in procedure.inputs.items()
    ]
    outputs = [
        {
            "data": encoded(found[key]),
            "offset": program.buffers[buffer].offset,
            "is_float": found[key].dtype == np.float32,
        }
        for key, buffer in procedure.outputs.items()
    ]
    function = {"label": "run", "inputs": inputs, "outputs": outputs}
    return {"name": name, "code": encoded(compiled.code), "pages": pages(program), "functions": [function]}


@pytest.mark.full
def test_node_tests_in_browsers(tab):
    names = sorted(cases())[::EVERY]
    names = [name for name in names if answers()[name].refused is None]
    failures = []
    for start in range(0, len(names), AT_ONCE):
        given = [in_page(name) for name in names[start : start + AT_ONCE]]
        failures += tab.evaluate(PAGE, {"cases": given, "tolerance": 0})
    assert len(names) >= 200 and failures == []


@pytest.mark.parametrize("name", ["mnist", "mobilenetv2_features", "squeezenet1.1", "super_resolution"])
def test_published_models_in_chromium(name, tmp_path):
    """Both variants of the code give in Chromium what the exported self-test, written in Python, says."""
    path = MODELS / f"{name}.onnx"
    if not path.is_file():
        pytest.skip("no models beside the project")
    found = verify_bundle(fl.load(path).export(tmp_path / "site"), False)
    assert found["ok"], found
