"""Do prefix, scatter and sort kernels do as WebAssembly what the interpreter says, by vectors where they can?"""

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir import dim as dims
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.interpret import interpret
from fanlight.ir.kernel import Sorting, kernels_of
from fanlight.ir.module import Module
from fanlight.ir.program_text import kernel_text
from fanlight.ir.types import Type
from fanlight.lowering.lower import lower
from fanlight.ops import functions as fn
from fanlight.targets.wasm.assembler import Function
from fanlight.targets.wasm.assembler import Module as Assembly
from fanlight.targets.wasm.emit import EMITTERS
from fanlight.targets.wasm.prefix import fits_across
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED


def graph_of(function, *arrays, shapes=None):
    shapes = shapes or [x.shape for x in arrays]
    inputs = tuple(
        apply(Input(f"x{k}", Type(str(x.dtype), shape)))
        for k, (x, shape) in enumerate(zip(arrays, shapes, strict=True))
    )
    return Graph(inputs, {"y": function(*inputs)})


def check(function, *arrays, shapes=None, target=PORTABLE, rtol=1e-6):
    """Compiled and interpreted, a function of arrays gives the same."""
    graph = graph_of(function, *arrays, shapes=shapes)
    given = {f"x{k}": x for k, x in enumerate(arrays)}
    expected = np.asarray(interpret(graph, given)[0]["y"].nested())
    compiled = compile(Module({"f": graph}, {}), target)
    found = WasmEngine(compiled.program, compiled.code).call("f", given)["y"]
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)
    return found


def kernel_of(kind, function, *arrays, shapes=None):
    program = lower(Module({"f": graph_of(function, *arrays, shapes=shapes)}, {}), PORTABLE)
    return next(k for k in kernels_of(program.procedures["f"].kernels) if k.kind == kind)


def instructions_of(kernel, sizes=()):
    """The names of all instructions of a kernel's function, in order."""
    module, names = Assembly(), []
    module.memory(1)
    known = {name: module.global_i32(0) for name in sizes}
    plain = Function.emit

    def recorded(self, name, *immediates, **options):
        names.append(name)
        plain(self, name, *immediates, **options)

    Function.emit = recorded
    try:
        EMITTERS[kernel.kind](module, kernel, known, PORTABLE)
    finally:
        Function.emit = plain
    return names


BATCH = dims.size("batch", 1, 40)


# Prefix


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 15, 16, 17, 20, 33])
@pytest.mark.parametrize("target", [PORTABLE, RELAXED], ids=["portable", "relaxed"])
def test_rows_side_by_side(count, target, rng):
    x = rng.normal(size=(9, count)).astype("float32")
    for reverse in (False, True):
        check(lambda x, reverse=reverse: fn.cumsum(x * 2.0, 0, reverse=reverse) + x, x, target=target, rtol=1e-5)
        check(lambda x, reverse=reverse: fn.cummax(x, 0, reverse), x, target=target)
        check(lambda x, reverse=reverse: fn.linear_recurrence(x * 0.5, x, 0, reverse), x, target=target, rtol=1e-5)


@pytest.mark.parametrize("batch", [1, 3, 4, 18, 40])
def test_open_axes(batch, rng):
    """Open rows, an open walk, and both."""
    x = rng.normal(size=(batch, 5)).astype("float32")
    for axis in (0, 1, None):
        check(lambda x, axis=axis: fn.cumsum(x, axis), x, shapes=[(BATCH, 5)])
    square = rng.normal(size=(batch, batch)).astype("float32")
    for axis in (0, 1):
        check(lambda x, axis=axis: fn.cumprod(x, axis), square, shapes=[(BATCH, BATCH)], rtol=1e-5)
        check(lambda x, axis=axis: fn.argsort(x, axis), square, shapes=[(BATCH, BATCH)])


