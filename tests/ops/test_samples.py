"""Does every op mean the same in its type rule, its reference, its loop nest and its gradient?"""

import dataclasses

import numpy as np
import pytest

from fanlight.ir.control import Choice, Iteration, Passing
from fanlight.ir.graph import Op
from fanlight.ir.types import Type, Types
from fanlight.ops.elementwise import Add
from fanlight.ops.registry import all_ops
from fanlight.ops.sample import VALUES, Sample
from ops.cases import arrays_of, fixed_weights, float_results, gradients, has_floats, results_of, run, samples

SAMPLES = samples()

# Their references are exact only in the precision of the operands: they jump, or look at bits.
IN_FLOAT32 = {"floor_divide", "mod", "bitcast", "cast"}


# Their polynomials are fitted to float32, or their signs set among its bits: slopes are measured on the reference.
FITTED = {"arctan", "arctan2", "arcsin", "arccos", "sinh", "arcsinh", "arctanh", "cbrt", "erfc", "i0", "i1"}


def check(sample):
    """Type rule, reference and interpreter agree."""
    op, arrays = sample.op, arrays_of(sample)
    wide = [x.astype("float64") if x.dtype == "float32" and op.name not in IN_FLOAT32 else x for x in arrays]
    with np.errstate(all="ignore"):
        references = op.reference(*wide)
        inferred = op.infer(*sample.types)
        found = run(lambda *xs: list(results_of(op, *xs).values()), *arrays)
    several = isinstance(inferred, Types)
    types = inferred.members if several else [inferred]
    for type, expected, each in zip(types, references if several else [references], found, strict=True):
        check_result(op, type, np.asarray(expected), each)


def check_result(op, type, expected, found):
    with np.errstate(all="ignore"):
        expected = expected.astype(type.dtype) if type.dtype == "float32" else expected
    assert type.shape == expected.shape == found.shape
    if type.dtype != "float32":
        assert expected.dtype == type.dtype
        np.testing.assert_array_equal(found, expected)
        return
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    if op.elementwise:  # a sum may round a tiny part away, and its zero has either sign
        is_zero = (expected == 0) & (found == 0) & (op.name not in ("mod", "floor_divide"))
        np.testing.assert_array_equal(np.signbit(found[is_zero]), np.signbit(expected[is_zero]))


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_reference_and_interpreter_agree(sample):
    check(sample)


def test_a_wrong_reference_is_found(monkeypatch):
    sample = Sample(Add(), (Type("float32", (5,)),) * 2, ("normal", "normal"))
    check(sample)
    monkeypatch.setattr(Add, "reference", lambda self, x, y: x - y)
    with pytest.raises(AssertionError):
        check(sample)


def is_differentiable(sample):
    """Whether values and result are floats without special values, so that a slope can be measured."""
    special = {"any", "special", "tied"}
    floats = [kind for type, kind in zip(sample.types, sample.values, strict=True) if type.dtype == "float32"]
    if sample.op.name in ("stop_gradient", "recalled"):
        return False
    return floats and not special & set(floats) and has_floats(sample.op, sample.types)


SMOOTH = {name: sample for name, sample in SAMPLES.items() if is_differentiable(sample)}


@pytest.mark.parametrize("sample", SMOOTH.values(), ids=SMOOTH)
def test_gradient_is_the_slope(sample):
    """Along a random direction, in double precision: a central difference equals the gradient's component."""
    arrays = arrays_of(sample)
    function = float_results(sample.op)
    weights = fixed_weights(run(function, *arrays).shape)
    found = iter(gradients(function, *arrays, weights=weights, exact=True))
    step = 1e-4
    for k, x in enumerate(arrays):
        if x.dtype == "float32":
            direction = np.random.default_rng(k).normal(size=x.shape)
            ends = [moved_result(sample.op, arrays, k, sign * step * direction) for sign in (1, -1)]
            slope = ((ends[0] - ends[1]) * weights).sum() / (2 * step)
            np.testing.assert_allclose((next(found) * direction).sum(), slope, rtol=1e-5, atol=1e-5)


def moved_result(op, arrays, k, move):
    """What the op gives where input k is moved a little, in double precision."""
    if op.name in FITTED:
        return op.reference(*(x.astype("float64") + (move if j == k else 0) for j, x in enumerate(arrays)))
    return run(float_results(op), *arrays, exact=True, moves={k: move})


@pytest.mark.parametrize("op", all_ops().values(), ids=all_ops())
def test_an_op_states_all_its_facts(op):
    cases = list(op.samples())
    assert cases, "an op has samples"
    assert op.__doc__, "an op says what it means"
    assert op.nest is not Op.nest or issubclass(op, Iteration | Choice | Passing)
    assert op.gradient is not Op.gradient
    assert op.reference is not Op.reference
    assert {kind for sample in cases for kind in sample.values} <= set(VALUES)
    for sample in cases:
        assert isinstance(sample.op, op)
        assert dataclasses.replace(sample.op) == sample.op and hash(dataclasses.replace(sample.op)) == hash(sample.op)
        assert sample.op.attributes() == {
            field.name: getattr(sample.op, field.name) for field in dataclasses.fields(op)
        }


def test_gradients_of_all_float_ops_are_measured():
    """But for those whose results are not floats, or that have no operands."""
    measured = {sample.op.name for sample in SMOOTH.values()}
    floats = {each.op.name for each in SAMPLES.values() if each.types and has_floats(each.op, each.types)}
    assert floats - measured == {"stop_gradient", "with_gradient", "recalled"}, "whose gradients are not their slopes"
