"""Arithmetic, powers, waves, rounding and their like, element by element, against keras.ops."""

import numpy as np

from ops.keras_cases import SPECIAL, bools, case, distinct, integers, normal, uniform, wide, with_nan

X, Y, P = normal(2, 3), normal(2, 3), uniform(0.2, 4, 17)
K, J = integers(-9, 10, 2, 5), integers(1, 7, 2, 5)
EDGES = "special values"
JUMPS = "its gradient is 0 in both, or not defined"


def unary(*first, special=True, gradient=True):
    """Cases of a function of one operand: `first`, then one element, special values, integers and bools."""
    cases = [case(x, gradient=gradient) for x in first]
    cases.append(case(first[0].ravel()[:1].reshape(()), gradient=gradient))
    cases += [case(SPECIAL, gradient=EDGES)] if special else []
    return [*cases, case(integers(1, 4, 5)), case(bools(3))]


# Pairs of special values, each with each.
LEFT, RIGHT = (np.ascontiguousarray(x.ravel()) for x in np.meshgrid(SPECIAL, SPECIAL))


def binary(x=X, y=Y, special=True, whole=True, gradient=True):
    """Cases of a function of two operands: equal shapes, broadcast ones, numbers, special values, mixed dtypes."""
    cases = [case(x, y, gradient=gradient), case(x, y[:1], gradient=gradient), case(x[:, :1], y, gradient=gradient)]
    cases += [case(x, 2.0, gradient=gradient), case(3, y, gradient=gradient), case(x, J[:, :3], gradient=gradient)]
    cases += [case(LEFT, RIGHT, gradient=EDGES)] if special else []
    if whole:
        cases += [case(K, J), case(K, 3), case(K.astype("uint8"), J.astype("uint8")), case(K, J.astype("uint8"))]
        cases += [case(K.astype("int8"), J.astype("int8")), case(K.astype("int8"), 3)]
    return cases


WIDE = np.float32([-1e20, -300, -1.5, 0, 1.5, 300, 1e20])


def saturated(x, dtype):
    """Keras's limits for floats raise NumPy's warnings."""
    ends = np.iinfo(dtype)
    return np.clip(x.astype("float64"), ends.min, ends.max).astype(dtype)


SMALL = [case(K.astype("int8"), J.astype("int8"))]
NEGATIVE = [case(np.arange(-128, 128, 3).astype("int8"))]  # the smallest number is its own negative

