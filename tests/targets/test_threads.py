"""Do threads give the bits of one thread? Shares, phases, every op's samples, a training, and calls without end."""

import itertools

import numpy as np
import pytest

import fanlight as fl
from fanlight.compiler import TARGETS, compile
from fanlight.engines.wasm import WasmEngine
from fanlight.errors import FanlightError
from fanlight.ir import dim as dims
from fanlight.ir import job
from fanlight.ir.graph import Graph, Input, apply
from fanlight.ir.kernel import Branch, Loop, kernels_of
from fanlight.ir.module import Module
from fanlight.ir.types import Type
from fanlight.ops import functions as m
from fanlight.ops.registry import all_ops
from fanlight.targets.wasm import phases, share
from fanlight.targets.wasm.phases import cut_phases, overlap
from fanlight.targets.wasm.threads import emit_threads
from networks import varied_network
from targets.kernels import same_bits
from test_ladder import module_of

PORTABLE = TARGETS["wasm-portable"]


@pytest.fixture
def eager(monkeypatch):
    """Every kernel is divided, however small it is."""
    monkeypatch.setattr(share, "SMALL", 0)
    monkeypatch.setattr(share, "LEAST", 1)
    monkeypatch.setattr(phases, "SMALL", 0)


@pytest.fixture(scope="module")
def compiled():
    return compile(varied_network(16).module(), PORTABLE)


def batches(count, batch=16):
    (x, y), _ = fl.datasets.digits()
    for k in range(count):
        rows = np.arange(k * batch, (k + 1) * batch) % len(x)
        yield x[rows].astype("f"), y[rows].astype("i4")


def train(compiled, code, threads, steps, batch=16):
    """The bits of the losses, of all state after so many steps, and of what is then predicted from packed weights."""
    engine = WasmEngine(compiled.program, code, threads)
    engine.call("init", {"seed": np.array([7, 0], np.uint32)})
    names = list(compiled.program.procedures["train_step"].inputs)
    losses = [
        engine.call("train_step", dict(zip(names, pair, strict=True)))["loss"].tobytes()
        for pair in batches(steps, batch)
    ]
    (image,) = compiled.program.procedures["predict"].inputs
    found = engine.state() | engine.call("predict", {image: next(batches(1, batch))[0]})
    return losses, {name: array.tobytes() for name, array in found.items()}


# Shares and phases


@pytest.mark.parametrize("batch", [1, 2, 7, 16])
def test_chunks_cover_their_axis_once(compiled, batch, eager):
    for procedure in compiled.program.procedures.values():
        for kernel in kernels_of(procedure.kernels):
            part = share.share(kernel)
            if part is None:
                continue
            sizes = {size.name: min(batch, size.high) for size in procedure.sizes}
            extent, length, count = (dims.evaluate(d, sizes) for d in (part.extent, part.length, part.count))
            assert 1 <= count <= share.MOST
            assert (count - 1) * length < extent <= count * length


def test_small_kernels_are_not_shared_and_large_ones_are_in_chunks(compiled):
    kernels = compiled.program.procedures["train_step"].kernels
    shares = {kernel.name: share.share(kernel) for kernel in kernels}
    assert any(shares.values()) and not all(shares.values())
    for kernel in kernels:
        if dims.upper(share.cost(kernel)) < share.SMALL:
            assert shares[kernel.name] is None


def test_one_row_against_a_large_matrix_is_shared_along_its_columns():
    model = fl.Sequential([fl.Input((1280,)), fl.layers.Dense(1000)])
    program = compile(model.module(), PORTABLE).program
    (kernel,) = (k for k in program.procedures["predict"].kernels if k.kind == "contract")
    part = share.share(kernel)
    assert part is not None and dims.evaluate(part.count, {"batch": 1}) >= share.WANTED


def test_kernels_of_a_phase_do_not_touch_what_another_writes(compiled):
    program = compiled.program
    kernels = program.procedures["train_step"].kernels
    found = cut_phases(kernels, share.share, program.buffers)
    assert len(found) < len(kernels)
    assert [k for items in found for item in items for k in item.steps if k in kernels]
    assert sum(len(item.steps) for items in found for item in items) == len(kernels)
    for items in found:
        for one, other in itertools.permutations(items, 2):
            assert not overlap(one.writes, other.reads + other.writes)


def test_long_sums_are_split_by_their_shape(compiled):
    kernels = {kernel.name: kernel for kernel in compiled.program.procedures["train_step"].kernels}
    parts = [name for name in kernels if name.endswith("_parts")]
    assert parts
    for name in parts:
        whole = kernels[name.removesuffix("_parts")]
        assert whole.kind == "reduce" and len(whole.reduce) == 1


# The same bits


@pytest.mark.parametrize("name", all_ops())
def test_every_op_gives_the_same_bits(name, eager):
    module, arrays = module_of(name)
    compiled = compile(module, PORTABLE)
    one = WasmEngine(compiled.program, compiled.code)
    two = WasmEngine(compiled.program, emit_threads(compiled.program, PORTABLE), 2)
    for function in module.functions:
        expected, found = (engine.call(function, arrays[function]) for engine in (one, two))
        assert found.keys() == expected.keys()
        for label, array in found.items():
            assert same_bits(array, expected[label]), f"{function}, {label}"


