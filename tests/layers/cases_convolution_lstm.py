"""Random configurations of the layers that run convolutions over time."""

import hypothesis.strategies as st
import numpy as np

from layers.cases_recurrent import ACTIVATION, CONSTRAINT, GATE, REGULARIZER
from layers.layer_test import Case, arrays

SIZES = {1: [(5,), (4,)], 2: [(4, 5), (3, 3)], 3: [(3, 3, 4)]}
RUN = ("return_sequences", "return_state", "go_backwards")


@st.composite
def layer(draw, rank):
    window = st.one_of(st.integers(1, 2), st.tuples(*[st.integers(1, 3)] * rank))
    config = dict(
        filters=draw(st.integers(1, 3)), kernel_size=draw(window), padding=draw(st.sampled_from(["valid", "same"]))
    )
    config |= draw(st.sampled_from([{}, {"strides": 2}, {"dilation_rate": 2, "padding": "same"}]))
    config |= dict(activation=draw(ACTIVATION), recurrent_activation=draw(GATE), use_bias=draw(st.booleans()))
    config |= dict(unit_forget_bias=draw(st.booleans()))
    for weight in ("kernel", "recurrent", "bias"):
        config |= {f"{weight}_regularizer": draw(REGULARIZER), f"{weight}_constraint": draw(CONSTRAINT)}
    config |= {name: draw(st.booleans()) for name in RUN}
    batch, time, channels = draw(st.sampled_from([(2, 3, 2), (1, 1, 1), (3, 2, 3)]))
    sizes = draw(st.sampled_from(SIZES[rank]))
    x = draw(arrays(batch, time, *sizes, channels))
    begin, masks, named = [], (), {}
    if config["padding"] == "same" and draw(st.booleans()):
        smaller = [-(-size // config.get("strides", 1)) for size in sizes]
        begin = [draw(arrays(batch, *smaller, config["filters"])) for _ in range(2)]
        named = {"initial_state": (1, 2)}
    if draw(st.booleans()):
        config |= dict(unroll=True)  # its loop on JAX lays the mask along the wrong axis, where it fits at all
        masks = (np.random.default_rng(draw(st.integers(0, 99))).random((batch, time)) < 0.6,)
    return Case(f"ConvLSTM{rank}D", config, (x, *begin), keywords=named, masks=masks)


CASES = {f"ConvLSTM{rank}D": layer(rank) for rank in (1, 2, 3)}
