"""Which instructions may a scalar expression use? One row each; what a target cannot spell is decomposed.

`ir.evaluate` holds what each row means.
"""

# name: (number of arguments, which dtypes, result: "same" as the first argument, "bool", or "attribute": the node's)
SCALARS: dict[str, tuple[int, str, str]] = {
    "neg": (1, "float int", "same"),
    "abs": (1, "float int", "same"),
    "sqrt": (1, "float", "same"),
    "floor": (1, "float", "same"),
    "ceil": (1, "float", "same"),
    "trunc": (1, "float", "same"),
    "nearest": (1, "float", "same"),  # ties to even, IEEE 754 roundToIntegralTiesToEven
    "exp": (1, "float", "same"),
    "log": (1, "float", "same"),
    "tanh": (1, "float", "same"),
    "erf": (1, "float", "same"),
    "sin": (1, "float", "same"),
    "cos": (1, "float", "same"),
    "add": (2, "float int", "same"),
    "sub": (2, "float int", "same"),
    "mul": (2, "float int", "same"),
    "div": (2, "float", "same"),
    "quotient": (2, "int", "same"),  # towards zero; the divisor is not 0
    "remainder": (2, "int", "same"),  # sign of the dividend; the divisor is not 0
    "min": (2, "float int", "same"),  # NaN if either is NaN; -0 < +0
    "max": (2, "float int", "same"),
    "and": (2, "int bool", "same"),
    "or": (2, "int bool", "same"),
    "xor": (2, "int bool", "same"),
    "not": (1, "bool", "same"),
    "shift_left": (2, "int", "same"),  # by the count modulo the width
    "shift_right": (2, "int", "same"),  # arithmetic for signed, logical for unsigned
    "eq": (2, "float int bool", "bool"),
    "ne": (2, "float int bool", "bool"),
    "lt": (2, "float int", "bool"),
    "le": (2, "float int", "bool"),
    "gt": (2, "float int", "bool"),
    "ge": (2, "float int", "bool"),
    "select": (3, "float int bool", "second"),
    "guard": (3, "float int bool", "second"),
    "cast": (1, "float int bool", "attribute"),  # float to int: towards zero, saturating, NaN to 0
    "bitcast": (1, "float int", "attribute"),  # between 4-byte dtypes
}


# Each target has its own approximation of these, so that no other value may take its place at compile time.
APPROXIMATE = frozenset({"exp", "log", "tanh", "erf", "sin", "cos"})
