"""Do graphs that Hypothesis makes up keep their value through every stage, and does every stage's result read back?

Graph, simplified graph, program in the interpreter, WebAssembly: each is compared with the one before.
"""

import base64

import numpy as np
import pytest
from hypothesis import given, settings

from fanlight.compiler import GRAPH_STAGES
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import NonFiniteLossError
from fanlight.ir.graph import Gradient, Graph, Input, State, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.interpret_program import call_program
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.parse import parse_module
from fanlight.ir.parse_program import parse_program
from fanlight.ir.program_text import program_text
from fanlight.ir.text import module_text
from fanlight.ir.types import float32
from fanlight.ir.verify import verify_module, verify_program
from fanlight.lowering.lower import lower
from fanlight.ops import functions as fn
from fanlight.ops.registry import all_ops
from fanlight.passes.differentiate import differentiate
from fanlight.targets.wasm.emit import emit
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED
from fanlight.targets.wasm.threads import emit_threads
from random_graphs import Case, cases

OPS = all_ops()
GRAPHS = 1000

# Runs modules and says which gave other bits; all NaN are one.
PAGE = """
async (jobs) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const wrong = [];
  for (const [number, { code, pages, inputs, sizes, outputs }] of jobs.entries()) {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { instance } = await WebAssembly.instantiate(bytes(code), { env: { memory } });
    for (const [at, text] of inputs) new Uint8Array(memory.buffer).set(bytes(text), at);
    if (instance.exports.f(...sizes)) wrong.push(number);
    for (const [at, text, dtype] of outputs) {
      const expected = bytes(text), found = new Uint8Array(memory.buffer, at, expected.length).slice();
      const view = (array) => (dtype === 'float32' ? new Float32Array(array.buffer) : array);
      const [a, b] = [view(found), view(expected)];
      if (!a.every((value, i) => Object.is(value, b[i]))) wrong.push(number);
    }
  }
  return wrong;
}
"""


def encoded(array):
    data = array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes()
    return base64.b64encode(data).decode()


def check_close(found, expected):
    assert found.keys() == expected.keys()
    for name, array in found.items():
        got, wanted = (np.asarray(a.nested() if hasattr(a, "nested") else a) for a in (array, expected[name]))
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4, err_msg=name)


@given(cases())
def test_values_are_kept_through_every_stage(case):
    check_stages(case.graph, case)


@given(cases(steps=6, smooth=True))
def test_steps_of_training_are_kept_through_every_stage(case):
    floats = [value for value in case.graph.outputs.values() if value.dtype == "float32"]
    if not floats:
        return
    loss = fn.mean(fn.square(floats[-1]))
    weights = [value for value in case.graph.order if isinstance(value.op, State)]
    writes = {value.op.label: value - 0.1 * apply(Gradient(), loss, value) for value in weights}
    check_stages(differentiate(Graph(case.graph.inputs, {"loss": loss}, writes, fn.isfinite(loss))), case)


@pytest.mark.parametrize("x", [2.0, float("inf")])
def test_state_that_the_guard_needs_is_written_after_it(x):
    last, value = apply(State("last", float32())), apply(Input("x", float32()))
    loss = value * last
    case = Case(
        Graph((value,), {"loss": loss}, {"last": loss}, fn.isfinite(loss)),
        {"x": np.float32(x)},
        {"last": np.float32(3.0)},
    )
    check_stages(case.graph, case)


@pytest.mark.full
def test_a_thousand_graphs_keep_their_value_on_every_target(page):
    """Both variants in Python, with threads too; and portable code in Chromium, to the bit."""
    jobs = []

    @settings(max_examples=GRAPHS, database=None)
    @given(cases(steps=14))
    def run(case):
        check_stages(case.graph, case, jobs)

    run()
    assert len(jobs) > GRAPHS / 2  # whose guard holds
    for start in range(0, len(jobs), 50):
        assert page.evaluate(PAGE, jobs[start : start + 50]) == []


def check_stages(graph, case, jobs=None):
    """Every stage, then the targets: one, or with `jobs` all, which also gets what a browser has to give."""
    outputs, writes = interpret(graph, case.inputs, case.state)
    for _, rewrite in GRAPH_STAGES:
        graph = rewrite(graph)
        later, updates = interpret(graph, case.inputs, case.state)
        check_close(later, outputs)
        check_close(updates, writes)
    module = Module({"f": graph}, {name: StateSpec(type) for name, type in graph.state.items()})
    verify_module(module)
    assert module_text(parse_module(module_text(module), OPS)) == module_text(module)

    program = lower(module, PORTABLE)
    verify_program(program)
    assert parse_program(program_text(program)) == program
    state = {name: case.state[name] for name in module.state}
    status, found, after = call_program(program, "f", case.inputs, state)
    assert status == int(graph.guard is not None and not writes) or not graph.writes
    if status == 0:
        check_close(found, outputs)  # exp and its like are approximated by now
        check_close({name: after[name] for name in writes}, writes)

    code = emit(program, PORTABLE)
    engine = WasmEngine(program, code)
    check_engine(engine, case, state, status, found, after)
    if jobs is None:
        return
    check_engine(WasmEngine(program, emit_threads(program, PORTABLE), threads=2), case, state, status, found, after)
    fused = lower(module, RELAXED)
    check_engine(WasmEngine(fused, emit(fused, RELAXED)), case, state, status, found, after)
    if not status:
        engine.set_state(state)
        result = engine.call("f", case.inputs)
        places = {key: program.buffers[buffer].offset for key, buffer in program.procedures["f"].inputs.items()}
        places |= {name: program.buffers[buffer].offset for name, buffer in program.state.items()}
        given = {**case.inputs, **state}
        jobs.append(
            {
                "code": encoded(code),
                "pages": -(-program.bytes // 65536),
                "inputs": [[places[key], encoded(given[key])] for key in places],
                "sizes": [len(case.inputs["x"])] * len(program.procedures["f"].sizes),
                "outputs": [
                    [program.buffers[buffer].offset, encoded(result[key]), str(result[key].dtype)]
                    for key, buffer in program.procedures["f"].outputs.items()
                ],
            }
        )


def check_engine(engine, case, state, status, found, after):
    """The call gives what the program gave in the interpreter, and leaves the state that it left."""
    engine.set_state(state)
    if status:
        with pytest.raises(NonFiniteLossError):
            engine.call("f", case.inputs)
    else:
        check_close(engine.call("f", case.inputs), found)  # sums may be taken in another order
    check_close(engine.state(), after)
