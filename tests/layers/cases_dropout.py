"""The layers that disturb while training, where they do not: outside of it, and at strength 0."""

import hypothesis.strategies as st

from layers.layer_test import Case, arrays, masks

STRENGTH = st.sampled_from([0.0, 0.3])


@st.composite
def quiet(draw, kind, rank, attribute="rate"):
    shape = (draw(st.integers(1, 3)), *(draw(st.integers(1, 3)) for _ in range(rank)), draw(st.integers(1, 4)))
    strength = draw(STRENGTH)
    given = (draw(masks(*shape[:2])),) if rank == 1 and draw(st.booleans()) else ()
    return Case(kind, {attribute: strength}, (draw(arrays(*shape)),), training=strength == 0, masks=given)


CASES = {
    **{kind: quiet(kind, 1) for kind in ("Dropout", "GaussianDropout", "AlphaDropout")},
    **{f"SpatialDropout{rank}D": quiet(f"SpatialDropout{rank}D", rank) for rank in (1, 2, 3)},
    "GaussianNoise": quiet("GaussianNoise", 1, "stddev"),
}
