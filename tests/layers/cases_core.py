"""Random configurations of the layers that multiply, look up and pass on."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays

ACTIVATION = st.sampled_from([None, "relu", "tanh", "softmax", "gelu"])


@st.composite
def dense(draw):
    shape = draw(st.sampled_from([(3, 5), (2, 3, 4), (2, 2, 3, 5)]))
    config = dict(units=draw(st.integers(1, 6)), activation=draw(ACTIVATION), use_bias=draw(st.booleans()))
    return Case("Dense", config, (draw(arrays(*shape)),))


CASES = {"Dense": dense()}
