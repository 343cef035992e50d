"""Does every op mean the same in its type rule, its reference and its loop nest?"""

import numpy as np
import pytest
from ops.cases import arrays_of, run_nest, samples

from fanlight.ir.types import Type

EXACT_AT_INPUT_PRECISION = {"floor_divide", "mod", "bitcast", "cast"}


@pytest.mark.parametrize("sample", samples())
@np.errstate(all="ignore")
def test_nest_and_reference_agree(sample):
    op, arrays = sample.op, arrays_of(sample)
    wide = [x.astype("float64") if x.dtype == "float32" and op.name not in EXACT_AT_INPUT_PRECISION else x for x in arrays]
    expected = np.asarray(op.reference(*wide))
    type = op.infer(*sample.types)
    found = run_nest(op, arrays, sample.types)
    assert type == Type(type.dtype, expected.shape)
    if type.dtype != "float32":
        np.testing.assert_array_equal(found, expected)
        return
    with np.errstate(over="ignore"):
        expected = expected.astype("float32")
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-6)
    is_zero = (expected == 0) & (found == 0)
    if op.name in ("negative", "maximum", "minimum", "absolute", "where"):
        np.testing.assert_array_equal(np.signbit(found[is_zero]), np.signbit(expected[is_zero]))
