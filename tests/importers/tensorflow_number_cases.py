"""Which cases are there of TensorFlow's operations on numbers? Elementwise ones, reductions, products, signals."""

from __future__ import annotations

import numpy as np

from importers.tensorflow_case import bools, case, floats, ints, known, listed, pairs

EDGES = listed(-2.5, -1.5, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5, 2.5)
ODD = listed(np.nan, np.inf, -np.inf, 0.0, 1.0)

for name in ("Abs", "Ceil", "Floor", "Neg", "Rint", "Round", "Sign", "Square", "Exp", "Expm1", "Cos", "Sin", "Sinh"):
    case(name, EDGES)
    case(name, floats(2, 3))
for name in ("Atan", "Asinh", "Cosh", "Erf", "Erfc", "Tan", "BesselI0", "Sigmoid", "Tanh", "Softplus", "Softsign"):
    case(name, EDGES)
    case(name, floats(2, 3))
for name in ("Relu", "Relu6", "Elu", "Selu", "LeakyRelu"):
    case(name, EDGES)
    case(name, floats(2, 3) * np.float32(5))
for name in ("Abs", "Neg", "Sign", "Square", "Relu", "Relu6"):
    case(name, ints(2, 4))
case("LeakyRelu", floats(3, 2), alpha=0.01)
case("LeakyRelu", EDGES, alpha=0.5)
for name in ("Acos", "Asin", "Atanh", "Erfinv"):
    case(name, floats(2, 4, low=-0.95))
for name in ("Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Inv"):
    case(name, floats(2, 4, low=0.1, high=5.0))
case("Acosh", floats(2, 4, low=1.1, high=5.0))
case("Reciprocal", floats(2, 4, low=-5.0, high=-0.1))
for name in ("IsNan", "IsInf", "IsFinite"):
    case(name, ODD)
case("LogicalNot", bools(2, 3))
for dtype in ("int32", "int64", "uint8", "int8"):
    case("Invert", ints(5, low=0, high=9, dtype=dtype))

for name in ("Add", "AddV2", "Sub", "Mul", "RealDiv", "Div", "Maximum", "Minimum", "SquaredDifference", "DivNoNan"):
    case(name, floats(2, 3), floats(2, 3, salt=1))
    case(name, floats(2, 1, 3), floats(4, 1, salt=1))
    case(name, floats(), floats(3, salt=1))
for name in ("AddV2", "Sub", "Mul", "Maximum", "Minimum"):
    for dtype in ("int32", "int64"):
        case(name, ints(2, 3, dtype=dtype), ints(3, dtype=dtype, salt=1))
case("AddV2", ints(2, 3, low=0, high=250, dtype="uint8"), ints(3, low=0, high=250, dtype="uint8"))
case("Maximum", listed(1, 2, 3), listed(1, 3, 2))
case("Minimum", listed(1, 2, 3), listed(1, 3, 2))
for name in ("Div", "TruncateDiv", "FloorDiv", "FloorMod", "Mod", "TruncateMod"):
    for dtype in ("int32", "int64"):
        case(name, listed(-7, -6, -1, 0, 5, 6, 7, dtype=dtype), listed(3, dtype=dtype))
        case(name, listed(-7, -6, -1, 0, 5, 6, 7, dtype=dtype), listed(-4, dtype=dtype))
case("Div", listed(7, 9, 200, dtype="uint8"), listed(2, 4, 7, dtype="uint8"))
for name in ("FloorDiv", "FloorMod", "Mod"):
    case(name, listed(-7, -6.5, -1, 0, 5, 6.5), listed(2.0))
case("FloorMod", listed(-7, -6.5, -1, 0, 5, 6.5), listed(-2.0))
case("DivNoNan", listed(1, 2, 0), listed(0, 4, 0))
case("MulNoNan", listed(np.inf, 2, np.nan), listed(0, 4, 0), unlike=(1,))
for name in ("Xdivy", "Xlogy", "Xlog1py"):
    case(name, listed(0, 2, 3), listed(4, 0.5, 2))
case("Xlogy", listed(0, 2), listed(0.0, 0.5))
case("Atan2", floats(3, 4), floats(4, salt=1))
case("Pow", floats(2, 3, low=0.1, high=3.0), floats(2, 3, salt=1))
case("Pow", floats(2, 3, low=0.1, high=3.0), floats(3, salt=1))
case("Pow", listed(0.0, 2.0, 3.0), listed(2.0, 0.0, 3.0))
for exponent in (2.0, 3.0, 0.5, -0.5, -1.0, 1.7):
    case("Pow", floats(2, 3, low=0.1, high=3.0), known(exponent, "float32"))
