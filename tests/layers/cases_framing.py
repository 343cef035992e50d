"""Random configurations of the layers that make images larger or smaller."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays

INTERPOLATION = st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])


def image(draw, rank: int, least: int = 1):
    extents = [draw(st.integers(least, least + 3)) for _ in range(rank)]
    return draw(arrays(draw(st.integers(1, 2)), *extents, draw(st.integers(1, 3))))


def widths(draw, rank: int, most: int):
    """One number, or a number or a pair for each axis; a pair in one dimension."""
    width = st.integers(0, most)
    pair = st.tuples(width, width)
    each = [pair] if rank == 1 else [st.tuples(*[one] * rank) for one in (width, pair)]
    return draw(st.one_of(width, *each))


@st.composite
def up_sampling(draw, rank):
    size = st.integers(1, 3)
    config = dict(size=draw(size if rank == 1 else st.one_of(size, st.tuples(*[size] * rank))))
    if rank == 2:
        config["interpolation"] = draw(INTERPOLATION)
    return Case(f"UpSampling{rank}D", config, (image(draw, rank),))


@st.composite
def zero_padding(draw, rank):
    return Case(f"ZeroPadding{rank}D", dict(padding=widths(draw, rank, 3)), (image(draw, rank),))


@st.composite
def cropping(draw, rank):
    config = dict(cropping=widths(draw, rank, 2)) if draw(st.booleans()) else {}
    return Case(f"Cropping{rank}D", config, (image(draw, rank, 5),))


KINDS = {"UpSampling": up_sampling, "ZeroPadding": zero_padding, "Cropping": cropping}
CASES = {f"{kind}{rank}D": case(rank) for kind, case in KINDS.items() for rank in (1, 2, 3)}
