"""Do functions that only move elements stay index arithmetic: one kernel with what reads them, and nothing stored?"""

import numpy as np
import pytest

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.dim import size
from fanlight.ir.graph import Graph
from fanlight.ir.module import Module
from fanlight.ops import functions as fn
from ops.cases import run, trace

X = np.random.default_rng(5).normal(size=(4, 3, 6)).astype("float32")

# Functions of one array [4, 3, 6] that move; those of OPEN also where the first axis is open.
OPEN = {
    "append": lambda x: fn.append(x, x, axis=1),
    "dstack": lambda x: fn.dstack([x, x]),
    "expand_dims": lambda x: fn.expand_dims(x, 1),
    "flip": lambda x: fn.flip(x, (0, 2)),
    "fliplr": fn.fliplr,
    "get_item": lambda x: x[::-1, 1, None, ::2],
    "hsplit": lambda x: fn.hsplit(x, 3)[1],
    "moveaxis": lambda x: fn.moveaxis(x, 0, 2),
    "pad constant": lambda x: fn.pad(x, ((1, 0), (2, 1), (0, 3)), constant_values=2.0),
    "pad edge": lambda x: fn.pad(x, ((1, 2), (2, 1), (0, 3)), mode="edge"),
    "pad reflect": lambda x: fn.pad(x, ((0, 0), (2, 1), (0, 5)), mode="reflect"),
    "pad symmetric": lambda x: fn.pad(x, ((1, 1), (2, 1), (0, 3)), mode="symmetric"),
    "pad wrap": lambda x: fn.pad(x, ((1, 0), (2, 1), (0, 3)), mode="wrap"),
    "rearrange": lambda x: fn.rearrange(x, "a b (c d) -> b (a d) c", d=2),
    "repeat": lambda x: fn.repeat(x, 2, axis=0),
    "roll": lambda x: fn.roll(x, (1, -1, 8), axis=(0, 1, 2)),
    "rot90": lambda x: fn.rot90(x, 1, (1, 2)),
    "squeeze": lambda x: fn.squeeze(x[:, :1], 1),
    "swapaxes": lambda x: fn.swapaxes(x, 0, 2),
    "tile": lambda x: fn.tile(x, (1, 2, 1)),
    "tril": lambda x: fn.tril(x, 1),
    "triu": lambda x: fn.triu(x, -1),
    "unstack": lambda x: fn.unstack(x, axis=1)[2],
    "vstack": lambda x: fn.vstack([x, x]),
}
KNOWN = OPEN | {
    "array_split": lambda x: fn.array_split(x, 4, axis=2)[1],
    "diag": lambda x: fn.diag(x[0, 0], 1),
    "diagflat": fn.diagflat,
    "diagonal": lambda x: fn.diagonal(x, 1, 1, 2),
    "roll without axis": lambda x: fn.roll(x, 5),
    "slice": lambda x: fn.slice(x, (1, 0, 2), (2, 3, 3)),
    "take": lambda x: fn.get_item(x, (slice(None), [0, 2])),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_movement_and_its_reader_are_one_kernel(name):
    inputs, moved = trace(lambda x: KNOWN[name](x), [X])
    doubled = Graph(inputs, {"y": fn.multiply(moved, 2.0)})
    (procedure,) = compile(Module({"f": doubled}, {})).program.procedures.values()
    assert len(procedure.kernels) == 1


@pytest.mark.parametrize("name", OPEN)
def test_open_axes_move_as_known_ones(name):
    batch = size("batch", 2, 9)
    found = run(lambda x: OPEN[name](x), X, shapes=[(batch, 3, 6)])
    np.testing.assert_array_equal(found, run(lambda x: OPEN[name](x), X))


def test_a_start_that_is_a_value_reads_the_block_only():
    inputs, moved = trace(lambda x, i: fn.slice(x, (i, 0, 0), (2, 3, 6)), [X, np.array(1, "int32")])
    compiled = compile(Module({"f": Graph(inputs, {"y": moved})}, {}))
    engine = WasmEngine(compiled.program, compiled.code)
    for start, expected in ((1, 1), (0, 0), (9, 2), (-4, 0)):
        found = engine.call("f", {"x0": X, "x1": np.array(start, "int32")})["y"]
        np.testing.assert_array_equal(found, X[expected : expected + 2])