case("Pow", floats(3), known([[2.0]], "float32"))
case("Pow", ints(3), ints(3, low=0, high=4))
for name in ("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"):
    case(name, ints(3, 4, low=0, high=3).astype("float32"), ints(4, low=0, high=3, salt=1).astype("float32"))
    case(name, ints(3, 4, low=0, high=3), ints(1, low=0, high=3, salt=1))
    case(name, ints(6, low=-2, high=3, dtype="int64"), ints(6, low=-2, high=3, dtype="int64", salt=1))
case("Equal", bools(4), bools(4, salt=1))
case("Equal", ODD, ODD)
case("ApproximateEqual", listed(1, 2, 3), listed(1.05, 2.2, 3), tolerance=0.1)
case("ApproximateEqual", listed(1, 2), listed(1, 2.1))
for name in ("LogicalAnd", "LogicalOr"):
    case(name, bools(3, 4), bools(4, salt=1))
for name in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
    for dtype in ("int32", "int64", "uint8"):
        case(name, ints(4, low=0, high=99, dtype=dtype), ints(4, low=0, high=99, dtype=dtype, salt=1))
for name in ("LeftShift", "RightShift"):
    case(name, listed(1, -5, 7, 9, 1, -9, dtype="int32"), listed(0, 1, 3, 5, 40, 40, dtype="int32"))
    case(name, listed(1, 5, 255, dtype="uint8"), listed(1, 2, 3, dtype="uint8"))
case("BiasAdd", floats(2, 3, 4), floats(4))
case("BiasAdd", floats(2, 3), floats(3))
case("BiasAdd", floats(2, 3, 2, 2), floats(3), data_format="NCHW")
case("BiasAddV1", floats(2, 3), floats(3))
case("AddN", floats(2, 3), floats(2, 3, salt=1), floats(2, 3, salt=2))
case("AddN", ints(4))
case("AccumulateNV2", floats(2, 3), floats(2, 3, salt=1), shape=(2, 3))
case("ClipByValue", EDGES, listed(-1.0)[0], listed(1.5)[0])
case("ClipByValue", floats(2, 3), floats(2, 3, salt=1, low=-1.0, high=0.0), floats(2, 3, salt=2, low=0.0))
case("Prelu", floats(2, 3), floats(3, salt=1), by=lambda tf, x, a: tf.where(x > 0, x, x * a))

for source in (floats(6) * np.float32(9), ints(6), ints(6, dtype="int64"), bools(6), ints(6, low=0, dtype="uint8")):
    for target in ("float32", "int32", "int64", "bool"):
        case("Cast", source, DstT=target)
case("Cast", floats(3), DstT="float64", by=lambda tf, x: x, SrcT="float32")
case("Cast", ints(3, low=0), DstT="uint8")
case("Bitcast", floats(4), type="int32")
case("Bitcast", ints(4), type="float32")
case("Select", bools(2, 3), floats(2, 3), floats(2, 3, salt=1))
case("Select", bools(2), floats(2, 3), floats(2, 3, salt=1))
case("Select", np.asarray(True), floats(2, 3), floats(2, 3, salt=1))
case("SelectV2", bools(3), floats(2, 3), floats(2, 1, salt=1))
case("SelectV2", bools(2, 1), ints(3), ints(1, salt=1))
for name in ("Identity", "StopGradient", "PreventGradient", "Snapshot"):
    case(name, floats(2, 3))
    case(name, ints(3))
case("CheckNumerics", floats(3), message="no")
case("DeepCopy", floats(3))
case("PlaceholderWithDefault", floats(2, 3), shape=(2, 3))
case("IdentityN", floats(2), ints(3))
case("EnsureShape", floats(2, 3), shape=(None, 3))
case("Print", floats(2, 3), floats(2), by=lambda tf, x, y: tf.identity(x))

# Reductions

for name in ("Sum", "Mean", "Max", "Min", "Prod", "EuclideanNorm"):
    for axes in (0, [1], [-1, 0], [0, 1, 2], []):
        case(name, floats(2, 3, 2), known(axes))
    case(name, floats(2, 3), known(1), keep_dims=True)
