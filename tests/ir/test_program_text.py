"""Does the text of kernels and programs read back as the same objects?"""

from dataclasses import replace

import pytest

from fanlight.errors import ModelFormatError
from fanlight.ir import dim as dims
from fanlight.ir.kernel import Axis, Kernel, Layout, Operand, Store, dense
from fanlight.ir.parse_program import parse_kernel, parse_program
from fanlight.ir.program_text import kernel_text, program_text
from fanlight.ir.scalar import (
    accumulator,
    bitcast,
    cast,
    conjunction,
    const,
    datum,
    guard,
    index,
    inside,
    make,
    read,
    select,
)
from fanlight.ir.types import Type, float32
from ir.programs import DENSE, PROGRAM, batch


def test_a_program_reads_back():
    text = program_text(PROGRAM)
    read_back = parse_program(text)
    assert read_back == PROGRAM
    assert program_text(read_back) == text


def test_odd_names_and_an_early_guard_read_back():
    step = PROGRAM.procedures["step"]
    renamed = replace(
        step,
        name="a step",
        inputs={"x: f32[2], y": "step/x"},
        outputs={"loss 'l'": "loss"},
        guard="step/x",
        guard_after=-1,
        kernels=tuple(replace(kernel, name="kernel of x") for kernel in step.kernels),
        sizes=(),
    )
    program = replace(
        PROGRAM,
        procedures={"a step": replace(renamed, kernels=())},
        state={"learning rate": "w", "é": "b"},
        groups={"learning rate": 0, "é": 1},
        derivations=(replace(PROGRAM.derivations[0], buffers=("packed", "and another"), groups=(0, 1)),),
    )
    assert parse_program(program_text(program)) == program


def operand(name, type):
    return Operand(name, type, dense(type))


n, m, k = Axis("n", batch), Axis("m", 6), Axis("k", 9)
x = read(0, (n.index, dims.floor_divide(m.index, 4), k.index % 3), "float32")
chosen = datum(make("max", make("min", read(1, (m.index,), "int32"), const(5, "int32")), const(0, "int32")), 0, 5)
is_small = make("lt", read(3, (m.index,), "int64"), const(-7, "int64"))
shared = make("exp", x * -1.5) + make("tanh", cast(index(m.index * 2 + k.index), "float32"))

ODD = Kernel(
    "odd",
    "reduce",
    (n, m),
    (
        Operand("image", float32(batch, 2, 3), Layout((batch * 6 + 1, 3, 1), batch)),
        operand("chosen/index", Type("int32", (6,))),
        operand("flags", Type("bool", ())),
        operand("wide", Type("int64", (6,))),
        operand("out", float32(batch, 6)),
        operand("bits", Type("uint32", (6,))),
        Operand("number", float32(), Layout((), 3)),
    ),
    (
        Store(4, (n.index, m.index), accumulator("float32") * accumulator("float32") + read(6, (), "float32")),
        Store(
            5,
            (m.index,),
            select(
                conjunction(
                    read(2, (), "bool"), make("not", make("lt", read(3, (m.index,), "int64"), const(-7, "int64")))
                ),
                bitcast(accumulator("float32"), "uint32"),
                make("or", const(2**31, "uint32"), cast(cast(read(3, (chosen,), "int64"), "uint8"), "uint32")),
            ),
        ),
    ),
    guard(inside(m.index + k.index - 1, 6), shared * shared - make("neg", shared), const(float("-inf")))
    + select(make("eq", index(chosen), index(dims.minimum(m.index, batch))), const(-0.0), const(float("nan"))),
    (k,),
    "max",
)


@pytest.mark.parametrize("kernel", [ODD, DENSE, replace(ODD, reduce=()), *PROGRAM.procedures["step"].kernels])
def test_a_kernel_reads_back(kernel):
    text = kernel_text(kernel)
    assert parse_kernel(text, {"batch": batch, "k": k.index}) == kernel


def test_a_kernel_reads_well(golden):
    golden("kernel.txt", kernel_text(ODD))


GOOD = program_text(PROGRAM)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("program of 512", "program of many", "expected program of"),
        ("32 bytes", "33 bytes", "expected whole elements of float32, got 33 bytes"),
        ("mul(%0[n, k], %1[0, k, lane])", "open('x')", "expected a row of SCALARS, got open"),
        ("%0[n, k]", "%0[n, q]", r"expected one of the sizes .* got 'q'"),
        ("%0[n, k]", "%9[n, k]", "at line"),
        ("%0[n, k]", "'text'", "expected a scalar expression"),
        ("n < batch", "n <= batch + 1 < 4", "expected index < extent"),
        ("add(acc, ", "add(acc, 1, ", "add expects 2 arguments, got 3"),
        ("contract %0 by %1", "contract %0", "expected an operand, a part, a sum"),
        ("writes state group 0", "writes everything", "expected an input, a kernel, an output"),
        ("where 1 <= batch <= 4\n  input", "where batch\n  input", "expected low <= size <= high"),
    ],
)
def test_mistakes_are_told(old, new, message):
    assert old in GOOD
    with pytest.raises(ModelFormatError, match=message):
        parse_program(GOOD.replace(old, new))
