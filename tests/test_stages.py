"""Do graphs that Hypothesis makes up keep their value through every stage, and does every stage's result read back?

Graph, simplified graph, program in the interpreter, WebAssembly: each is compared with the one before.
"""

import numpy as np
import pytest
from hypothesis import given

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
from fanlight.passes.simplify import simplify
from fanlight.targets.wasm.emit import emit
from fanlight.targets.wasm.spelling import PORTABLE
from random_graphs import Case, cases

OPS = all_ops()


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


def check_stages(graph, case):
    graph = simplify(graph)
    outputs, writes = interpret(graph, case.inputs, case.state)
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

    engine = WasmEngine(program, emit(program, PORTABLE))
    engine.set_state(state)
    if status:
        with pytest.raises(NonFiniteLossError):
            engine.call("f", case.inputs)
    else:
        check_close(engine.call("f", case.inputs), found)  # sums may be taken in another order
    check_close(engine.state(), after)
