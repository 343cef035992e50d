"""Do the NumPy-like functions refuse what has no meaning, in words that say what to do?"""

import numpy as np
import pytest

from fanlight.errors import DtypeError, ShapeError
from fanlight.ir.dim import size
from fanlight.ir.graph import Input, apply
from fanlight.ir.types import Type
from fanlight.ops import functions as fn


def value(*shape, dtype="float32"):
    return apply(Input("x", Type(dtype, shape)))


X, V, K = value(4, 3), value(5), value(5, dtype="int32")
OPEN = value(size("batch", 1, 9), 3)

SHAPES = {
    "average": lambda: fn.average(X, 0, weights=V),
    "array_split": lambda: fn.array_split(V, 0),
    "broadcast": lambda: fn.hypot(X, V),
    "cdist": lambda: fn.cdist(X, value(4, 2)),
    "correlate": lambda: fn.correlate(X, V),
    "correlate mode": lambda: fn.correlate(V, V, mode="all"),
    "cross": lambda: fn.cross(value(4), value(4)),
    "diag": lambda: fn.diag(value(2, 3, 4)),
    "diagonal of an open axis": lambda: fn.diagonal(OPEN),
    "diagonal of one axis": lambda: fn.diagonal(X, 0, 1, 1),
    "diff": lambda: fn.diff(V, n=-1),
    "glu": lambda: fn.glu(X),
    "jvp": lambda: fn.jvp(fn.sin, (V,), (V, V)),
    "linspace": lambda: fn.linspace(0, 1, -2),
    "meshgrid": lambda: fn.meshgrid(X, V),
    "meshgrid indexing": lambda: fn.meshgrid(V, V, indexing="yx"),
    "norm of three axes": lambda: fn.norm(value(2, 3, 4), ord=1, axis=(0, 1, 2)),
    "norm by a name": lambda: fn.norm(X, ord="fro", axis=1),
    "pad mode": lambda: fn.pad(X, 1, mode="mirror"),
    "pad widths": lambda: fn.pad(X, ((1, 1), (1, 1), (1, 1))),
    "pad constant of a mirror": lambda: fn.pad(X, 1, mode="reflect", constant_values=1),
    "pad an open axis by more than it has": lambda: fn.pad(OPEN, ((2, 0), (0, 0)), mode="reflect"),
    "pad nothing": lambda: fn.pad(value(0), ((1, 1),), mode="edge"),
    "rearrange names": lambda: fn.rearrange(X, "a b -> a c"),
    "rearrange rank": lambda: fn.rearrange(X, "a b c -> c b a"),
    "rearrange lengths": lambda: fn.rearrange(X, "(a b) c -> a b c", a=3),
    "rearrange unknown lengths": lambda: fn.rearrange(X, "(a b) c -> a b c"),
    "rearrange signs": lambda: fn.rearrange(X, "a [b] -> a b"),
    "rearrange sides": lambda: fn.rearrange(X, "a b"),
    "repeat": lambda: fn.repeat(V, [1, 2], axis=0),
    "roll an open axis": lambda: fn.roll(OPEN, 2, axis=0),
    "rot90": lambda: fn.rot90(X, 1, (0, 0)),
    "select": lambda: fn.select([X > 0], [X, X]),
    "slice from values by steps": lambda: fn.slice(X, (fn.sum(K), 0), (2, 2), (2, 1)),
    "slice larger than the array": lambda: fn.slice(X, (fn.sum(K), 0), (5, 2)),
    "slice from too few values": lambda: fn.slice(X, K, (2, 2)),
    "subscript": lambda: X[0, 0, 0],
    "subscript by a name": lambda: X["a"],
    "take_along_axis": lambda: fn.take_along_axis(X, K, 0),
    "tensordot": lambda: fn.tensordot(X, X, 1),
    "tensordot axes": lambda: fn.tensordot(X, X, ([0], [0, 1])),
    "tril": lambda: fn.tril(V),
    "unravel_index": lambda: fn.unravel_index(K, (0, 3)),
    "unstack": lambda: fn.unstack(X, num=3),
    "unstack an open axis": lambda: fn.unstack(OPEN),
    "vander": lambda: fn.vander(X),
    "vectorize": lambda: fn.vectorize(fn.sum, signature="(n)->()")(fn.sum(V)),
    "vectorize without arrow": lambda: fn.vectorize(fn.sum, signature="(n)"),
    "view": lambda: fn.view(value(3, dtype="uint8"), "int32"),
    "window": lambda: fn.hamming(-1),
}
DTYPES = {
    "bitwise_and": lambda: fn.bitwise_and(V, V),
    "convert_to_tensor": lambda: fn.convert_to_tensor(V, sparse=True),
    "gcd": lambda: fn.gcd(V, V),
    "invert": lambda: ~V,
    "ldexp": lambda: fn.ldexp(V, V),
    "one_hot": lambda: fn.one_hot(K, 3, sparse=True),
    "subscript by bools": lambda: V[V > 0],
    "subscript by a list of bools": lambda: V[[True, False]],
    "view of bools": lambda: fn.view(V > 0, "uint8"),
    "where without choices": lambda: fn.where(V > 0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_wrong_shapes_and_arguments(name):
    with pytest.raises(ShapeError, match=r"expected .* got "):
        SHAPES[name]()


@pytest.mark.parametrize("name", DTYPES)
def test_wrong_dtypes(name):
    with pytest.raises(DtypeError, match=r"expected .* got "):
        DTYPES[name]()


def test_a_start_may_be_a_vector_of_numpy_only_outside_of_graphs():
    assert fn.slice(X, np.array([1, 0]).tolist(), (2, 2)).shape == (2, 2)
