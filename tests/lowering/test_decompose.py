"""How far are the decomposed functions from the true ones? In NumPy over many arguments, as WebAssembly over some."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from fanlight.errors import CompileError
from fanlight.ir.instructions import APPROXIMATE
from fanlight.ir.scalar import Scalar, cast, datum, make, read, transform, walk
from fanlight.ir.target import Target
from fanlight.lowering.approximate import APPROXIMATIONS
from fanlight.lowering.decompose import decompose, decompose_kernel
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED
from targets.kernels import axes_of, element, map_kernel, operand, run

TRUE: dict[str, Callable] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "erf": special.erf,
    "sin": np.sin,
    "cos": np.cos,
}
ULPS = {"exp": 1.0, "log": 1.0, "tanh": 3.0, "erf": 2.0, "sin": 3.0, "cos": 3.0}
LARGEST = {"sin": 32768.0, "cos": 32768.0}
ODD = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-40, -1e-40, 1.17549435e-38, 3.4e38, -3.4e38, 1.0])
FUNCTIONS = pytest.mark.parametrize("name", sorted(APPROXIMATE))

ROWS: dict[str, Callable] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "shift_left": np.left_shift,
    "shift_right": np.right_shift,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "gt": np.greater,
    "select": np.where,
}
DTYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}


def compute(root: Scalar, x: np.ndarray) -> np.ndarray:
    """An expression of one read, in float32 arithmetic, at many arguments at once."""
    known: dict[Scalar, np.ndarray] = {}
    for node in walk(root):
        args = [known[a] for a in node.args]
        if node.op == "const":
            known[node] = np.array(node.attribute, DTYPES[node.dtype])
        elif node.op == "read":
            known[node] = x
        elif node.op == "cast":
            known[node] = args[0].astype(DTYPES[node.dtype])
        elif node.op == "bitcast":
            known[node] = np.ascontiguousarray(args[0]).view(DTYPES[node.dtype])
        else:
            known[node] = ROWS[node.op](*args)
    return np.broadcast_to(known[root], x.shape)


def positive(largest: float, count: int) -> np.ndarray:
    """Arguments from 0 to `largest`, equally many in each power of two."""
    bits = np.linspace(0, int(np.float32(largest).view(np.int32)), count).astype(np.int32)
    return bits.view(np.float32)


def samples(name: str, count: int) -> np.ndarray:
    x = positive(LARGEST.get(name, math.inf), count)
    dense = {"exp": (-110, 95), "tanh": (-10, 10), "erf": (-5, 5), "log": (0, 4)}.get(name, (-20, 20))
    return np.concatenate([x, -x, np.linspace(*dense, count).astype(np.float32)])


def ulps(got: np.ndarray, x: np.ndarray, name: str) -> np.ndarray:
    """Errors in units of the last place of the nearest float32 of the true value."""
    with np.errstate(all="ignore"):
        true = TRUE[name](x.astype(np.float64))
        nearest = true.astype(np.float32)
        unit = np.spacing(np.where(np.isfinite(nearest), np.abs(nearest), np.float32(3e38))).astype(np.float64)
        error = np.abs(got - true) / unit
    same = (got == nearest) | (np.isnan(got) & np.isnan(nearest))
    return np.where(same, 0.0, error)


@FUNCTIONS
def test_error_in_float32_arithmetic(name):
    x = np.concatenate(
        [samples(name, 200_000), ODD.astype(np.float32) if name not in LARGEST else np.zeros(1, np.float32)]
    )
    with np.errstate(all="ignore"):
        error = ulps(compute(APPROXIMATIONS[name](read(0, (), "float32")), x), x, name)
    assert not np.isnan(error).any(), x[np.isnan(error)]
    assert error.max() <= ULPS[name], f"{error.max()} ulp at {x[error.argmax()]}"


@FUNCTIONS
@pytest.mark.parametrize("target", [PORTABLE, RELAXED], ids=["portable", "relaxed"])
def test_error_as_webassembly(name, target):
    x = (
        np.concatenate([samples(name, 8000)[:-1], ODD.astype(np.float32)])
        if name not in LARGEST
        else samples(name, 8000)
    )
    axes = axes_of(len(x))
    operands = [operand("x", "float32", len(x)), operand("y", "float32", len(x))]
    kernel = decompose_kernel(map_kernel(axes, operands, make(name, element(0, axes))), target)
    got = run(kernel, {"x": x, "y": np.zeros_like(x)}, target)["y"]
    error = ulps(got, x, name)
    assert not np.isnan(error).any(), x[np.isnan(error)]
    assert error.max() <= ULPS[name], f"{error.max()} ulp at {x[error.argmax()]}"
    if not target.fused:
        with np.errstate(all="ignore"):
            same = compute(kernel.stores[0].value, x)
        np.testing.assert_array_equal(got, same)


def test_far_outside_of_their_range_waves_stay_between_minus_one_and_one():
    x = np.float32(10) ** np.linspace(4.6, 38, 2000).astype(np.float32)
    for name in ("sin", "cos"):
        with np.errstate(all="ignore"):
            y = compute(APPROXIMATIONS[name](read(0, (), "float32")), x)
        assert np.abs(y).max() <= 1.0
        near = x < 1e6
        np.testing.assert_allclose(y[near], TRUE[name](x[near].astype(np.float64)), atol=0.1)
    odd = np.array([np.inf, -np.inf, np.nan], np.float32)
    with np.errstate(all="ignore"):
        assert np.isnan(compute(APPROXIMATIONS["sin"](read(0, (), "float32")), odd)).all()


@FUNCTIONS
def test_nothing_is_left_that_the_target_cannot_spell(name):
    x = read(0, (), "float32")
    nested = make("add", make(name, make(name, x)), read(1, (datum(cast(make(name, x), "int32"), 0, 5),), "float32"))
    spelled = decompose(nested, PORTABLE)
    assert {n.op for n in walk(spelled)} - {"const", "read"} <= PORTABLE.spelled
    able = Target("other", "", PORTABLE.spelled | APPROXIMATE)
    assert decompose(nested, able) is nested


def test_a_row_without_another_form_is_named():
    poor = Target("poor", "", PORTABLE.spelled - {"sqrt"})
    with pytest.raises(CompileError, match=r"poor spells.*got sqrt"):
        decompose(make("sqrt", read(0, (), "float32")), poor)


def test_transform_replaces_arguments_first():
    x = read(0, (), "float32")
    swap = {"abs": "neg", "neg": "abs"}
    changed = transform(make("abs", make("neg", x)), lambda n: make(swap[n.op], *n.args) if n.op in swap else None)
    assert repr(changed) == "neg(abs(%0[]))"
