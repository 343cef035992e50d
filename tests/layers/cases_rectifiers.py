"""Random configurations of the layers that are activations."""

import hypothesis.strategies as st

from fanlight.layers.activations import ACTIVATIONS, ALIASES, OLD
from layers.layer_test import Case, arrays, masks

SHAPES = st.sampled_from([(3, 5), (2, 3, 4), (2, 2, 3, 2), (1, 1, 7)])
# Keras's sparsemax gives zeros for some rows; tests/ops/keras_cases_neural.py compares it where it adds up to 1.
NAMES = sorted({*ACTIVATIONS, *ALIASES} - {"sparsemax", *OLD})


@st.composite
def plain(draw, kind, *arguments, low=-2.0, high=2.0):
    """A layer with some of these attributes, each an (attribute, its values), and some mask."""
    shape = draw(SHAPES)
    config = {name: draw(values) for name, values in arguments}
    given = (draw(masks(*shape[:2])),) if len(shape) == 3 and draw(st.booleans()) else ()
    return Case(kind, config, (draw(arrays(*shape, low=low, high=high)),), masks=given)


@st.composite
def prelu(draw):
    shape = draw(SHAPES)
    axes = st.lists(st.integers(1, len(shape) - 1), unique=True, max_size=len(shape) - 1)
    config = dict(shared_axes=draw(st.one_of(st.none(), axes, st.just(1))), alpha_regularizer=draw(REGULARIZER))
    return Case("PReLU", config | dict(alpha_constraint=draw(CONSTRAINT)), (draw(arrays(*shape)),))


@st.composite
def softmax(draw):
    shape = draw(SHAPES)
    one = st.integers(-len(shape) + 1, len(shape) - 1)
    axis = draw(one if len(shape) == 2 else st.one_of(one, st.just((1, -1))))
    x = draw(arrays(*shape))
    if draw(st.booleans()):  # a mask by name, which leaves out whole rows, too
        mask = draw(masks(*draw(st.sampled_from([shape, (shape[0], *(1,) * (len(shape) - 2), shape[-1])]))))
        return Case("Softmax", dict(axis=axis), (x, mask), keywords={"mask": 1})
    own = (draw(masks(*shape)),) if len(shape) == 2 and draw(st.booleans()) else ()
    return Case("Softmax", dict(axis=axis), (x,), masks=own)


REGULARIZER = st.sampled_from([None, "l2"])
CONSTRAINT = st.sampled_from([None, "non_neg"])
NUMBER = st.sampled_from([None, 1.0, 6.0])
CASES = {
    "Activation": plain("Activation", ("activation", st.sampled_from(NAMES)), low=-8, high=8),
    "ReLU": plain(
        "ReLU",
        ("max_value", NUMBER),
        ("negative_slope", st.sampled_from([0.0, 0.1])),
        ("threshold", st.sampled_from([0.0, 0.5])),
        low=-8,
        high=8,
    ),
    "LeakyReLU": plain("LeakyReLU", ("negative_slope", st.sampled_from([0.0, 0.3, 2.0]))),
    "ELU": plain("ELU", ("alpha", st.sampled_from([1.0, 0.3]))),
    "PReLU": prelu(),
    "Softmax": softmax(),
    "ActivityRegularization": plain(
        "ActivityRegularization", ("l1", st.sampled_from([0.0, 0.1])), ("l2", st.sampled_from([0.0, 0.2]))
    ),
}