for name in ("Sum", "Mean", "Max", "Min", "Prod"):
    case(name, ints(3, 4), known([0]))
    case(name, ints(3, 4, dtype="int64"), known([1]), keep_dims=True)
case("Mean", listed(-3, -4, dtype="int32"), known(0))
case("Max", listed(1, 3, 3, 2), known(0))
case("Sum", ints(4, 9, low=0, high=99, dtype="uint8"), known(1))
for name in ("All", "Any"):
    case(name, bools(3, 4), known([1]))
    case(name, bools(3, 4), known([0, 1]), keep_dims=True)
for name in ("ArgMax", "ArgMin"):
    case(name, floats(3, 4), known(1))
    case(name, floats(3, 4), known(-2), output_type="int32")
    case(name, listed(1, 3, 3, 1, dtype="int32"), known(0))
for name in ("Cumsum", "Cumprod"):
    for exclusive in (False, True):
        for reverse in (False, True):
            case(name, floats(3, 4), known(1), exclusive=exclusive, reverse=reverse)
    case(name, ints(5), known(0))
    case(name, floats(2, 3, 2), known(-2))
case("CumulativeLogsumexp", floats(3, 4), known(1))
case("CumulativeLogsumexp", floats(3, 4), known(0), reverse=True)
case("L2Loss", floats(3, 4))
case("Bincount", ints(9, low=0, high=7), known(6), floats(0))
case("Bincount", ints(9, low=0, high=7), known(6), floats(9))
case("Bincount", ints(2, 4, low=0, high=4), known(4), ints(0))
for binary in (False, True):
    case("DenseBincount", ints(9, low=0, high=7), known(6), floats(0), binary_output=binary)
    case("DenseBincount", ints(3, 5, low=0, high=7), known(6), ints(0), binary_output=binary)
case("DenseBincount", ints(3, 5, low=0, high=4), known(4), floats(3, 5))
for name in ("Sum", "Prod", "Max", "Min"):
    case(f"Segment{name}", floats(5, 2), known([0, 0, 1, 3, 3]))
    case(f"UnsortedSegment{name}", floats(5, 2), listed(2, 0, 2, 1, 0, dtype="int32"), known(4))
    case(f"UnsortedSegment{name}", floats(2, 3, 2), ints(2, 3, low=-1, high=3), known(3))
    case(f"UnsortedSegment{name}", ints(5), listed(2, 0, 2, 1, 0, dtype="int32"), known(3))
case("SegmentSum", ints(5), known([0, 1, 1, 1, 4], "int64"))
case("SegmentMean", floats(5, 2), known([0, 0, 1, 3, 3]))
case("SparseSegmentSum", floats(4, 2), ints(3, low=0, high=4), known([0, 0, 2]))
case("SparseSegmentMean", floats(4, 2), ints(3, low=0, high=4), known([0, 0, 1]))

# Products

case("MatMul", floats(2, 3), floats(3, 4))
case("MatMul", floats(3, 2), floats(4, 3), transpose_a=True, transpose_b=True)
case("MatMul", floats(2, 3), floats(4, 3), transpose_b=True)
case("MatMul", ints(2, 3), ints(3, 2))
for name in ("BatchMatMul", "BatchMatMulV2"):
    case(name, floats(2, 2, 3), floats(2, 3, 2))
    case(name, floats(2, 3, 2), floats(2, 2, 3), adj_x=True, adj_y=True)
case("BatchMatMulV2", floats(2, 1, 2, 3), floats(3, 3, 2))
case("BatchMatMulV3", floats(2, 2, 3), floats(2, 3, 2), Tout="float32")
case("BatchMatMulV3", ints(2, 2, 3, dtype="int8"), ints(2, 3, 2, dtype="int8"), Tout="int32")
for equation, shapes in {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "bij,bkj->bik": ((2, 2, 3), (2, 4, 3)),
    "...ij,jk->...ik": ((2, 1, 2, 3), (3, 2)),
    "abc,cd,->bda": ((2, 3, 2), (2, 3), ()),
    "ijk->ki": ((2, 3, 4),),
    "ii->i": ((3, 3),),
}.items():
    if len(shapes) <= 2:
        case("Einsum", *(floats(*shape, salt=k) for k, shape in enumerate(shapes)), equation=equation)
