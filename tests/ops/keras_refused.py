"""Which functions of keras.ops does Fanlight not have, and why? A reason for each, which docs/ops.md repeats."""

# Name in keras.ops -> why there is none.
REFUSED = {
    "eig": "a general matrix has complex eigenvalues and vectors, which no loop of known length finds; `eigh` is there",
}

# What no case can compare, since it looks at tensors or draws numbers of its own, with what docs/ops.md says of its
# gradient. Their tests: tests/ops/test_image.py, tests/test_tensor.py.
ELSEWHERE = {"convert_to_numpy": "none", "image.elastic_transform": "yes", "is_tensor": "none"}
