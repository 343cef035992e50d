"""Do operands meet in the dtype and shape that Keras and NumPy give them?"""

import itertools

import jax
import numpy as np
import pytest

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import size
from fanlight.ir.graph import Constant, Input, apply
from fanlight.ir.types import DTYPES, Type
from fanlight.ops import functions as fn
from fanlight.ops.promote import broadcast_shape, constant, result_dtype

PAIRS = list(itertools.combinations_with_replacement([*DTYPES, int, float], 2))


def operand(dtype):
    return apply(Input("x", Type(dtype, ()))) if isinstance(dtype, str) else dtype(1)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_dtypes_meet_as_in_keras(pair):
    import jax.numpy as jnp

    with jax.enable_x64(True):  # Keras 3 on JAX follows this lattice, but for float64
        arrays = [jnp.ones((), each) if isinstance(each, str) else each(1) for each in pair]
        expected = jnp.result_type(*arrays).name
    expected = {"float64": "float32", "int16": "int32"}.get(expected, expected)
    if pair == (int, int) or set(pair) == {"bool", int}:
        expected = "int32"  # Keras has no 64-bit default
    assert result_dtype(*map(operand, pair)) == expected


def test_numbers_take_the_dtype_of_the_other_operand():
    x = apply(Input("x", Type("uint8", (3,))))
    assert (x + 2).dtype == "uint8"
    assert (x + 2.0).dtype == (2.5 * x).dtype == (x / 2).dtype == "float32"
    assert (x > 3).dtype == "bool"
    assert fn.add(True, False).dtype == "bool"
    with pytest.raises(DtypeError, match="expected a whole number from 0 to 255 for uint8, got 300"):
        x + 300
    with pytest.raises(DtypeError, match="expected a whole number from -128 to 127 for int8, got 200"):
        fn.cast(x, "int8") + 200
    with pytest.raises(DtypeError, match="expected a traced value or a number, got str"):
        fn.add(x, "3")


def test_constants_keep_their_value():
    assert constant(np.float32(0.5), "float32").op == Constant(0.5, "float32")
    assert constant(3.0, "int32").op == Constant(3, "int32")
    with pytest.raises(DtypeError):
        constant(0.5, "int32")
    with pytest.raises(DtypeError):
        constant(1, "float16")


def test_shapes_meet_as_in_numpy():
    n, m = size("n"), size("m")
    assert broadcast_shape((3, 1), (4,), ()) == (3, 4)
    assert broadcast_shape((n, 1, 2), (1, 5, 1)) == (n, 5, 2)
    assert broadcast_shape((0,), (1,)) == (0,)
    assert broadcast_shape((n,), (n,)) == (n,)
    for shapes in (((3,), (4,)), ((n,), (m,)), ((n,), (4,))):
        with pytest.raises(ShapeError, match="expected equal lengths, or 1"):
            broadcast_shape(*shapes)


def test_elementwise_ops_themselves_do_not_broadcast():
    from fanlight.ops.elementwise import Add

    x, y = (apply(Input("x", Type("float32", shape))) for shape in ((3,), (1,)))
    with pytest.raises(ShapeError, match=r"add: expected operands of one shape, got f32\[3\], f32\[1\]; .*fl.add"):
        apply(Add(), x, y)
    with pytest.raises(DtypeError, match="add: expected one dtype of"):
        apply(Add(), x, fn.cast(x, "int32"))