for fused in (["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Elu"], ["BiasAdd", "Relu6"], ["BiasAdd", "Tanh"],
              ["BiasAdd", "Sigmoid"], ["BiasAdd", "LeakyRelu"]):  # fmt: skip
    case("_FusedMatMul", floats(2, 3), floats(3, 4), floats(4), fused_ops=fused, num_args=1)
case("_FusedMatMul", floats(2, 3), floats(4, 3), floats(4), fused_ops=["BiasAdd", "Relu"], num_args=1, transpose_b=True)
case("_FusedMatMul", floats(2, 3), floats(3, 4), floats(4), fused_ops=["BiasAdd", "LeakyRelu"], num_args=1,
     leakyrelu_alpha=0.4)  # fmt: skip
case("_FusedMatMul", floats(2, 3), floats(3, 4), floats(4), floats(4, salt=2), fused_ops=["BiasAdd", "Prelu"],
     num_args=2, by=lambda tf, x, w, b, a: tf.where(x @ w + b > 0, x @ w + b, (x @ w + b) * a))  # fmt: skip
for exact, name in ((False, "GeluApproximate"), (True, "GeluExact")):
    case("_FusedMatMul", floats(2, 3), floats(3, 4), floats(4), fused_ops=["BiasAdd", name], num_args=1,
         by=lambda tf, x, w, b, exact=exact: tf.nn.gelu(x @ w + b, not exact))  # fmt: skip

case("Cross", floats(2, 3), floats(2, 3, salt=1))
SQUARE = floats(2, 3, 3) + 3 * np.eye(3, dtype="float32")
for adjoint in (False, True):
    case("MatrixInverse", SQUARE, adjoint=adjoint)
case("Cholesky", SQUARE @ SQUARE.transpose(0, 2, 1), unlike=(0,))

# Softmax, losses, levels

for name in ("Softmax", "LogSoftmax"):
    case(name, floats(3, 4))
    case(name, floats(4) * np.float32(90))
    case(name, floats(2, 2, 3))
LABELS = listed([0.1, 0.2, 0.7, 0], [0.25, 0.25, 0.25, 0.25], [0, 0, 1, 0])
case("SoftmaxCrossEntropyWithLogits", floats(3, 4), LABELS, unlike=(1,))
case("SoftmaxCrossEntropyWithLogits", floats(3, 4), LABELS, outputs=1)
case("SparseSoftmaxCrossEntropyWithLogits", floats(3, 4), ints(3, low=0, high=4), outputs=1)
case("SparseSoftmaxCrossEntropyWithLogits", floats(3, 4), ints(3, low=0, high=4, dtype="int64"))
ENDS = listed(-1.0, 1.1)
UNEVEN = floats(12) * np.float32(1.0371)  # no number lies in the middle of two levels
for narrow in (False, True):
    for bits in (8, 4):
        case("FakeQuantWithMinMaxVars", UNEVEN, ENDS[0], ENDS[1], num_bits=bits, narrow_range=narrow)
case("FakeQuantWithMinMaxVars", UNEVEN, listed(0.0)[0], listed(1.7)[0])
case("FakeQuantWithMinMaxArgs", UNEVEN)
case("FakeQuantWithMinMaxArgs", UNEVEN, min=-1.0, max=0.7, num_bits=5)
case("FakeQuantWithMinMaxVarsPerChannel", UNEVEN.reshape(4, 3), listed(-1, -0.5, -2), listed(1, 0.6, 1.5))

# Signals

case("Complex", floats(2, 3), floats(2, 3, salt=1))
for name in ("Real", "Imag", "Angle", "ComplexAbs", "Conj", "Identity", "Neg"):
    case(name, pairs(2, 3))
for name in ("Add", "AddV2", "Sub", "Mul"):
    case(name, pairs(2, 3), pairs(3, salt=2))
case("Reshape", pairs(2, 3), known([3, -1]))
for name in ("FFT", "IFFT"):
    for count in (1, 5, 8):
        case(name, pairs(2, count))
for name in ("FFT2D", "IFFT2D"):
    case(name, pairs(2, 3, 4))
for length in (8, 6, 5):
    case("RFFT", floats(2, 8), known([length]))
for length in (8, 6, 9):
    case("IRFFT", pairs(2, 5), known([length]))

case("Bucketize", floats(3, 4), boundaries=[-0.5, 0.0, 0.5])
case("Bucketize", ints(2, 5), boundaries=[-2.0, 1.0, 2.0])
