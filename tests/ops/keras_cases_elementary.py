"""Arithmetic, roots, exponentials, logarithms and rounding, element by element, against keras.ops."""

from ops.keras_cases import SPECIAL, case, integers, normal, uniform

X, P = normal(2, 3), uniform(0.1, 4, 17)


def over_all(*first):
    """Cases of a function of one operand that is defined everywhere: `first`, then special values and integers."""
    specials = case(SPECIAL, gradient="special values")
    return [*(case(x) for x in first), specials, case(integers(-3, 4, 2, 5))]


CASES = {
    "exp": over_all(X),
    "log": [case(P), case(SPECIAL, gradient="special values"), case(integers(1, 9, 5))],
    "tanh": over_all(X),
}
