"""Which operation of Keras's graph is which function of `fl.*`? A table, for reading and for writing Keras files.

In: a class such as `Multiply`, or a function's name. Out: the other one, and which arguments stand in the operation's
config. Facts of keras.src.ops, Keras 3.15; a test compares them with Keras.
"""

from __future__ import annotations

import inspect
import re

from fanlight.layers.operation import SEVERAL, known_function
from fanlight.ops.operators import ARRAYS

PAIR = "Operand | Pair"
# The classes in each module of keras.src.ops.
CLASSES = {
    "numpy": """
        Abs Absolute Add All Amax Amin Angle Any Append Arccos Arccosh Arcsin Arcsinh Arctan Arctan2 Arctanh
        Argmax Argmin Argpartition Argsort ArraySplit Average BitwiseAnd BitwiseInvert BitwiseLeftShift
        BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo Cbrt Ceil Clip Concatenate Conj Conjugate
        Corrcoef Correlate Cos Cosh CountNonzero Cross Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff
        Digitize Divide DivideNoNan Dot Dsplit Dstack Einsum Equal Exp Exp2 ExpandDims Expm1 Fabs Flip Fliplr
        Flipud Floor FloorDivide Fmax Fmin Fmod Gcd GetItem Greater GreaterEqual Heaviside Hsplit Hstack Hypot
        I0 Imag Inner Isclose Isfinite Isinf Isnan Isneginf IsIn Isposinf Isreal Kron Lcm Ldexp LeftShift Less
        LessEqual Log Log10 Log1p Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor Matmul
        Max Maximum Mean Median Min Minimum Mod Moveaxis Multiply NanToNum Nanargmax Nanargmin Nancumprod
        Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar
        Negative Nextafter NotEqual OnesLike Outer Pad Percentile Power Prod Ptp Quantile Rad2deg Ravel Real
        Reciprocal Repeat Reshape RightShift Roll Rot90 Round SearchSorted Sign Signbit Sin Sinc Sinh Slogdet
        Sort Split Sqrt Square Squeeze Stack Std Subtract Sum Swapaxes Take TakeAlongAxis Tan Tanh Tensordot
        Tile Trace Transpose Trapezoid Tril Triu TrueDivide Trunc UnravelIndex Vander Var Vdot Vsplit Vstack
        Where ZerosLike
    """,
    "nn": """
        AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm BinaryCrossentropy CTCLoss
        CategoricalCrossentropy Celu Conv ConvTranspose DepthToSpace DepthwiseConv DotProductAttention Elu Fold
        Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm LeakyRelu LogSigmoid LogSoftmax MaxPool
        Moments MultiHot Normalize OneHot PSNR Polar Relu Relu6 Selu SeparableConv Sigmoid Silu SoftShrink
        Softmax Softplus Softsign SpaceToDepth RMSNorm SparseCategoricalCrossentropy SparsePlus SparseSigmoid
        Sparsemax Squareplus TanhShrink Threshold Unfold
    """,
    "math": """
        CDist Erf Erfc Erfinv InTopK Logdet Logsumexp RFFT Rsqrt STFT SegmentMax SegmentMin SegmentProd
        SegmentSum TopK
    """,
    "core": """
        Cast SaturateCast Scatter ScatterUpdate StopGradient Unstack
    """,
    "linalg": """
        Cholesky CholeskyInverse Det Eigh Inv Lstsq LuFactor MatrixRank Norm Pinv Qr Solve SolveTriangular
    """,
    "image": """
        AffineTransform CropImages ExtractPatches GaussianBlur HSVToRGB MapCoordinates PadImages
        PerspectiveTransform RGBToGrayscale RGBToHSV Resize SSIM SobelEdges
    """,
}
# Functions that are not called as their classes are.
NAMES = {
    **{"BatchNorm": "batch_normalization", "LayerNorm": "layer_normalization", "RMSNorm": "rms_normalization"},
    **{"CDist": "cdist", "IsIn": "isin", "SearchSorted": "searchsorted"},
}
# Arguments of the operation's call, where they are not those of the function that are arrays.
CALLED_WITH = {
    **dict.fromkeys(("Amax", "Amin", "Max", "Min", "Clip", "NanToNum", "MatrixRank"), ("x",)),
    **dict.fromkeys(("Nanpercentile", "Nanquantile", "Percentile", "Quantile"), ("x", "q")),
    "GetItem": ("x", "key"),
    "Isclose": ("x1", "x2", "rtol", "atol"),
    "Trapezoid": ("y",),
    "PSNR": ("x1", "x2"),
    "AffineTransform": ("images", "transform"),
    "MapCoordinates": ("inputs", "coordinates"),
    "PerspectiveTransform": ("images", "start_points", "end_points"),
}
MODULE_OF = {name: module for module, names in CLASSES.items() for name in names.split()}


def function_of(kind: str) -> str | None:
    """The function that Keras's operation of that class applies; None for what the table lacks."""
    if kind not in MODULE_OF:
        return None
    text = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
    name = NAMES.get(kind, re.sub("([a-z])([A-Z])", r"\1_\2", text).lower())
    return f"image.{name}" if MODULE_OF[kind] == "image" else name


KIND_OF = {function_of(kind): kind for kind in reversed(MODULE_OF)}


def called_with(kind: str) -> tuple[str, ...]:
    """The arguments that each call of the operation is given; all others stand in its config."""
    parameters = inspect.signature(known_function(str(function_of(kind)))).parameters
    arrays = tuple(name for name, each in parameters.items() if str(each.annotation) in (*ARRAYS, SEVERAL, PAIR))
    return CALLED_WITH.get(kind, arrays)
