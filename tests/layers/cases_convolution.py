"""Random configurations of the layers that convolve, in one to three dimensions."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays

ACTIVATION = st.sampled_from([None, "relu", "tanh"])
REGULARIZER = st.sampled_from([None, "l2", {"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.01}}])
CONSTRAINT = st.sampled_from([None, "non_neg", {"class_name": "MaxNorm", "config": {"max_value": 1.5, "axis": 0}}])


def sizes(draw, rank: int, low: int, high: int):
    """One number, or one for each axis."""
    return draw(st.one_of(st.integers(low, high), st.tuples(*[st.integers(low, high)] * rank)))


def listed(size, rank: int) -> tuple[int, ...]:
    return (size,) * rank if isinstance(size, int) else tuple(size)


def window(draw, rank: int, paddings=("valid", "same"), both: bool = False, room: bool = True):
    """(attributes of a window, the shape of an image that holds it, without batch and channels)."""
    kernel, strides, dilation = sizes(draw, rank, 1, 3), 1, 1
    steps = draw(st.sampled_from(["none", "strides", "dilation"] + ["both"] * both))
    if steps in ("strides", "both"):
        strides = sizes(draw, rank, 1, 3)
    if steps in ("dilation", "both"):
        dilation = sizes(draw, rank, 1, 2)
    padding = draw(st.sampled_from(paddings))
    reach = [(k - 1) * d + 1 for k, d in zip(listed(kernel, rank), listed(dilation, rank), strict=True)]
    least = reach if padding == "valid" and room else [1] * rank
    extents = [n + draw(st.integers(0, 4 if rank < 3 else 2)) for n in least]
    return dict(kernel_size=kernel, strides=strides, padding=padding, dilation_rate=dilation), extents


def rest(draw, *weights: str):
    """Attributes that say what becomes of weights and outputs."""
    config = dict(use_bias=draw(st.booleans()), activation=draw(ACTIVATION))
    for name in weights:
        config |= {f"{name}_regularizer": draw(REGULARIZER), f"{name}_constraint": draw(CONSTRAINT)}
    return config | dict(activity_regularizer=draw(REGULARIZER))


@st.composite
def conv(draw, rank):
    config, extents = window(draw, rank, ("valid", "same", "causal") if rank == 1 else ("valid", "same"))
    groups = draw(st.sampled_from([1, 1, 2]))
    config |= dict(filters=groups * draw(st.integers(1, 3)), groups=groups) | rest(draw, "kernel", "bias")
    shape = (draw(st.integers(1, 3)), *extents, groups * draw(st.integers(1, 3)))
    return Case(f"Conv{rank}D", config, (draw(arrays(*shape)),))


@st.composite
def transpose(draw, rank):
    config, extents = window(draw, rank, room=False)
    strides = listed(config["strides"], rank)
    if draw(st.booleans()):
        more = [draw(st.integers(0, stride - 1)) for stride in strides]
        config["output_padding"] = more[0] if len(set(more)) == 1 else tuple(more)
    config |= dict(filters=draw(st.integers(1, 3))) | rest(draw, "kernel", "bias")
    shape = (draw(st.integers(1, 2)), *extents, draw(st.integers(1, 3)))
    return Case(f"Conv{rank}DTranspose", config, (draw(arrays(*shape)),))


@st.composite
def depthwise(draw, rank):
    config, extents = window(draw, rank, both=True)
    config |= dict(depth_multiplier=draw(st.integers(1, 3))) | rest(draw, "depthwise", "bias")
    shape = (draw(st.integers(1, 3)), *extents, draw(st.integers(1, 3)))
    return Case(f"DepthwiseConv{rank}D", config, (draw(arrays(*shape)),))


@st.composite
def separable(draw, rank):
    config, extents = window(draw, rank, both=True)
    config |= dict(depth_multiplier=draw(st.integers(1, 2)), filters=draw(st.integers(1, 3)))
    config |= rest(draw, "depthwise", "pointwise", "bias")
    shape = (draw(st.integers(1, 3)), *extents, draw(st.integers(1, 3)))
    return Case(f"SeparableConv{rank}D", config, (draw(arrays(*shape)),))


CASES = {
    **{f"Conv{rank}D": conv(rank) for rank in (1, 2, 3)},
    **{f"Conv{rank}DTranspose": transpose(rank) for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": depthwise(rank) for rank in (1, 2)},
    **{f"SeparableConv{rank}D": separable(rank) for rank in (1, 2)},
}
