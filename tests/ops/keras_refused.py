"""Which functions of keras.ops does Fanlight not have, and why? A reason for each, which docs/ops.md repeats."""

COMPLEX = "Fanlight has no complex dtype"

# Name in keras.ops -> why there is none.
REFUSED = {
    "eig": f"the eigenvalues of a general matrix are complex; {COMPLEX}; `eigh` is for symmetric ones",
    "view_as_complex": COMPLEX,
    "view_as_real": COMPLEX,
}

# What looks at tensors, not at values in a graph -> the test that knows it.
ELSEWHERE = {
    "convert_to_numpy": "tests/test_tensor.py",
    "is_tensor": "tests/test_tensor.py",
}
