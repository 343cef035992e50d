"""Does a scatter change its operand where it lies, when nothing else needs it, and a copy of it otherwise?"""

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir import dim as dims
from fanlight.ir.free_axes import free_axes
from fanlight.ir.graph import Graph, Input, State, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.interpret_program import call_program
from fanlight.ir.kernel import Kernel, kernels_of
from fanlight.ir.module import Module, StateSpec
from fanlight.ir.parse_program import parse_program
from fanlight.ir.program_text import program_text
from fanlight.ir.types import Type
from fanlight.ops import functions as fn

ROWS = np.float32([[10, 20], [30, 40], [50, 60]])
PLACES = np.int32([2, 0, 2])
TABLE = np.arange(8, dtype="float32").reshape(4, 2)


def inputs():
    u, at = apply(Input("u", Type("float32", (3, 2)))), apply(Input("at", Type("int32", (3,))))
    return u, fn.reshape(at, (3, 1)), (u, at)


def table():
    return apply(State("table", Type("float32", (4, 2))))


def program_of(graph):
    state = {name: StateSpec(type) for name, type in graph.state.items()}
    return compile(Module({"f": graph}, state))


def kinds(compiled):
    """The kinds of the kernels, in order."""
    return [kernel.kind for kernel in kernels_of(compiled.program.procedures["f"].kernels)]


def copies(compiled):
    """How many kernels only bring something to where it is scattered into, or to the state."""
    return sum(k.name.startswith("copy_") for k in kernels_of(compiled.program.procedures["f"].kernels))


def check(graph, given=None, state=None, calls=2):
    """Interpreted, and compiled, called several times, gives what the graph says; its program reads back."""
    given = {"u": ROWS, "at": PLACES} if given is None else given
    state = {name: TABLE for name in graph.state} if state is None else state
    compiled = program_of(graph)
    assert parse_program(program_text(compiled.program)) == compiled.program
    engine = WasmEngine(compiled.program, compiled.code)
    engine.set_state(state)
    memory = None
    for _ in range(calls):
        outputs, writes = interpret(graph, given, state)
        found = engine.call("f", given)
        memory = bytearray(compiled.program.bytes) if memory is None else memory
        _, run, after = call_program(compiled.program, "f", given, state, memory)
        state = {**state, **{name: np.float32(array.nested()) for name, array in writes.items()}}
        for name, array in outputs.items():
            np.testing.assert_allclose(found[name], np.asarray(array.nested()), rtol=1e-6, err_msg=name)
            np.testing.assert_allclose(np.asarray(run[name].nested()), found[name], rtol=1e-6, err_msg=name)
        for name in state:
            np.testing.assert_allclose(engine.state()[name], state[name], rtol=1e-6, err_msg=name)
            np.testing.assert_allclose(np.asarray(after[name].nested()), state[name], rtol=1e-6, err_msg=name)
    return compiled


def test_zeros_cost_one_fill():
    u, at, given = inputs()
    compiled = check(Graph(given, {"y": fn.scatter(at, u, (4, 2))}))
    assert kinds(compiled) == ["map", "scatter"]


def test_what_computes_the_operand_fills_it():
    u, at, given = inputs()
    y = fn.scatter_update(fn.tanh(fn.scatter(at, u, (4, 2))) + 1.0, at, u)
    compiled = check(Graph(given, {"y": y}))
    assert kinds(compiled).count("scatter") == 2
    assert copies(compiled) == 2, "zeros for the first, tanh + 1 for the second"


def test_one_scatter_after_the_other_needs_no_copy():
    u, at, given = inputs()
    once = fn.scatter(at, u, (4, 2))
    y = fn.scatter_update(fn.scatter_update(once, at, u, "max"), at + 1, u, "add")
    assert copies(check(Graph(given, {"y": y}))) == 1
    assert copies(check(Graph(given, {"y": y, "once": once}))) == 2  # now the first result is needed too


def test_a_sum_is_scattered_into_where_it_was_summed():
    u, at, given = inputs()
    sums = fn.sum(fn.broadcast_to(fn.expand_dims(u, 0), (4, 3, 2)) * 2.0, 1)
    assert kinds(check(Graph(given, {"y": fn.scatter_update(sums, at, u, "add")}))) == ["reduce", "scatter"]


def test_state_is_updated_in_place():
    u, at, given = inputs()
    for new in (fn.scatter_update(table(), at, u, "add"), fn.slice_update(table(), [1, 0], u * 2.0)):
        compiled = check(Graph(given, {"old": fn.sum(table())}, {"table": new}), calls=3)
        assert kinds(compiled) == ["reduce", "scatter"]


