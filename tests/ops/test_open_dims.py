"""Do the NumPy-like functions work where the number of rows is open, as in every exported function?

In: functions of rows [batch, 4, 3]. Each gives the same with the number known, value and gradient.
"""

import numpy as np
import pytest

from fanlight.ir.dim import size
from fanlight.ops import functions as fn
from ops.cases import gradients, run

X = np.random.default_rng(6).normal(size=(5, 4, 3)).astype("float32")

CASES = {
    "angle": lambda x: fn.arctan2(x, 0.5) + fn.arcsinh(x) + fn.cbrt(x + 9.0) + fn.sinc(x),
    "average": lambda x: fn.average(x, 0, weights=fn.abs(x[:, 0, 0])),
    "cdist": lambda x: fn.cdist(x[:, 0], x[:, 1]),
    "correlations": lambda x: fn.corrcoef(fn.transpose(x[:, 0])),
    "cross": lambda x: fn.cross(x[:, 0], x[:, 1]),
    "diag": lambda x: fn.diag(x[:, 0, 0], 1),
    "diagonal": lambda x: fn.diagonal(x, 0, 1, 2),
    "diff": lambda x: fn.diff(x, axis=0),
    "dot": lambda x: fn.dot(x, fn.transpose(x[:, 0])),
    "eye": lambda x: fn.matmul(fn.eye(x.shape[0]), x[:, 0]),
    "glu": lambda x: fn.glu(x, axis=1),
    "inner": lambda x: fn.inner(x[:, 0], x[:, 1]),
    "isclose": lambda x: fn.cast(fn.isclose(x, x[:1]), "float32") * x,
    "jvp": lambda x: fn.jvp(lambda a: fn.sin(a) * a, (x,), (x,))[1],
    "kron": lambda x: fn.kron(x[:, 0], x[0]),
    "logaddexp": lambda x: fn.logaddexp(x, x[:1]),
    "meshgrid": lambda x: fn.meshgrid(x[:, 0, 0], x[0, :, 0])[0],
    "nanmean": lambda x: fn.nanmean(fn.where(x > 1, float("nan"), x), 0),
    "nanvar": lambda x: fn.nanvar(fn.where(x > 1, float("nan"), x), (0, 1)),
    "norm": lambda x: fn.norm(x, axis=(0, 1)) + fn.norm(x, ord=3, axis=(0,))[0],
    "one_hot": lambda x: fn.one_hot(fn.argmax(x, -1), 3) * x,
    "outer": lambda x: fn.outer(x[:, 0, 0], x[:, 1, 0]),
    "ptp": lambda x: fn.ptp(x, 0),
    "round": lambda x: x * fn.round(x, 1),
    "select": lambda x: fn.select([x > 1, x < -1], [x, -x], 0.0),
    "take_along_axis": lambda x: fn.take_along_axis(x, fn.expand_dims(fn.argmax(x, 1), 1), 1),
    "tensordot": lambda x: fn.tensordot(x, x, ((0, 1), (0, 1))),
    "trapezoid": lambda x: fn.trapezoid(x, axis=0),
    "tri": lambda x: fn.matmul(fn.tri(x.shape[0]), x[:, 0]),
    "vander": lambda x: fn.vander(x[:, 0, 0], 3),
    "vectorize": lambda x: fn.vectorize(fn.sum, signature="(n)->()")(x),
}


@pytest.mark.parametrize("name", CASES)
def test_open_rows_give_what_known_ones_do(name):
    function, shapes = CASES[name], [(size("batch", 2, 9), 4, 3)]
    expected = run(function, X)
    np.testing.assert_allclose(run(function, X, shapes=shapes), expected, rtol=1e-6, atol=1e-6)
    ones = np.ones((), "float32")
    slopes = [gradients(lambda x: fn.sum(function(x)), X, weights=ones, shapes=each) for each in (None, [*shapes, ()])]
    np.testing.assert_allclose(slopes[1][0], slopes[0][0], rtol=1e-5, atol=1e-5)
