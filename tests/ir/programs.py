"""A small program by hand: a dense layer with packed weights, and a step that doubles them where the loss is finite.

predict: y[batch, 3] = x[batch, 2] @ w + b       step: w = 2 * w where loss = sum(x) is finite
"""

from fanlight.ir import dim as dims
from fanlight.ir.kernel import (
    Axis,
    Buffer,
    Contraction,
    Derivation,
    Kernel,
    Operand,
    Procedure,
    Program,
    Store,
    dense,
)
from fanlight.ir.scalar import accumulator, const, guard, inside, make, read
from fanlight.ir.types import Type, float32

BATCH = dims.Size("batch", 1, 4)
batch = dims.Dim.of(BATCH)


def operand(name, type):
    return Operand(name, type, dense(type))


W, B, X, Y = float32(2, 3), float32(3), float32(batch, 2), float32(batch, 3)
PACKED = float32(1, 2, 4)
n, row, lane, panel = Axis("n", batch), Axis("k", 2), Axis("lane", 4), Axis("panel", 1)
column = panel.index * 4 + lane.index
m, c = Axis("m", 2), Axis("c", 3)

PACK = Kernel(
    "pack",
    "map",
    (panel, row, lane),
    (operand("w", W), operand("packed", PACKED)),
    (
        Store(
            1,
            (panel.index, row.index, lane.index),
            guard(inside(column, 3), read(0, (row.index, column), "float32"), const(0.0)),
        ),
    ),
)
DENSE = Kernel(
    "dense",
    "contract",
    (n, panel, lane),
    (operand("x", X), operand("packed", PACKED), operand("b", B), operand("y", Y)),
    (Store(3, (n.index, column), accumulator("float32") + read(2, (column,), "float32")),),
    make(
        "mul",
        read(0, (n.index, row.index), "float32"),
        read(1, (panel.index, row.index, lane.index), "float32"),
    ),
    (row,),
    "add",
    Contraction(0, 1, 3, 4, 4),
)
LOSS = Kernel(
    "loss",
    "reduce",
    (),
    (operand("step/x", X), operand("loss", float32())),
    (Store(1, (), accumulator("float32")),),
    read(0, (n.index, m.index), "float32"),
    (n, m),
    "add",
)
FINITE = Kernel(
    "finite",
    "map",
    (),
    (operand("loss", float32()), operand("finite", Type("bool", ()))),
    (Store(1, (), make("lt", make("abs", read(0, (), "float32")), const(float("inf")))),),
)
DOUBLE = Kernel(
    "double",
    "map",
    (m, c),
    (operand("w", W),),
    (Store(0, (m.index, c.index), read(0, (m.index, c.index), "float32") * 2.0),),
)

PROGRAM = Program(
    buffers={
        "w": Buffer("w", W, "state", 6, 128),
        "b": Buffer("b", B, "state", 3, 192),
        "packed": Buffer("packed", PACKED, "derived", 8, 256),
        "x": Buffer("x", X, "input", 8, 320),
        "y": Buffer("y", Y, "output", 12, 384),
        "step/x": Buffer("step/x", X, "input", 8, 320),
        "loss": Buffer("loss", float32(), "output", 1, 384),
        "finite": Buffer("finite", Type("bool", ()), "arena", 1, 392),
    },
    procedures={
        "predict": Procedure("predict", (BATCH,), {"x": "x"}, {"y": "y"}, (DENSE,), (0,)),
        "step": Procedure(
            "step",
            (BATCH,),
            {"x": "step/x"},
            {"loss": "loss"},
            (LOSS, FINITE, DOUBLE),
            guard="finite",
            guard_after=1,
            groups=(0,),
        ),
    },
    derivations=(Derivation((PACK,), ("packed",), (0,)),),
    state={"w": "w", "b": "b"},
    groups={"w": 0, "b": 1},
    bytes=512,
    versions=64,
)
