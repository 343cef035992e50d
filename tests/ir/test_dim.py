"""Do dims compute what Python's integers compute, and do their bounds hold?

Expressions are generated as trees; each is built twice: as a dim, and as a Python integer at random sizes.
"""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from fanlight.ir import dim as dims

SIZES = {
    "a": dims.size("a", 1, 9),
    "b": dims.size("b", 2, 64),
    "i": dims.size("i", 0, 3),
    "j": dims.size("j", 0, 7),
    "z": dims.size("z", -5, 5),
}
POSITIVE = st.sampled_from([1, 2, 3, 4, 6, 8, 12, "a", "b"])  # divisors


def trees(depth):
    leaf = st.integers(-20, 20) | st.sampled_from(sorted(SIZES))
    if depth == 0:
        return leaf
    inner = trees(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(st.sampled_from(["+", "-", "*", "min", "max"]), inner, inner),
        st.tuples(st.sampled_from(["//", "%", "up"]), inner, POSITIVE),
    )


TREES = trees(4)
VALUES = st.fixed_dictionaries(
    {name: st.integers(low, high) for name, (low, high) in ((n, dims.bounds(s)) for n, s in SIZES.items())}
)
RULES = {
    "+": (dims.add, lambda x, y: x + y),
    "-": (lambda x, y: x - y, lambda x, y: x - y),
    "*": (dims.multiply, lambda x, y: x * y),
    "min": (dims.minimum, min),
    "max": (dims.maximum, max),
    "//": (dims.floor_divide, lambda x, y: x // y),
    "%": (dims.modulo, lambda x, y: x % y),
    "up": (dims.ceil_divide, lambda x, y: -(-x // y)),
}


def as_dim(tree):
    if isinstance(tree, tuple):
        return RULES[tree[0]][0](as_dim(tree[1]), as_dim(tree[2]))
    return SIZES.get(tree, tree)


def as_integer(tree, values):
    if isinstance(tree, tuple):
        return RULES[tree[0]][1](as_integer(tree[1], values), as_integer(tree[2], values))
    return values.get(tree, tree)


@given(TREES, VALUES)
def test_dims_evaluate_like_integers(tree, values):
    dim = as_dim(tree)
    expected = as_integer(tree, values)
    assert dims.evaluate(dim, values) == expected
    low, high = dims.bounds(dim)
    assert low <= expected <= high
    assert dims.replace_sizes(dim, values) == expected


# Index expressions as lowering makes them: a flat position, split again.
@st.composite
def flat_indices(draw):
    extents = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 8, 16, "a", "b"]), min_size=1, max_size=4))
    flat = 0
    for k, extent in enumerate(extents):
        extent = SIZES.get(extent, extent)
        flat = flat * extent + dims.size(f"k{k}", 0, dims.upper(extent) - 1)
    tree = flat
    for divisor in draw(st.lists(st.sampled_from([2, 3, 4, 5, 8, 16, 20]), max_size=3)):
        tree = draw(st.sampled_from([dims.floor_divide, dims.modulo]))(tree, divisor)
    return tree


@given(flat_indices(), st.data())
def test_bounds_of_split_indices_hold(index, data):
    values = {size.name: data.draw(st.integers(size.low, size.high)) for size in sorted(dims.sizes(index), key=repr)}
    low, high = dims.bounds(index)
    assert low <= dims.evaluate(index, values) <= high


@given(TREES, TREES, TREES)
def test_sums_and_products_are_canonical(x, y, z):
    x, y, z = as_dim(x), as_dim(y), as_dim(z)
    assert x + y == y + x
    assert x * y == y * x
    assert (x + y) + z == x + (y + z)
    assert x * (y + z) == x * y + x * z
    assert x - x == 0
    assert hash(x + y) == hash(y + x)


@given(TREES)
def test_text_is_python(tree):
    dim = as_dim(tree)
    scope = {"min": dims.minimum, "max": dims.maximum, **SIZES}
    assert eval(dims.text(dim), {}, scope) == dim


@given(TREES)
def test_substituting_nothing_changes_nothing(tree):
    dim = as_dim(tree)
    assert dims.substitute(dim, lambda atom: None) == dim
    assert dims.names(dim) <= SIZES.keys()


@given(TREES, VALUES)
def test_an_affine_coefficient_is_the_slope(tree, values):
    dim = as_dim(tree)
    slope = dims.coefficient(dim, "b")
    if slope is None:
        return
    assert "b" not in dims.names(slope)
    step = dims.evaluate(dim, {**values, "b": values["b"] + 1}) - dims.evaluate(dim, values)
    assert dims.evaluate(slope, values) == step


i, j, a, b = SIZES["i"], SIZES["j"], SIZES["a"], SIZES["b"]


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ((8 * i + j) // 8, i),
        ((8 * i + j) % 8, j),
        ((8 * i + j) // 2, 4 * i + j // 2),
        ((i * b + b) // b, i + 1),
        ((4 * i) // 6, (2 * i) // 3),
        ((4 * i + 5) // 8, (i + 1) // 2),
        ((b // 2) // 3, b // 6),
        ((2 * a * b) // (2 * b), a),
        ((a * b + 1) // b, a),
        ((a * b - 1) // b, a - 1),
        (dims.ceil_divide(8 * i + j, 8), i + (j + 7) // 8),
        (j // 8, 0),
        ((j - 8) // 8, -1),
        (dims.minimum(i, 3), i),
        (dims.maximum(a, 0), a),
    ],
    ids=repr,
)
def test_division_simplifies(got, expected):
    assert got == expected


@pytest.mark.parametrize(
    ("dim", "expected"),
    [
        (b - 2 * (b // 2), (0, 1)),
        (b // 2 - 4 * (b // 8), (0, 3)),
        (j % 3 + 4 * i, (0, 14)),
        (2 * i - j, (-7, 6)),
        (dims.minimum(b, 8), (2, 8)),
        (b - dims.minimum(b, 8), (0, 56)),
        (dims.maximum(b, 8) - b, (0, 6)),
        (12544 * i + b % 12544, (2, 37696)),
    ],
    ids=repr,
)
def test_bounds_are_tight(dim, expected):
    assert dims.bounds(dim) == expected


def test_mistakes_are_told():
    with pytest.raises(TypeError, match="has no truth value"):
        bool(a)
    with pytest.raises(ValueError, match="positive divisor"):
        dims.floor_divide(a, 0)
    with pytest.raises(ValueError, match="positive divisor"):
        dims.floor_divide(7, -2)