def test_updates_see_the_state_from_before():
    """Also where each looks at just the place that it changes."""
    _, at, given = inputs()
    here = fn.take(table(), fn.reshape(at, (3,)), 0)
    compiled = check(Graph(given, {}, {"table": fn.scatter_update(table(), at, here * 2.0, "add")}))
    assert copies(compiled) == 2
    there = fn.take(table(), 3 - fn.reshape(at, (3,)), 0)
    check(Graph(given, {}, {"table": fn.scatter_update(table(), at, there * 2.0, "add")}))


@pytest.mark.parametrize("also", ["output", "other state", "guard"])
def test_state_whose_new_content_is_needed_elsewhere(also):
    u, at, given = inputs()
    y = fn.scatter_update(table(), at, u, "add")
    outputs = {"y": y} if also == "output" else {"old": table() * 2.0}
    writes = {"table": y, **({"other": y} if also == "other state" else {})}
    guard = fn.greater(fn.sum(y), 0.0) if also == "guard" else None
    check(Graph(given, outputs, writes, guard))


def test_a_false_guard_leaves_the_state_alone():
    u, at, given = inputs()
    graph = Graph(given, {}, {"table": fn.scatter_update(table(), at, u)}, fn.less(fn.sum(u), 0.0))
    compiled = program_of(graph)
    status, _, after = call_program(compiled.program, "f", {"u": ROWS, "at": PLACES}, {"table": TABLE})
    assert status == 1
    np.testing.assert_array_equal(np.asarray(after["table"].nested()), TABLE)


def test_what_comes_from_state_alone_is_scattered_into_anew_in_each_call():
    u, at, given = inputs()
    check(Graph(given, {"y": fn.scatter_update(table() * 2.0, at, u, "add")}), calls=3)
    fixed = fn.scatter_update(table() * 2.0, fn.reshape(fn.iota((3,)), (3, 1)), table()[:3], "add")
    check(Graph(given, {"y": fixed + fn.sum(u)}), calls=3)


def test_updates_of_one_known_place():
    """The place does not change in the loop, what lies there does: nothing may be read ahead of the loop."""
    u, _, given = inputs()
    for reduction in ("add", "mul", None):
        at = fn.full((3, 1), 1, "int32")
        check(Graph(given, {"y": fn.scatter_update(fn.ones((4, 2)), at, u, reduction)}))


def test_a_carry_is_updated_in_place():
    """A loop that writes one row of its carry in each step, and a row of its stacked results."""
    u, _, given = inputs()

    def body(carry, row):
        place = fn.cast(row[0], "int32") % 4
        new = fn.slice_update(carry, [place, 0], fn.reshape(row, (1, 2)))
        return new, fn.scatter_update(fn.zeros((2,)), fn.reshape(place, (1, 1)) % 2, fn.sum(new, keepdims=False))

    last, rows = fn.scan(body, fn.ones((4, 2)), u / 10.0)
    compiled = check(Graph(given, {"last": last, "rows": rows}))
    assert kinds(compiled).count("scatter") == 2
    assert [k.kind for k in kernels_of(compiled.program.procedures["f"].kernels) if "carry" in k.name].count("map") <= 1


def scatter_kernel(graph) -> Kernel:
    return next(k for k in kernels_of(program_of(graph).program.procedures["f"].kernels) if k.kind == "scatter")


def test_which_axes_may_be_divided():
    """Only those along which the places never meet."""
    u, at, given = inputs()
    assert free_axes(scatter_kernel(Graph(given, {"y": fn.scatter(at, u, (4, 2))}))) == (1,)
    batch = dims.size("batch", 1, 9)
    x, i = apply(Input("x", Type("float32", (batch, 5)))), apply(Input("i", Type("int32", (batch, 3))))
    rows = Graph((x, i), {"y": fn.put_along_axis(x, i, 1.0, 1, "add")})
    assert free_axes(scatter_kernel(rows)) == (0,)
    columns = Graph((x, i), {"y": fn.put_along_axis(x, fn.broadcast_to(i[:, :1], (batch, 5)), 1.0, 0, "add")})
    assert free_axes(scatter_kernel(columns)) == (1,)
    images = apply(Input("x", Type("float32", (2, 3, 4, 5))))
    inner = Graph((images, i), {"y": fn.slice_update(images, [i[0, 0], 0, i[0, 1], 0], images[:1, :, :2])})
    assert free_axes(scatter_kernel(inner)) == (0, 1)


def test_the_gradient_of_an_embedding_is_one_scatter():
    batch = dims.size("batch", 1, 64)
    words = apply(Input("words", Type("int32", (batch,))))
    weights = apply(State("table", Type("float32", (4, 2))))
    loss = fn.sum(fn.square(fn.take(weights, words, 0)))
    compiled = program_of(Graph((words,), {"g": fn.gradient(loss, weights)}))
    assert kinds(compiled).count("scatter") == 1
    assert "reduce" not in kinds(compiled)
