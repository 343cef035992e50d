"""Random configurations of the layers that pool, over one to three dimensions."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays, masks


def sizes(rank: int, low: int, high: int):
    """One number, or one for each axis."""
    return st.one_of(st.integers(low, high), st.tuples(*[st.integers(low, high)] * rank))


@st.composite
def images(draw, rank, least: int = 1):
    extents = [draw(st.integers(least, 7 if rank < 3 else 4)) for _ in range(rank)]
    return draw(arrays(draw(st.integers(1, 3)), *extents, draw(st.integers(1, 3))))


@st.composite
def windows(draw, kind, rank):
    config = dict(pool_size=draw(sizes(rank, 1, 3)), padding=draw(st.sampled_from(["valid", "same"])))
    config["strides"] = draw(st.one_of(st.none(), sizes(rank, 1, 3)))
    return Case(f"{kind}{rank}D", config, (draw(images(rank, 3)),))


# (length, output size) where Keras 3.15 on JAX gathers from windows that it rounded wrongly, up to 7: the last element
# of 7 is NaN. There PyTorch is asked, in test_layers.py.
KERAS_ERRS = {(3, 7), (6, 7), (7, 7)}


@st.composite
def cells(draw, kind, rank):
    x = draw(images(rank, 2))
    size = tuple(draw(st.integers(1, n).filter(lambda size, n=n: (n, size) not in KERAS_ERRS)) for n in x.shape[1:-1])
    return Case(f"{kind}{rank}D", dict(output_size=size if rank > 1 or draw(st.booleans()) else size[0]), (x,))


@st.composite
def everywhere(draw, kind, rank):
    x, given = draw(images(rank)), ()
    if f"{kind}{rank}D" == "GlobalAveragePooling1D" and draw(st.booleans()):
        mask = draw(masks(*x.shape[:2]))
        mask[:, 0] = True  # the mean over no steps is not a number, in Keras too
        given = (mask,)
    return Case(f"{kind}{rank}D", dict(keepdims=draw(st.booleans())), (x,), masks=given)


CASES = {
    f"{kind}{rank}D": case(kind, rank)
    for case, kinds in {
        windows: ("MaxPooling", "AveragePooling"),
        cells: ("AdaptiveMaxPooling", "AdaptiveAveragePooling"),
        everywhere: ("GlobalMaxPooling", "GlobalAveragePooling"),
    }.items()
    for kind in kinds
    for rank in (1, 2, 3)
}
