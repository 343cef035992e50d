"""Does the program interpreter run kernels as compiled code would, and does verify notice every broken rule?"""

from dataclasses import replace

import numpy as np
import pytest

from fanlight.errors import CompileError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.interpret_program import call_program, interpret_program
from fanlight.ir.kernel import Axis, Layout, Procedure, Store
from fanlight.ir.program_text import program_text
from fanlight.ir.scalar import accumulator, const, read
from fanlight.ir.types import Type, float32
from fanlight.ir.verify import verify_program
from ir.programs import BATCH, DENSE, DOUBLE, LOSS, PACK, PROGRAM, B, W, X, batch, operand

STATE = {"w": np.arange(6.0).reshape(2, 3), "b": np.array([0.5, -1.0, 2.0])}
ARRAY = np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])


def test_the_program_is_sound_and_reads_well(golden):
    verify_program(PROGRAM)
    golden("program.txt", program_text(PROGRAM))


def test_calls_compute_and_state_is_derived_again_when_it_changed():
    memory = bytearray(PROGRAM.bytes)
    status, outputs, state = call_program(PROGRAM, "predict", {"x": ARRAY}, STATE, memory)
    assert status == 0
    np.testing.assert_array_equal(outputs["y"].nested(), ARRAY @ STATE["w"] + STATE["b"])
    np.testing.assert_array_equal(state["w"].nested(), STATE["w"])
    status, outputs, state = call_program(PROGRAM, "step", {"x": ARRAY}, None, memory)
    assert (status, outputs["loss"].data) == (0, [9.5])
    np.testing.assert_array_equal(state["w"].nested(), 2 * STATE["w"])
    outputs = call_program(PROGRAM, "predict", {"x": ARRAY[:1]}, None, memory)[1]
    np.testing.assert_array_equal(outputs["y"].nested(), ARRAY[:1] @ (2 * STATE["w"]) + STATE["b"])


def test_derived_state_is_kept_while_its_sources_are():
    memory = bytearray(PROGRAM.bytes)
    call_program(PROGRAM, "predict", {"x": ARRAY}, STATE, memory)
    place = PROGRAM.buffers["packed"].offset
    memory[place : place + 32] = bytes(32)  # seen only by who does not derive again
    outputs = call_program(PROGRAM, "predict", {"x": ARRAY}, {"b": STATE["b"]}, memory)[1]
    np.testing.assert_array_equal(outputs["y"].nested(), np.tile(STATE["b"], (3, 1)))


def test_a_guard_that_is_false_ends_the_call():
    status, _, state = call_program(PROGRAM, "step", {"x": ARRAY * np.inf}, STATE)
    assert status == 1
    np.testing.assert_array_equal(state["w"].nested(), STATE["w"])


def test_all_values_are_computed_before_any_is_stored():
    swap = replace(
        DOUBLE,
        operands=(operand("w", float32(2, 3)), operand("w", float32(2, 3))),
        axes=(Axis("c", 3),),
        stores=tuple(
            Store(k, (k, DOUBLE.axes[1].index), read(1 - k, (1 - k, DOUBLE.axes[1].index), "float32")) for k in range(2)
        ),
    )
    program = with_step(kernels=(LOSS, *PROGRAM.procedures["step"].kernels[1:2], swap))
    verify_program(program)
    state = call_program(program, "step", {"x": ARRAY}, STATE)[2]
    np.testing.assert_array_equal(state["w"].nested(), STATE["w"][::-1])


def test_calls_with_wrong_sizes_are_refused():
    with pytest.raises(CompileError, match=r"expected batch in \(1, 4\), got 5"):
        interpret_program(PROGRAM, bytearray(512), "predict", {"batch": 5})
    with pytest.raises(ShapeError, match=r"expected f32\[batch, 2\]"):
        call_program(PROGRAM, "predict", {"x": ARRAY.T})


def test_a_place_outside_is_an_error_when_it_is_reached():
    late = replace(LOSS, value=read(0, (LOSS.reduce[0].index + 1, 0), "float32"))
    with pytest.raises(CompileError, match=r"kernel loss: buffer step/x: expected an element of \(3, 2\)"):
        call_program(with_step(kernels=(late, *PROGRAM.procedures["step"].kernels[1:])), "step", {"x": ARRAY}, STATE)


# What verify notices


