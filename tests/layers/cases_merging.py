"""Random configurations of the layers that make one value of several."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays, masks

SHAPES = st.sampled_from([((3, 4), (3, 4)), ((2, 3, 4), (2, 1, 4)), ((2, 3, 4), (2, 4)), ((2, 2, 1, 3), (2, 4, 1))])


@st.composite
def merged(draw, kind):
    count = 2 if kind == "Subtract" else draw(st.integers(2, 3))
    if draw(st.booleans()):  # with masks, of some inputs or all
        shape = (2, draw(st.integers(1, 4)), 3)
        inputs = [draw(arrays(*shape)) for _ in range(count)]
        given = [draw(st.one_of(masks(*shape[:2]), masks(*shape[:2]), st.none())) for _ in range(count)]
        return Case(kind, {}, tuple(inputs), masks=tuple(given))
    shapes = draw(SHAPES)
    return Case(kind, {}, tuple(draw(arrays(*shapes[k % 2])) for k in range(count)))


@st.composite
def concatenate(draw):
    shape = [2, draw(st.integers(1, 3)), draw(st.integers(1, 3))]
    axis = draw(st.sampled_from([1, 2, -1, -2]))
    inputs, given = [], []
    for _ in range(draw(st.integers(2, 3))):
        shape[axis] = draw(st.integers(1, 3))
        inputs.append(draw(arrays(*shape)))
        given.append(draw(st.one_of(masks(*shape[:2]), st.none())))
    return Case("Concatenate", dict(axis=axis), tuple(inputs), masks=tuple(given))


@st.composite
def dot(draw):
    shapes = [[2, *(draw(st.integers(1, 4)) for _ in range(draw(st.integers(1, 3))))] for _ in range(2)]
    axes = [draw(st.integers(1, len(shape) - 1)) for shape in shapes]
    shapes[1][axes[1]] = shapes[0][axes[0]]
    if draw(st.booleans()):
        axes[0] -= len(shapes[0])
    config = dict(axes=axes[0] if axes[0] == axes[1] else tuple(axes), normalize=draw(st.booleans()))
    return Case("Dot", config, tuple(draw(arrays(*shape)) for shape in shapes))


ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
CASES = {**{kind: merged(kind) for kind in ELEMENTWISE}, "Concatenate": concatenate(), "Dot": dot()}
