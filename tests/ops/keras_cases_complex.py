"""Parts of real and complex numbers against keras.ops: what is complex there is a pair here."""

from ops.keras_cases import SPECIAL, call, case, integers, normal

X, K = normal(2, 3), integers(-9, 10, 2, 5)
REAL = [case(X), case(K)]


def turned(ops, x, y):
    """A complex array of both parts, in either library."""
    return ops.view_as_complex(ops.stack([x, y], -1))


def parts(ops, z):
    """Both parts of a complex array, in either library."""
    return z if isinstance(z, tuple) else (ops.real(z), ops.imag(z))


def of_pairs(name):
    """The function of a complex array."""
    return call(lambda ops, x, y: parts(ops, getattr(ops, name)(turned(ops, x, y))), X, normal(2, 3))


def of_numbers(name):
    """The function of a complex array that gives a real one."""
    return call(lambda ops, x, y: getattr(ops, name)(turned(ops, x, y)), X, normal(2, 3))


CASES = {
    "angle": [case(X), of_numbers("angle"), case(SPECIAL, gradient="special values"), case(K)],
    "conj": [*REAL, of_pairs("conj")],
    "conjugate": [*REAL, of_pairs("conjugate")],
    "imag": [*REAL, of_numbers("imag")],
    "real": [*REAL, of_numbers("real")],
    "view_as_complex": [call(lambda ops, x: parts(ops, ops.view_as_complex(x)), normal(3, 4, 2))],
    "view_as_real": [of_numbers("view_as_real")],
}