CASES = {
    # Arithmetic
    "abs": [*unary(X), case(K), *NEGATIVE],
    "absolute": [*unary(X), case(K), *NEGATIVE],
    "add": [*binary(), case(bools(4), bools(4))],
    "ceil": unary(X * 1.5, gradient=JUMPS),
    "clip": [
        case(X, -1.0, 1.0), case(K, -2, 2), case(X, Y, 5.0), case(bools(4), 0, 1),
        case(SPECIAL, -1.0, 2.0, gradient=EDGES),
    ],
    "divide": binary(y=P[:6].reshape(2, 3)),
    "divide_no_nan": [case(X, Y), case(X, np.float32([0, 2, 0])), case(LEFT, RIGHT, gradient=EDGES)],
    "fabs": unary(X),
    "floor": unary(X * 1.5, gradient=JUMPS),
    "floor_divide": binary(gradient=JUMPS, special=False),
    "fmax": binary(),
    "fmin": binary(),
    "fmod": binary(special=False),
    "maximum": binary(),
    "minimum": binary(),
    "mod": binary(special=False),
    "multiply": [*binary(), case(bools(4), bools(4))],
    "negative": [case(X), case(K), *NEGATIVE, case(SPECIAL)],
    "power": [
        *(case(P.reshape(1, 17), y) for y in (normal(3, 1), 2, -1, 0.5, 3.0)),
        *(case(X, y) for y in (2, 3, -2, 2.0)),
        case(2.0, X), case(integers(-5, 6, 4, 1), integers(0, 9, 6)), case(K, 3),
        case(LEFT, RIGHT, gradient=EDGES),
    ],
    "reciprocal": [case(P), case(SPECIAL, gradient=EDGES)],
    "round": [
        case(distinct(2, 9), gradient=JUMPS), case(np.float32([0.5, 1.5, 2.5, -0.5, -1.5]), gradient=JUMPS),
        case(normal(20) * 10, decimals=1, gradient=JUMPS), case(normal(20) * 100, decimals=-1, gradient=JUMPS),
        case(integers(-999, 999, 9), decimals=-2), case(K), case(SPECIAL, gradient=EDGES),
    ],
    "sign": [*unary(X, gradient=JUMPS)[:3], case(K), *NEGATIVE],
    "square": [case(X), case(K), case(SPECIAL, gradient=EDGES)],
    "subtract": binary(),
    "true_divide": binary(y=P[:6].reshape(2, 3)),
    "trunc": [case(X * 3, gradient=JUMPS), case(K), case(SPECIAL, gradient=EDGES)],
    "stop_gradient": [case(X)],
    # Roots, exponentials, logarithms
    "cbrt": [case(X), case(P), case(SPECIAL, gradient=EDGES)],
    "erf": [case(X), case(SPECIAL, gradient=EDGES)],
    "erfc": [case(X), case(uniform(-3, 9, 40)), case(SPECIAL, gradient=EDGES)],
    "erfinv": [case(uniform(-0.95, 0.95, 17))],
    "exp": unary(X),
    "exp2": unary(X, X * 20),
    "expm1": unary(X, X * 1e-4),
    "i0": [case(X), case(uniform(-30, 30, 40)), case(SPECIAL[3:], gradient=EDGES)],
    "hypot": [
        case(X, Y), case(X * np.float32(1e25), Y * np.float32(1e25), gradient="JAX squares the longer side"),
        case(LEFT, RIGHT, gradient=EDGES),
    ],
    "ldexp": [case(X, integers(-9, 9, 3)), case(SPECIAL, 4, gradient=EDGES), case(K, 2)],
    "log": unary(P),
    "log10": unary(P),
    "log1p": unary(P, P * 1e-4),
    "log2": unary(P),
    "logaddexp": binary(),
    "logaddexp2": binary(special=False),
    "rsqrt": [case(P)],
    "sqrt": unary(P),
    # Waves and angles
    "arccos": unary(uniform(-0.95, 0.95, 17)),
    "arccosh": unary(uniform(1.1, 9, 17)),
    "arcsin": unary(uniform(-0.95, 0.95, 17)),
    "arcsinh": unary(X, X * 1e-3, X * np.float32(1e20)),
    "arctan": unary(X),
    "arctan2": [case(X, Y), case(X, 1.0), case(K, J), case(LEFT, RIGHT, gradient=EDGES)],
    "arctanh": unary(uniform(-0.95, 0.95, 17)),
    "cos": [*unary(X, special=False), case(SPECIAL[:10], gradient=EDGES)],
    "cosh": unary(X, X * 10),
    "deg2rad": unary(X * 30),
    "rad2deg": unary(X),
    "sin": [*unary(X, special=False), case(SPECIAL[:10], gradient=EDGES)],
    "sinc": [  # JAX's slopes lose digits near 0
        case(X), case(normal(9) * 0.1, atol=1e-5), case(np.float32([0, 1, -2]), atol=1e-5), case(integers(-3, 4, 5)),
    ],
    "sinh": unary(X, X * 1e-3),
    "tan": [*unary(X, special=False), case(SPECIAL[:10], gradient=EDGES)],
    "tanh": unary(X, X * 1e-3),
    # Parts and neighbours of numbers
    "gcd": [case(integers(-40, 41, 5, 6), integers(-40, 41, 6)), case(integers(0, 200, 9, dtype="uint8"), 12), *SMALL],
    "heaviside": [
        case(X, 0.5), case(np.float32([0, 0, 1]), np.float32([0.3, 0.7, 2])), case(SPECIAL, 0.5, gradient=EDGES),
    ],
    "lcm": [case(integers(-20, 21, 5, 6), integers(-20, 21, 6)), case(integers(0, 12, 9, dtype="uint8"), 12), *SMALL],
    "nan_to_num": [
        case(SPECIAL), case(with_nan(X), nan=1.5), case(K),
        case(SPECIAL, nan=7.0, posinf=2.0, neginf=-3.0),
    ],
    "nextafter": [
        # XLA takes subnormal numbers for 0, so that NumPy tells here.
        case(LEFT, RIGHT, oracle=np.nextafter),
        case(X, Y, gradient="not differentiable in JAX"),
    ],
    "saturate_cast": [
        *(case(WIDE, dtype, oracle=saturated) for dtype in ("uint8", "int8", "int32")),
        *(case(integers(-999, 999, 12), dtype) for dtype in ("uint8", "int8", "uint32", "int32")),
        case(integers(-999, 999, 12), "float32", oracle=lambda x, dtype: x.astype(dtype)),  # Keras gives -2^31 for all
        case(bools(4), "uint8"), case(integers(0, 300, 9, dtype="uint8"), "int32"),
    ],
    "cast": [
        *(case(X, dtype) for dtype in ("float32", "int32", "uint8", "bool") if dtype != "uint8"),
        case(K, "float32"), case(K, "bool"), case(J, "uint8"), case(J, "int8"), case(bools(4), "float32"),
        case(J.astype("int8"), "float32"), case(K.astype("int8"), "int32"), case(np.float32([-3, 2.7, 90]), "int8"),
    ],
    "where": [
        case(bools(2, 3), X, Y), case(bools(3), X, 0.0), case(bools(2, 1), 1, K[:, :3]), case(X > 0, X, Y[:1]),
        case(K[:, :3], X, Y),
    ],
}  # fmt: skip

# Integers of 64 bits, and unsigned ones, against NumPy.
LONG, OTHER = wide(4, 5), wide(4, 5) | 1
WORDS = integers(1, 2**32 - 1, 3, 4, dtype="uint32")
for name in ("add", "subtract", "multiply", "maximum", "minimum", "floor_divide", "mod", "fmod", "gcd"):
    pairs = (LONG, OTHER), (WORDS, WORDS[:1])
    CASES[name] = [*CASES[name], *(case(*each, oracle=getattr(np, name)) for each in pairs)]
for name in ("abs", "negative", "sign", "square"):
    CASES[name] = [*CASES[name], case(LONG, oracle=getattr(np, name))]
CASES["power"] = [
    *CASES["power"],
    case(LONG, integers(0, 9, 5, dtype="int64"), oracle=np.power),
    case(WORDS, 3, oracle=np.power),
]
CASES["where"] = [*CASES["where"], case(bools(4, 5), LONG, OTHER, oracle=np.where)]
