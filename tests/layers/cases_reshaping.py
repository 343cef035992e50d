"""Random configurations of the layers that put numbers into another shape."""

from math import prod

import hypothesis.strategies as st

from layers.layer_test import Case, arrays

SHAPES = st.sampled_from([(2, 6), (1, 4, 3), (3, 2, 3, 4), (2, 1, 5, 2, 2)])


@st.composite
def flatten(draw):
    return Case("Flatten", {}, (draw(arrays(*draw(SHAPES))),))


@st.composite
def reshape(draw):
    shape = draw(SHAPES)
    target = draw(st.permutations(shape[1:]))
    if draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    elif draw(st.booleans()):
        target = [1, prod(target)]
    return Case("Reshape", dict(target_shape=tuple(target)), (draw(arrays(*shape)),))


@st.composite
def permute(draw):
    shape = draw(SHAPES)
    return Case("Permute", dict(dims=tuple(draw(st.permutations(range(1, len(shape)))))), (draw(arrays(*shape)),))


@st.composite
def repeat_vector(draw):
    shape = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    return Case("RepeatVector", dict(n=draw(st.integers(1, 4))), (draw(arrays(*shape)),))


CASES = {"Flatten": flatten(), "Reshape": reshape(), "Permute": permute(), "RepeatVector": repeat_vector()}
