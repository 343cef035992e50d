"""Random configurations of the layers that run another one along time."""

import hypothesis.strategies as st
import numpy as np

from layers.cases_recurrent import cell_config, run, sizes
from layers.layer_test import Case, Inner, arrays


@st.composite
def bidirectional(draw):
    kind = draw(st.sampled_from(["SimpleRNN", "GRU", "LSTM"]))
    config = draw(cell_config(kind))
    case = draw(run(kind, config, sizes(kind, config) * 2))
    inner = case.config | dict(name="inner", go_backwards=False)
    outer = dict(layer=Inner(kind, inner), merge_mode=draw(st.sampled_from(["concat", "sum", "mul", "ave", None])))
    if draw(st.booleans()):
        outer["backward_layer"] = Inner(kind, inner | dict(name="back", go_backwards=True, activation="tanh"))
    return Case("Bidirectional", outer, case.inputs, keywords=case.keywords, masks=case.masks)


INNER = {
    "Dense": (dict(units=3, activation="tanh"), (2, 3, 4)),
    "Conv1D": (dict(filters=2, kernel_size=2), (2, 3, 4, 2)),
    "LSTM": (dict(units=2), (2, 3, 4, 2)),
    "BatchNormalization": (dict(momentum=0.6), (3, 2, 4)),
}


@st.composite
def time_distributed(draw):
    kind = draw(st.sampled_from(sorted(INNER)))
    config, shape = INNER[kind]
    masks = ()
    if kind == "Dense" and draw(st.booleans()):
        masks = (np.random.default_rng(draw(st.integers(0, 99))).random(shape[:2]) < 0.6,)
    if kind == "LSTM" and draw(st.booleans()):
        masks = (np.random.default_rng(draw(st.integers(0, 99))).random(shape[:3]) < 0.6,)
    config = dict(layer=Inner(kind, config | dict(name="inner")))
    return Case("TimeDistributed", config, (draw(arrays(*shape)),), masks=masks, training=kind != "LSTM")


KERNELS = {
    "Dense": (dict(units=3, activation="tanh", kernel_regularizer="l2"), (2, 4)),
    "Conv1D": (dict(filters=2, kernel_size=2), (2, 4, 3)),
    "Conv2DTranspose": (dict(filters=2, kernel_size=2, strides=2), (1, 3, 2, 2)),
    "DepthwiseConv2D": (dict(kernel_size=2, depth_multiplier=2), (2, 3, 3, 2)),
    "EinsumDense": (dict(equation="abc,cd->abd", output_shape=(None, 3)), (2, 3, 4)),
}


@st.composite
def spectral(draw):
    kind = draw(st.sampled_from(sorted(KERNELS)))
    config, shape = KERNELS[kind]
    config = dict(layer=Inner(kind, config | dict(name="inner")), power_iterations=draw(st.integers(1, 3)))
    is_empty = kind == "Dense" and draw(st.booleans())  # then the kernel is left as it is
    weights = {"kernel": np.zeros((4, 3), "float32")} if is_empty else {}
    return Case("SpectralNormalization", config, (draw(arrays(*shape)),), training=True, weights=weights)


CASES = {
    "Bidirectional": bidirectional(),
    "SpectralNormalization": spectral(),
    "TimeDistributed": time_distributed(),
}
