"""Random configurations of the layers that normalise."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays, booleans

SHAPES = st.sampled_from([(4, 6), (3, 4, 6), (2, 3, 2, 6)])
AFFINE = dict(center=st.booleans(), scale=st.booleans(), epsilon=st.sampled_from([1e-3, 1e-5]))
AFFINE |= dict(beta_regularizer=st.sampled_from([None, "l2"]), gamma_constraint=st.sampled_from([None, "non_neg"]))


def axes(shape):
    """One axis, never the batch's."""
    return st.sampled_from([*range(1, len(shape)), *range(1 - len(shape), 0)])


@st.composite
def batch_normalization(draw):
    shape = draw(SHAPES)
    config = draw(st.fixed_dictionaries(AFFINE)) | dict(axis=draw(axes(shape)), momentum=draw(st.floats(0.1, 0.99)))
    masks = (draw(st.none() | booleans(*shape[:-1])),)
    return Case("BatchNormalization", config, (draw(arrays(*shape)),), training=True, masks=masks)


@st.composite
def layer_normalization(draw):
    shape = draw(SHAPES)
    several = st.sampled_from([(-1,), (1,), (-2, -1), (1, 2), (1, 3)][: 2 * len(shape) - 3 if len(shape) > 2 else 2])
    config = draw(st.fixed_dictionaries(AFFINE)) | dict(axis=draw(axes(shape) | several))
    return Case("LayerNormalization", config, (draw(arrays(*shape)),))


@st.composite
def group_normalization(draw):
    shape = draw(SHAPES)
    axis = draw(axes(shape))
    groups = [n for n in range(1, shape[axis] + 1) if shape[axis] % n == 0]
    config = draw(st.fixed_dictionaries(AFFINE)) | dict(groups=draw(st.sampled_from([-1, *groups])), axis=axis)
    return Case("GroupNormalization", config, (draw(arrays(*shape)),))


@st.composite
def rms_normalization(draw):
    shape = draw(SHAPES)
    axis = draw(st.sampled_from([-1, [-1], len(shape) - 1, *([(-1, -2)] if len(shape) > 2 else [])]))
    return Case(
        "RMSNormalization", dict(axis=axis, epsilon=draw(st.sampled_from([1e-6, 1e-2]))), (draw(arrays(*shape)),)
    )


@st.composite
def unit_normalization(draw):
    shape = draw(SHAPES)
    axis = draw(axes(shape) | st.sampled_from([(1,), [-1], *([(1, 2)] if len(shape) > 2 else [])]))
    return Case("UnitNormalization", dict(axis=axis), (draw(arrays(*shape)),))


CASES = {
    "BatchNormalization": batch_normalization(),
    "LayerNormalization": layer_normalization(),
    "GroupNormalization": group_normalization(),
    "RMSNormalization": rms_normalization(),
    "UnitNormalization": unit_normalization(),
}
