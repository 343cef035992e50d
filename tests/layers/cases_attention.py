"""Random configurations of the layers that attend."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays, booleans

OPTIONS = dict(use_causal_mask=st.booleans(), return_attention_scores=st.booleans())


@st.composite
def attention(draw, kind):
    queries, steps, features = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    config = dict(use_scale=draw(st.booleans()))
    if kind == "Attention":
        config |= dict(score_mode=draw(st.sampled_from(["dot", "concat"])))
    with_key = draw(st.booleans())
    inputs = [draw(arrays(2, queries, features)), draw(arrays(2, steps, 3 if with_key else features))]
    inputs += [draw(arrays(2, steps, features))] if with_key else []
    masks = tuple(draw(st.none() | booleans(*x.shape[:2])) for x in inputs[:2])
    return Case(kind, config, tuple(inputs), masks=masks, options=draw(st.fixed_dictionaries(OPTIONS)))


def projected(draw):
    """Attributes and a Case's other words that both layers with heads have."""
    queries, steps = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    config = dict(use_bias=draw(st.booleans()), use_gate=draw(st.booleans()))
    config |= dict(sliding_window=draw(st.none() | st.integers(1, 3)))
    config |= dict(kernel_regularizer=draw(st.sampled_from([None, "l2"])))
    inputs = [draw(arrays(2, queries, 4)), draw(arrays(2, steps, 4))]
    inputs += [draw(arrays(2, steps, 4))] if draw(st.booleans()) else []
    words = dict(listed=False, options=draw(st.fixed_dictionaries(OPTIONS)), keywords={})
    words["masks"] = tuple(draw(st.none() | booleans(*x.shape[:2])) for x in inputs)
    if draw(st.booleans()):
        words["keywords"] = {"attention_mask": len(inputs)}
        inputs.append(draw(booleans(2, queries, steps)))
    return config, tuple(inputs), words


@st.composite
def multi_head_attention(draw):
    config, inputs, words = projected(draw)
    config |= dict(num_heads=draw(st.integers(1, 3)), key_dim=draw(st.integers(1, 3)))
    config |= dict(output_shape=draw(st.sampled_from([None, 3, (2, 3)])))
    if words["options"]["return_attention_scores"]:  # without, JAX takes values of the keys' depth only
        config |= dict(value_dim=draw(st.none() | st.integers(1, 3)))
    return Case("MultiHeadAttention", config, inputs, **words)


@st.composite
def group_query_attention(draw):
    config, inputs, words = projected(draw)
    shared = draw(st.integers(1, 2))
    config |= dict(num_query_heads=shared * draw(st.integers(1, 3)), num_key_value_heads=shared)
    config |= dict(head_dim=draw(st.integers(1, 3)))
    return Case("GroupQueryAttention", config, inputs, **words)


CASES = {
    "AdditiveAttention": attention("AdditiveAttention"),
    "Attention": attention("Attention"),
    "GroupQueryAttention": group_query_attention(),
    "MultiHeadAttention": multi_head_attention(),
}
