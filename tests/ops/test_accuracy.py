"""How exact is compiled code where polynomials and cancellations could hurt? In units in the last place, over ranges.

Against NumPy and SciPy in float64. The bounds are those that the docstrings state.
"""

import numpy as np
import pytest
from scipy import special

from fanlight.compiler import compile
from fanlight.engines.wasm import WasmEngine
from fanlight.ir.graph import Graph
from fanlight.ir.module import Module
from fanlight.ops import functions as fn
from fanlight.targets.wasm.spelling import PORTABLE, RELAXED
from ops.cases import trace

COUNT = 20_000


def between(low, high):
    return lambda rng: np.float32(rng.uniform(low, high, COUNT))


def sizes(low, high):
    """Both signs, evenly spread on a logarithmic scale."""
    return lambda rng: np.float32(np.exp(rng.uniform(np.log(low), np.log(high), COUNT)) * rng.choice([-1, 1], COUNT))


def both(*draws):
    return lambda rng: np.concatenate([draw(rng) for draw in draws])


def positive(draw):
    return lambda rng: np.abs(draw(rng))


UNIT = both(between(-1, 1), sizes(1e-20, 1))
# Function -> arguments, the truth, the bound in units in the last place.
ONE = {
    "arccos": (UNIT, np.arccos, 4),
    "arccosh": (both(between(1, 1.1), positive(sizes(1.01, 1e38))), np.arccosh, 5),
    "arcsin": (UNIT, np.arcsin, 4),
    "arcsinh": (sizes(1e-20, 1e38), np.arcsinh, 5),
    "arctan": (sizes(1e-20, 1e20), np.arctan, 4),
    "arctanh": (UNIT, np.arctanh, 5),
    "cbrt": (sizes(1e-44, 3e38), np.cbrt, 1),
    "cosh": (between(-89.4, 89.4), np.cosh, 5),
    "erfc": (both(between(-4, 9.1), sizes(1e-10, 9)), special.erfc, 5),
    "exp2": (between(-125, 127.9), np.exp2, 2),
    "i0": (both(between(-91, 91), sizes(1e-10, 20)), special.i0, 5),
    "sinc": (between(-0.9, 0.9), np.sinc, 5),
    "sinh": (both(between(-89.4, 89.4), sizes(1e-20, 2)), np.sinh, 5),
    "squareplus": (between(-1e3, 1e3), lambda x: 2 / (np.sqrt(x * x + 4) - x), 5),
    "tanh_shrink": (both(sizes(1e-10, 0.5)), lambda x: x - np.tanh(x), 5),
}
TWO = {
    "arctan2": (sizes(1e-30, 1e30), np.arctan2, 4),
    "hypot": (both(sizes(1e-18, 3e38), between(-3, 3)), np.hypot, 3),
    "logaddexp": (between(0, 50), np.logaddexp, 4),
    "logaddexp2": (between(0, 50), np.logaddexp2, 4),
}


def errors(found, exact):
    """In units in the last place of the exact result, but for subnormal and infinite ones."""
    unit = np.spacing(np.abs(exact).astype("float32")).astype("float64")
    ordinary = (np.abs(exact) > 2.0**-126) & (np.abs(exact) < 3.4e38)
    assert np.isfinite(found[ordinary]).all()
    return np.where(ordinary, np.abs(found.astype("float64") - exact) / unit, 0)


@pytest.mark.parametrize("target", [PORTABLE, RELAXED], ids=["portable", "relaxed"])
@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_errors_stay_below_their_bound(name, target, rng):
    draw, truth, bound = (ONE | TWO)[name]
    arrays = [draw(rng) for _ in range(1 if name in ONE else 2)]
    if name == "tanh_shrink":
        wide = [x.astype(np.longdouble) for x in arrays]  # x - tanh(x) has lost half of its digits in float64
        exact = np.where(np.abs(wide[0]) < 1e-2, wide[0] ** 3 / 3 - 2 * wide[0] ** 5 / 15, truth(*wide))
    else:
        exact = truth(*(x.astype("float64") for x in arrays))
    inputs, value = trace(getattr(fn, name), arrays)
    compiled = compile(Module({"f": Graph(inputs, {"y": value})}, {}), target)
    found = WasmEngine(compiled.program, compiled.code).call("f", {f"x{k}": x for k, x in enumerate(arrays)})["y"]
    worst = errors(found, exact.astype("float64"))
    place = int(worst.argmax())
    assert worst[place] <= bound, f"{name}({[x[place] for x in arrays]}) is {found[place]}, not {exact[place]}"


def test_slopes_near_zero_keep_their_digits():
    from ops.cases import gradients

    x = np.float32([1e-6, -1e-4, 1e-3, 0.1, 0.24])
    exact = x.astype("float64")
    ones = np.ones_like(x)
    (found,) = gradients(fn.sinc, x, weights=ones)
    turn = np.pi * exact
    np.testing.assert_allclose(
        found, -np.pi * turn / 3 * (1 - turn**2 / 10 + turn**4 / 280 - turn**6 / 15120), rtol=2e-5
    )
    (found,) = gradients(fn.tanh_shrink, x, weights=ones)
    np.testing.assert_allclose(found, np.tanh(exact) ** 2, rtol=2e-5)
    (found,) = gradients(fn.sinh, x, weights=ones)
    np.testing.assert_allclose(found, np.cosh(exact), rtol=1e-6)