def with_step(**changes):
    step = replace(PROGRAM.procedures["step"], **changes)
    return replace(PROGRAM, procedures={**PROGRAM.procedures, "step": step})


def with_buffer(name, **changes):
    return replace(PROGRAM, buffers={**PROGRAM.buffers, name: replace(PROGRAM.buffers[name], **changes)})


def with_kernel(number, **changes):
    kernels = list(PROGRAM.procedures["step"].kernels)
    kernels[number] = replace(kernels[number], **changes)
    return with_step(kernels=tuple(kernels))


def with_dense(**changes):
    predict = replace(PROGRAM.procedures["predict"], kernels=(replace(DENSE, **changes),))
    return replace(PROGRAM, procedures={**PROGRAM.procedures, "predict": predict})


def with_layout(slot, layout):
    operands = list(DENSE.operands)
    operands[slot] = replace(operands[slot], layout=layout)
    return with_dense(operands=tuple(operands))


def with_schedule(**changes):
    return with_dense(schedule=replace(DENSE.schedule, **changes))


loss, finite, double = PROGRAM.procedures["step"].kernels
n, m = LOSS.reduce
far = dims.size("far", 0, 9)
SEQUENCE = dims.Size("sequence")

BROKEN = {
    # memory
    "a buffer beyond memory": (with_buffer("y", offset=480), "an aligned place in 512 bytes"),
    "a crooked buffer": (with_buffer("y", offset=386), "an aligned place"),
    "a small buffer": (with_buffer("y", count=11), "buffer 'y': expected 12 elements, got 11"),
    "an unknown space": (with_buffer("y", space="attic"), "a space of"),
    "state over the versions": (with_buffer("w", offset=72), "the versions over buffer 'w'"),
    "state over state": (with_buffer("b", offset=148), "buffer 'w' over buffer 'b'"),
    "an output over state": (with_buffer("y", offset=192), "'y' over buffer 'b'"),
    "live buffers overlap": (with_buffer("y", offset=336), "x at 320 .. 352, kernels -1 .. 0 and y at 336 .. 384"),
    "the guard over the loss": (with_buffer("finite", offset=384), "live buffers in places of their own"),
    # order
    "an unknown buffer": (with_kernel(0, operands=(operand("z", X), loss.operands[1])), "expected a buffer of the"),
    "read before it is written": (
        with_step(kernels=(finite, loss, double), guard_after=1),
        "was written, got loss",
    ),
    "an output never written": (with_step(outputs={"loss": "y"}), "output 'loss': expected a buffer that was written"),
    "state before the guard": (
        with_step(kernels=(double, loss, finite), guard_after=2),
        "written after the guard",
    ),
    "a guard never written": (with_step(guard="loss", guard_after=-1), "guard: expected the number of a kernel"),
    "a guard written late": (with_step(guard_after=0), "guard: expected a buffer written before it is read"),
    "a group not raised": (with_step(groups=()), "groups: expected group 0 of 'w'"),
    "a store to an input": (
        with_kernel(2, operands=(operand("step/x", float32(2, 3)),)),
        "expected no store to inputs and derived buffers",
    ),
    "packed but not derived": (
        replace(
            PROGRAM,
            procedures={"predict": replace(PROGRAM.procedures["predict"], derivations=())},
        ),
        "expected a buffer that was written, got packed",
    ),
    "a derivation of another group": (
        replace(PROGRAM, derivations=(replace(PROGRAM.derivations[0], groups=(1,)),)),
        r"derivation 0: expected groups \[0\]",
    ),
    "a derivation that writes less": (
        replace(PROGRAM, derivations=(replace(PROGRAM.derivations[0], buffers=("packed", "y")),)),
        "derivation 0: expected kernels that write",
    ),
    "an unbounded size": (with_step(sizes=(SEQUENCE,)), "size 'sequence': expected an upper bound"),
    # kernels
    "axes of one name": (with_kernel(2, axes=(double.axes[0],) * 2), "axes: expected names that differ"),
    "an axis called like a size": (
        with_kernel(2, axes=(Axis("batch", 2), double.axes[1])),
        "axes: expected names that",
    ),
    "an unknown loop": (
        with_kernel(2, stores=(Store(0, (far, 0), const(1.0)),)),
        r"indices of %0: expected sizes among batch in 1\.\.4, c in 0\.\.2, m in 0\.\.1, got far in 0\.\.9",
    ),
    "a loop with another interval": (
        with_kernel(2, stores=(Store(0, (m.index, dims.size("c", 0, 1)), const(1.0)),)),
        r"got c in 0\.\.1",
    ),
    "a reduce index after the sum": (
        with_kernel(0, stores=(Store(1, (), read(0, (n.index, 0), "float32")),)),
        "indices of %0: expected sizes among",
    ),
    "an accumulator without a sum": (
        with_kernel(2, stores=(Store(0, double.stores[0].indices, accumulator("float32")),)),
        "accumulator: expected none",
    ),
    "an accumulator of another dtype": (
        with_kernel(0, value=read(0, (n.index, 0), "float32"), stores=(Store(1, (), accumulator("int32")),)),
        "accumulator: expected float32, got int32",
    ),
    "an accumulator in the sum": (with_kernel(0, value=accumulator("float32")), "expected no accumulator before"),
    "a sum without a combine": (with_kernel(0, combine=""), "reduction: expected a value with one of"),
    "an unknown combine": (with_kernel(0, combine="median"), "reduction: expected a value with one of"),
    "a store of another dtype": (
        with_kernel(2, stores=(Store(0, double.stores[0].indices, const(1, "int32")),)),
        "store to %0: expected float32, got int32",
    ),
    "a read of another dtype": (with_kernel(0, value=read(0, (n.index, 0), "int32")), "expected float32, got int32"),
    "an operand of another dtype": (
        with_kernel(2, operands=(operand("w", Type("int32", (2, 3))),)),
        "operand 0: expected float32, got int32",
    ),
    "too few indices": (
        with_kernel(0, value=read(0, (n.index,), "float32")),
        r"of %0: expected f32\[batch, 2\]",
    ),
    "an unknown slot": (with_kernel(0, value=read(7, (n.index, 0), "float32")), r"slot: expected 0 \.\. 1, got 7"),
    "too few strides": (
        with_kernel(2, operands=(replace(double.operands[0], layout=Layout((3,))),)),
        "operand 0: expected 2 strides",
    ),
    "a read outside": (
        with_kernel(2, stores=(Store(0, double.stores[0].indices, read(0, (double.axes[0].index + 1, 0), "float32")),)),
        r"place in %0: expected 0 \.\. 5 of w, got 3 \.\. 6",
    ),
    "a store outside": (
        with_kernel(2, operands=(replace(double.operands[0], layout=Layout((3, 1), -1)),)),
        r"got -1 \.\. 4",
    ),
    # contract
    "a contract kernel without schedule": (with_dense(schedule=None), "contract: expected a schedule"),
    "a lane of another length": (with_schedule(tile_columns=8), "a lane axis as long as the tile"),
    "no tile": (with_schedule(tile_rows=0), "expected a tile"),
    "a split of what is not there": (with_schedule(split=2), "a split among the reduce axes"),
    "a and b exchanged": (with_schedule(a=1, b=0), r"expected mul\(read a, read b\)"),
    "a sum of sums": (with_dense(value=DENSE.value.args[0]), r"expected mul\(read a, read b\)"),
    "more columns than the output has": (with_schedule(columns=4), r"got 0 \.\. 3"),
    "a B across the lanes": (
        with_dense(
            operands=(DENSE.operands[0], replace(DENSE.operands[1], layout=Layout((8, 1, 2))), *DENSE.operands[2:])
        ),
        "a B with stride 1 along the lanes",
    ),
    "an A along the lanes": (
        with_dense(
            operands=(replace(DENSE.operands[0], layout=Layout((2, dims.size("lane", 0, 3)))), *DENSE.operands[1:])
        ),
        "operand 0: expected sizes among",
    ),
}


@pytest.mark.parametrize(("program", "message"), BROKEN.values(), ids=BROKEN)
def test_verify_notices(program, message):
    with pytest.raises(CompileError, match=message):
        verify_program(program)


def test_guarded_and_data_dependent_places_are_left_to_the_interpreter():
    verify_program(replace(PROGRAM, derivations=(replace(PROGRAM.derivations[0], kernels=(PACK,)),)))


def test_a_procedure_may_ignore_an_input():
    step = PROGRAM.procedures["step"]
    verify_program(with_step(inputs={**step.inputs, "unused": "nowhere"}))
    assert isinstance(step, Procedure)
    assert (BATCH.high, batch, B, W) == (4, X.shape[0], float32(3), float32(2, 3))
