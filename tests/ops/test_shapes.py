"""Do elements go where NumPy puts them, with open dims too?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir import dim as dims
from fanlight.ir.dim import size
from fanlight.ir.graph import Input, apply
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.movement import dim_groups
from ops.cases import gradients, run

X = np.arange(24, dtype="float32").reshape(2, 3, 4)
BATCH = size("batch", 1, 32)


def open_value(*shape):
    return apply(Input("x", Type("float32", shape)))


@pytest.mark.parametrize(
    ("ours", "numpy"),
    [
        (lambda x: fn.reshape(x, (4, -1)), lambda x: x.reshape(4, -1)),
        (lambda x: fn.ravel(x), lambda x: x.ravel()),
        (lambda x: fn.expand_dims(x, (0, -1)), lambda x: np.expand_dims(x, (0, -1))),
        (lambda x: fn.squeeze(fn.expand_dims(x, (1, 3))), lambda x: x),
        (lambda x: fn.transpose(x), lambda x: x.T),
        (lambda x: fn.transpose(x, (1, 0, -1)), lambda x: x.transpose(1, 0, 2)),
        (lambda x: fn.swapaxes(x, 0, -1), lambda x: x.swapaxes(0, -1)),
        (lambda x: fn.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, 0, -1)),
        (lambda x: fn.moveaxis(x, (2, 0), (0, 1)), lambda x: np.moveaxis(x, (2, 0), (0, 1))),
        (lambda x: fn.flip(x, (0, -1)), lambda x: np.flip(x, (0, -1))),
        (
            lambda x: fn.pad(x, ((0, 0), (1, 2), (0, 3)), constant_values=9),
            lambda x: np.pad(x, ((0, 0), (1, 2), (0, 3)), constant_values=9),
        ),
        (lambda x: fn.concatenate([x, x * 2, x], -1), lambda x: np.concatenate([x, x * 2, x], -1)),
        (lambda x: fn.stack([x, x], 1), lambda x: np.stack([x, x], 1)),
        (lambda x: fn.stack([x, x], -1), lambda x: np.stack([x, x], -1)),
        (lambda x: fn.repeat(x, 3, 1), lambda x: x.repeat(3, 1)),
        (lambda x: fn.tile(x, (2, 1, 3)), lambda x: np.tile(x, (2, 1, 3))),
        (lambda x: fn.tile(x, (2, 1, 1, 1)), lambda x: np.tile(x, (2, 1, 1, 1))),
        (lambda x: fn.tile(x, (2,)), lambda x: np.tile(x, (2,))),
        (lambda x: fn.broadcast_to(x, (5, 2, 3, 4)), lambda x: np.broadcast_to(x, (5, 2, 3, 4))),
        (lambda x: fn.zeros_like(x) + fn.ones_like(x), np.ones_like),
        (lambda x: fn.arange(7), lambda x: np.arange(7)),
        (lambda x: fn.arange(3, 20, 4), lambda x: np.arange(3, 20, 4)),
        (lambda x: fn.arange(5, -6, -3, "float32"), lambda x: np.arange(5, -6, -3)),
        (lambda x: fn.arange(4, 2), lambda x: np.arange(4, 2)),
        (lambda x: fn.row_major_index((2, 5)), lambda x: np.arange(10).reshape(2, 5)),
        (lambda x: fn.full((2,), 7), lambda x: np.full(2, 7)),
    ],
)
def test_functions(ours, numpy):
    found, expected = run(ours, X), numpy(X)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


def test_split():
    for parts in (2, [1], [1, 3]):
        found = run(lambda x, parts=parts: fn.split(x, parts, 2), X)
        for ours, expected in zip(found, np.split(X, parts, 2), strict=True):
            np.testing.assert_array_equal(ours, expected)


def test_calls_that_change_nothing_return_their_operand():
    x = open_value(BATCH, 3)
    same = [fn.reshape(x, (BATCH, 3)), fn.transpose(x, (0, 1)), fn.broadcast_to(x, (BATCH, 3)), fn.cast(x, "float32")]
    same += [fn.pad(x, ((0, 0), (0, 0))), fn.dilate(x, (1, 1)), fn.flip(x, ()), fn.concatenate([x]), fn.sum(x, ())]
    same += [x[:], x[..., 0:]]
    assert all(each is x for each in same)


def test_open_dims_are_reshaped():
    x = open_value(BATCH, 4, 3)
    assert fn.reshape(x, (-1, 12)).shape == (BATCH, 12)
    assert fn.reshape(x, (-1,)).shape == (12 * BATCH,)
    assert fn.reshape(fn.reshape(x, (-1,)), (-1, 2, 6)).shape == (BATCH, 2, 6)
    assert fn.reshape(x, (BATCH, -1)).shape == (BATCH, 12)
    with pytest.raises(ShapeError, match="a count that 5 divides, provably"):
        fn.reshape(x, (-1, 5))
    with pytest.raises(ShapeError, match="reshape: expected 12"):
        fn.reshape(x, (3, 4))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: fn.reshape(x, (-1,)),
        lambda x: fn.reshape(fn.reshape(x, (-1, 2)), (-1, 6, 2)),
        lambda x: fn.reshape(x, (3, -1)),
        lambda x: fn.transpose(x),
        lambda x: fn.concatenate([x, x[:, ::-1]], 1),
        lambda x: fn.concatenate([x, x[:2], x[::-1]], 0),
        lambda x: fn.pad(x, ((2, 1), (0, 0), (0, 1)), constant_values=5),
        lambda x: x[-2:] + x[:2],
        lambda x: x[::2] * 2,
    ],
)
def test_open_dims_move_as_known_ones(function):
    x = np.arange(5 * 3 * 4, dtype="float32").reshape(5, 3, 4)
    low = size("batch", 2, 32)
    np.testing.assert_array_equal(run(function, x, shapes=[(low, 3, 4)]), run(function, x))

    def slope(x):
        return fn.gradient(fn.sum(fn.square(function(x))), x)

    np.testing.assert_array_equal(run(slope, x, shapes=[(low, 3, 4)]), run(slope, x))


@given(st.lists(st.sampled_from([1, 2, 3, 4]), max_size=5), st.data())
def test_any_two_shapes_of_one_count_are_grouped_and_reshaped(old, data):
    factors = data.draw(st.permutations([f for n in old for f in ([n] if n != 4 else [2, 2])]))
    new, position = [], 0
    while position < len(factors):
        step = data.draw(st.integers(1, 2))
        new.append(int(np.prod(factors[position : position + step])))
        position += step
    for left, right in dim_groups(tuple(old), tuple(new)):
        assert dims.product(old[k] for k in left) == dims.product(new[k] for k in right)
    x = np.arange(np.prod(old, dtype=int), dtype="float32").reshape(old)
    np.testing.assert_array_equal(run(lambda x: fn.reshape(x, new), x), x.reshape(new))


def test_groups_are_fine():
    assert dim_groups((BATCH, 4, 4, 3), (BATCH, 48)) == [(range(0, 1), range(0, 1)), (range(1, 4), range(1, 2))]
    assert len(dim_groups((2, 3, 5), (6, 5))) == 2


SUBSCRIPTS = [
    0, -1, slice(None), slice(1, None), slice(None, -1), slice(None, None, 2), slice(None, None, -1), slice(5, None),
    (0, 2), (slice(None), 1), (..., 0), (0, ..., 0), (None, 1), (slice(0, 1), None, slice(2, 0, -1), slice(1, 4, 2)),
    (slice(None), slice(-2, None), slice(-100, 100)), (Ellipsis, None),
]  # fmt: skip


@pytest.mark.parametrize("key", SUBSCRIPTS, ids=str)
def test_subscripts(key):
    found = run(lambda x: x[key], X)
    np.testing.assert_array_equal(found, X[key])
    slopes = gradients(lambda x: x[key], X, weights=np.ones(found.shape, "float32"))[0]
    expected = np.zeros_like(X)
    expected[key] = 1
    np.testing.assert_array_equal(slopes, expected)


def test_subscripts_of_open_axes_stay_inside():
    x = open_value(size("n", 1, 9), 3)
    assert dims.evaluate(x[:4].shape[0], {"n": 2}) == 2
    assert dims.evaluate(x[:4].shape[0], {"n": 8}) == 4
    assert dims.evaluate(x[2:].shape[0], {"n": 1}) == 0
    assert x[0].shape == x[-1].shape == (3,)
    for key in (3, (0, 0, 0), (0, 3), 1.5, "a", (..., ...)):
        with pytest.raises(ShapeError, match="a subscript: expected"):
            x[key]


def test_wrong_shapes_are_refused():
    x = open_value(2, 3)
    wrong = [
        lambda: fn.reshape(x, (-1, -1)),
        lambda: fn.squeeze(x, 0),
        lambda: fn.transpose(x, (0, 0)),
        lambda: fn.split(x, 2, 1),
        lambda: fn.broadcast_to(x, (3,)),
        lambda: fn.broadcast_to(x, (2, 4)),
        lambda: fn.concatenate([x, x[0]]),
        lambda: fn.slice(x, (0, 2), (2, 2)),
        lambda: fn.pad(x, ((0, -1), (0, 0))),
        lambda: fn.pad(x, ((0, 1),) * 3),
        lambda: fn.dilate(x, (0, 1)),
    ]
    for call in wrong:
        with pytest.raises(ShapeError, match="expected"):
            call()


def test_padding_is_a_number_of_the_dtype():
    assert run(lambda x: fn.pad(x, ((1, 0),), constant_values=255), np.array([7], "uint8")).tolist() == [255, 7]
    with pytest.raises(DtypeError, match="a constant: expected a whole number from 0 to 255"):
        fn.pad(fn.zeros((1,), "uint8"), ((1, 0),), constant_values=-1)
