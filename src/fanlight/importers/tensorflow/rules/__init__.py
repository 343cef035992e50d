"""What does each of TensorFlow's operations mean?"""

from fanlight.importers.graphs.table import RULES
from fanlight.importers.tensorflow.rules.table import op
from fanlight.ops import functions as fn


@op("Identity")
def identity(use, x):
    return x


@op("MatMul")
def matmul(use, a, b):
    a = fn.transpose(a, (1, 0)) if use["transpose_a"] else a
    b = fn.transpose(b, (1, 0)) if use["transpose_b"] else b
    return a @ b


@op("Add", "AddV2", "BiasAdd")
def add(use, a, b):
    return a + b


@op("Mul")
def mul(use, a, b):
    return a * b


@op("Sub")
def sub(use, a, b):
    return a - b


@op("Relu")
def relu(use, x):
    return fn.relu(x)


@op("Rsqrt")
def rsqrt(use, x):
    return 1.0 / fn.sqrt(x)


@op("Softmax")
def softmax(use, x):
    return fn.softmax(x)


@op("Reshape", settings=(1,))
def reshape(use, x, shape):
    return fn.reshape(x, use.dims(shape, "a shape"))


@op("TopKV2", settings=(1,))
def top_k(use, x, k):
    return fn.top_k(x, use.ints(fn.reshape(k, (1,)), "k")[0])


__all__ = ["RULES"]