@pytest.mark.parametrize("threads", [2, 3])
def test_a_training_gives_the_same_bits(compiled, threads):
    code = emit_threads(compiled.program, PORTABLE)
    assert train(compiled, code, threads, 100) == train(compiled, compiled.code, 1, 100)


def test_a_training_gives_the_same_bits_where_all_is_shared(compiled, eager):
    code = emit_threads(compiled.program, PORTABLE)
    assert train(compiled, code, 3, 20) == train(compiled, compiled.code, 1, 20)


def test_the_module_for_threads_runs_on_one_too(compiled):
    import fanlight.engines.threads as threads

    code = emit_threads(compiled.program, PORTABLE)
    engine = WasmEngine(compiled.program, code, 2)
    assert isinstance(engine._threads, threads.Threads)
    engine._threads.close()  # nobody helps
    engine.call("init", {"seed": np.array([7, 0], np.uint32)})
    names = list(compiled.program.procedures["train_step"].inputs)
    found = [engine.call("train_step", dict(zip(names, pair, strict=True)))["loss"].tobytes() for pair in batches(5)]
    assert found == train(compiled, compiled.code, 1, 5)[0]


# Loops and branches


def rounds(w, x):
    """A loop with an end that depends on numbers, in it a branch that does, and a loop over slices; all large."""

    def go_on(h, count, largest):
        return largest < 60.0

    def grow(h, count, largest):
        h = m.cond(m.equal(count % 2, 0), lambda: m.matmul(h, w) + h, lambda: h * 1.5 - m.matmul(w, m.tanh(h)))
        return h, count + 1, m.max(m.abs(h))

    h, count, largest = m.while_loop(go_on, grow, (x, 0, m.max(m.abs(x))))
    total, sums = m.scan(lambda c, row: (c + m.tanh(row * h), m.sum(c * row)), h, w)
    return {"h": h, "count": count, "largest": largest, "total": total, "sums": sums}


def compiled_rounds(n=96):
    w, x = (matrix(label, n) for label in "wx")
    return compile(Module({"rounds": Graph((w, x), rounds(w, x))}, {}), PORTABLE)


def matrix(label, n):
    return apply(Input(label, Type("float32", (n, n))))


@pytest.mark.parametrize("threads", [2, 3])
def test_loops_and_branches_give_the_same_bits(threads):
    compiled = compiled_rounds()
    loops = [step for step in compiled.program.procedures["rounds"].kernels if isinstance(step, Loop)]
    assert any(loop.guard and any(isinstance(step, Branch) for step in loop.steps) for loop in loops)
    rng = np.random.default_rng(4)
    engines = [
        WasmEngine(compiled.program, compiled.code),
        WasmEngine(compiled.program, emit_threads(compiled.program, PORTABLE), threads),
    ]
    for scale in (0.05, 0.1, 0.2) * 10:
        given = {label: (scale * rng.normal(size=(96, 96))).astype("f") for label in "wx"}
        expected, found = (engine.call("rounds", given) for engine in engines)
        assert expected["count"] > 2
        for name, array in found.items():
            assert same_bits(array, expected[name]), name


# Calls without end


def test_a_thousand_calls_lose_no_wake_up(compiled):
    engine = WasmEngine(compiled.program, emit_threads(compiled.program, PORTABLE), 3)
    engine.call("init", {"seed": np.array([7, 0], np.uint32)})
    (name,) = compiled.program.procedures["predict"].inputs
    x = next(batches(1))[0]
    first = next(iter(engine.call("predict", {name: x}).values())).tobytes()
    for k in range(1000):
        rows = 1 + k % len(x)
        found = next(iter(engine.call("predict", {name: x[:rows]}).values())).tobytes()
        assert found == first[: len(found)]


def test_a_job_that_was_stopped_is_an_error_and_no_freeze(compiled):
    engine = WasmEngine(compiled.program, emit_threads(compiled.program, PORTABLE), 2)
    engine.call("init", {"seed": np.array([7, 0], np.uint32)})
    engine._bytes[job.STOP] = job.BROKEN
    names = list(compiled.program.procedures["train_step"].inputs)
    with pytest.raises(FanlightError, match="thread"):
        engine.call("train_step", dict(zip(names, next(batches(1)), strict=True)))


def test_a_loss_that_is_not_finite_changes_nothing(compiled):
    engine = WasmEngine(compiled.program, emit_threads(compiled.program, PORTABLE), 3)
    engine.call("init", {"seed": np.array([7, 0], np.uint32)})
    before = {name: array.tobytes() for name, array in engine.state().items()}
    names = list(compiled.program.procedures["train_step"].inputs)
    x, y = next(batches(1))
    for _ in range(20):
        with pytest.raises(FanlightError, match="finite"):
            engine.call("train_step", dict(zip(names, (x * np.nan, y), strict=True)))
    assert {name: array.tobytes() for name, array in engine.state().items()} == before