def test_rows_that_are_neighbours_are_walked_by_vectors(rng):
    across = kernel_of("prefix", lambda x: fn.cumsum(x, 0), np.zeros((9, 20), "float32"))
    assert fits_across(across)
    found = instructions_of(across)
    assert "f32x4.add" in found and "call" not in found
    assert found.count("v128.store") == 5, "four vectors at a time, then one"
    along = kernel_of("prefix", lambda x: fn.cumsum(x, 1), np.zeros((20, 9), "float32"))
    assert not fits_across(along)
    assert "call" not in instructions_of(along)


def test_an_epilogue_and_a_prologue_are_part_of_the_walk():
    program = lower(
        Module({"f": graph_of(lambda x: fn.tanh(fn.cumsum(fn.exp(x), 1)), np.zeros((3, 9), "float32"))}, {}), PORTABLE
    )
    assert [k.kind for k in kernels_of(program.procedures["f"].kernels)] == ["prefix"]


# Scatter


@pytest.mark.parametrize("width", [1, 3, 4, 7, 16, 19])
@pytest.mark.parametrize("reduction", ["add", None, "max", "mul"])
def test_rows_are_scattered(width, reduction, rng):
    x, at = rng.normal(size=(5, width)).astype("float32"), rng.integers(-7, 7, (11, 1)).astype("int32")
    updates = rng.normal(size=(11, width)).astype("float32")
    check(lambda x, at, u: fn.scatter_update(x, at, u, reduction), x, at, updates, rtol=1e-5)


@pytest.mark.parametrize("batch", [1, 5, 40])
def test_open_updates(batch, rng):
    at, updates = rng.integers(-9, 9, batch).astype("int32"), rng.normal(size=(batch, 3)).astype("float32")
    check(lambda u, at: fn.segment_sum(u, at, 6), updates, at, shapes=[(BATCH, 3), (BATCH,)], rtol=1e-5)
    check(lambda u, at: fn.segment_max(u, at, 6), updates, at, shapes=[(BATCH, 3), (BATCH,)])


def test_rows_are_scattered_by_vectors():
    arrays = np.zeros((6, 1), "int32"), np.zeros((6, 32), "float32")
    found = instructions_of(kernel_of("scatter", lambda at, u: fn.scatter(at, u, (9, 32)), *arrays))
    assert "f32x4.add" in found and "v128.store" in found and "call" not in found
    assert "f32.store" not in found and "i32.div_s" not in found


# Sort


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 16, 17, 31, 33, 64, 100, 257])
@pytest.mark.parametrize("kind", ["random", "rising", "falling", "equal"])
def test_sorted_lengths(length, kind, rng):
    x = rng.normal(size=(2, length)).astype("float32")
    x = {"random": x, "rising": np.sort(x), "falling": -np.sort(-x), "equal": np.round(x)}[kind]
    np.testing.assert_array_equal(check(fn.argsort, x), np.argsort(x, kind="stable"))
    np.testing.assert_array_equal(check(fn.sort, x), np.sort(x))


@pytest.mark.parametrize("k", [1, 3, 16, 17, 60])
def test_selected_and_merged_agree(k, rng):
    for x in (rng.normal(size=(3, 60)).astype("float32"), rng.integers(0, 5, (3, 60)).astype("int32")):
        expected = 59 - np.argsort(x[:, ::-1], kind="stable")[:, ::-1]
        found = check(lambda x: fn.top_k(x, k)[1], x)
        np.testing.assert_array_equal(found, expected[:, :k])
        plan = kernel_of("sort", lambda x: fn.top_k(x, k)[1], x).schedule
        assert isinstance(plan, Sorting)
        assert plan.selects == (k <= 16)


@pytest.mark.parametrize("k,way", [(3, "select in"), (40, "merge in")])
def test_sorting_calls_nothing(k, way):
    kernel = kernel_of("sort", lambda x: fn.top_k(x, k)[1], np.zeros((2, 60), "float32"))
    assert "call" not in instructions_of(kernel)
    assert way in kernel_text(kernel)
