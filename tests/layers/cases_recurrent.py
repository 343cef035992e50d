"""Random configurations of the layers that run over time, and of their cells."""

import hypothesis.strategies as st
import numpy as np

from layers.layer_test import Case, Inner, arrays

ACTIVATION = st.sampled_from(["tanh", "relu", "linear", "softsign"])
GATE = st.sampled_from(["sigmoid", "hard_sigmoid"])
REGULARIZER = st.sampled_from([None, {"class_name": "L1", "config": {"l1": 0.5}}])
CONSTRAINT = st.sampled_from([None, "non_neg", "unit_norm"])


@st.composite
def cell_config(draw, kind):
    """The attributes that a cell and the layer that runs it have."""
    config = dict(units=draw(st.integers(1, 4)), activation=draw(ACTIVATION), use_bias=draw(st.booleans()))
    for weight in ("kernel", "recurrent", "bias"):
        config |= {f"{weight}_regularizer": draw(REGULARIZER), f"{weight}_constraint": draw(CONSTRAINT)}
    if kind != "SimpleRNN":
        config |= dict(recurrent_activation=draw(GATE))
    if kind == "GRU":
        config |= dict(reset_after=draw(st.booleans()))
    if kind == "LSTM":
        config |= dict(unit_forget_bias=draw(st.booleans()))
    return config


def sizes(kind, config):
    """The units of the states."""
    return [config["units"]] * (2 if kind == "LSTM" else 1)


@st.composite
def cell(draw, kind):
    config = draw(cell_config(kind))
    batch, features = draw(st.sampled_from([(2, 3), (1, 1), (3, 4)]))
    states = [draw(arrays(batch, units)) for units in sizes(kind, config)]
    named = {"states": tuple(range(1, 1 + len(states)))}
    return Case(f"{kind}Cell", config, (draw(arrays(batch, features)), *states), keywords=named)


@st.composite
def loop_config(draw):
    names = ("return_sequences", "return_state", "go_backwards", "unroll")
    return {name: draw(st.booleans()) for name in names}


@st.composite
def run(draw, kind, config, states):
    """A case of a layer over time, with a mask, with states to begin from (Keras heeds no mask then), or neither."""
    batch, time, features = draw(st.sampled_from([(2, 3, 3), (1, 1, 2), (3, 5, 1), (2, 4, 2)]))
    x = draw(arrays(batch, time, features))
    config = config | draw(loop_config())
    begin, masks, named = [], (), {}
    if draw(st.booleans()):
        begin = [draw(arrays(batch, units)) for units in states]
        named = {"initial_state": tuple(range(1, 1 + len(begin)))}
    if draw(st.booleans()):
        masks = (np.random.default_rng(draw(st.integers(0, 99))).random((batch, time)) < 0.6,)
        config |= dict(zero_output_for_mask=draw(st.booleans()), unroll=False)
    return Case(kind, config, (x, *begin), keywords=named, masks=masks)


@st.composite
def layer(draw, kind):
    config = draw(cell_config(kind))
    return draw(run(kind, config, sizes(kind, config)))


@st.composite
def rnn(draw):
    kind = draw(st.sampled_from(["SimpleRNN", "GRU", "LSTM"]))
    config = draw(cell_config(kind))
    return draw(run("RNN", dict(cell=Inner(f"{kind}Cell", config | dict(name="inner"))), sizes(kind, config)))


@st.composite
def stack(draw, kinds, count):
    """The config of cells one after another, and the units of their states."""
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=2, max_size=count))
    configs = [draw(cell_config(kind)) for kind in chosen]
    pairs = list(zip(chosen, configs, strict=True))
    inner = [Inner(f"{kind}Cell", each | dict(name=f"inner_{k}")) for k, (kind, each) in enumerate(pairs)]
    return dict(cells=inner), [units for kind, each in pairs for units in sizes(kind, each)]


@st.composite
def stacked(draw):
    """The cells by themselves, of one state each: Keras nests the states of others."""
    config, states = draw(stack(["SimpleRNN", "GRU"], 3))
    given = [draw(arrays(2, units)) for units in states]
    named = {"states": tuple(range(1, 1 + len(states)))}
    return Case("StackedRNNCells", config, (draw(arrays(2, 3)), *given), keywords=named)


@st.composite
def rnn_of_stack(draw):
    config, _ = draw(stack(["SimpleRNN", "GRU", "LSTM"], 2))
    case = draw(run("RNN", dict(cell=Inner("StackedRNNCells", config | dict(name="stack"))), []))
    case.keywords.clear()
    return case


CASES = {f"{kind}Cell": cell(kind) for kind in ("SimpleRNN", "GRU", "LSTM")}
CASES |= {kind: layer(kind) for kind in ("SimpleRNN", "GRU", "LSTM")}
CASES |= {"RNN": rnn(), "StackedRNNCells": stacked(), "RNN of StackedRNNCells": rnn_of_stack()}
