"""Random configurations of the layers that begin a sequence."""

import hypothesis.strategies as st
import numpy as np

from layers.layer_test import Case, arrays, integers

SHAPES = st.sampled_from([(3, 4), (2, 1), (2, 3, 2), (4,)])


@st.composite
def table_config(draw):
    config = dict(input_dim=draw(st.integers(5, 7)), output_dim=draw(st.integers(1, 4)))
    config |= dict(mask_zero=draw(st.booleans()))
    config |= dict(embeddings_initializer=draw(st.sampled_from(["uniform", "normal", "zeros"])))
    config |= dict(embeddings_regularizer=draw(st.sampled_from([None, "l2"])))
    config |= dict(embeddings_constraint=draw(st.sampled_from([None, "non_neg"])))
    return config


@st.composite
def embedding(draw):
    x, config = draw(integers(*draw(SHAPES), below=5)), draw(table_config())
    return Case("Embedding", config, (x.astype("float32") if draw(st.booleans()) else x,))


@st.composite
def reversible(draw):
    config = draw(table_config()) | dict(tie_weights=draw(st.booleans()))
    config |= dict(logit_soft_cap=draw(st.sampled_from([None, 0.5, 3.0])))
    config |= dict(reverse_dtype=draw(st.sampled_from([None, "float32"])))
    if draw(st.booleans()):
        return Case("ReversibleEmbedding", config, (draw(integers(*draw(SHAPES), below=5)),))
    shape = (*draw(st.sampled_from([(3,), (2, 4), (2, 1, 2)])), config["output_dim"])
    return Case("ReversibleEmbedding", config, (draw(arrays(*shape)),), options=dict(reverse=True))


@st.composite
def masking(draw):
    shape = draw(st.sampled_from([(3, 4, 2), (2, 1, 1), (2, 3, 2, 2)]))
    value = draw(st.sampled_from([0.0, -1.5, 7]))
    x = draw(arrays(*shape))
    steps = np.random.default_rng(draw(st.integers(0, 99))).random(shape[:-1]) < 0.4
    return Case("Masking", dict(mask_value=value), (np.where(steps[..., None], np.float32(value), x),))


CASES = {"Embedding": embedding(), "Masking": masking(), "ReversibleEmbedding": reversible()}
