"""Random configurations of the layers that multiply, look up and pass on."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays

ACTIVATION = st.sampled_from([None, "relu", "tanh", "softmax", "gelu"])


@st.composite
def dense(draw):
    shape = draw(st.sampled_from([(3, 5), (2, 3, 4), (2, 2, 3, 5)]))
    config = dict(units=draw(st.integers(1, 6)), activation=draw(ACTIVATION), use_bias=draw(st.booleans()))
    return Case("Dense", config, (draw(arrays(*shape)),))


EQUATIONS = [  # equation, shape of the input, output_shape
    ("ab,bc->ac", (3, 4), 5),
    ("abc,cd->abd", (2, 3, 4), (None, 5)),
    ("abc,cde->abde", (2, 3, 4), (None, 2, 5)),
    ("abcd,cde->abe", (2, 3, 4, 2), (None, 5)),
    ("abc,bd->acd", (2, 3, 4), (4, 5)),
    ("abc,bcd->abd", (2, 3, 4), (3, 5)),
    ("...x,xy->...y", (2, 3, 4), 5),
    ("...xy,xyz->...z", (2, 2, 3, 4), (5,)),
    ("...x,xyz->...zy", (3, 4), (5, 2)),
    ("ab...,bc->ac...", (2, 3, 4, 2), 5),
    ("ab...,bcd->acd...", (2, 3, 4), (5, 2)),
]


@st.composite
def einsum_dense(draw):
    equation, shape, output_shape = draw(st.sampled_from(EQUATIONS))
    output = equation.rpartition(">")[2].replace(".", "")
    sizes = output_shape if isinstance(output_shape, tuple) else (output_shape,)
    axes = [label for label, size in zip(output[-len(sizes) :], sizes, strict=True) if size is not None]
    bias_axes = draw(st.none() | st.lists(st.sampled_from(axes), unique=True, min_size=1).map("".join))
    config = dict(equation=equation, output_shape=output_shape, activation=draw(ACTIVATION), bias_axes=bias_axes)
    config |= dict(kernel_initializer=draw(st.sampled_from(["glorot_uniform", "he_normal", "ones"])))
    return Case("EinsumDense", config, (draw(arrays(*shape)),))


CASES = {
    "Dense": dense(),
    "EinsumDense": einsum_dense(),
    "Identity": arrays(2, 3).map(lambda x: Case("Identity", {}, (x,))),
}
