"""The cases of TensorFlow Lite's products, poolings and resizings: floats, int8 and uint8, one scale or many."""

from __future__ import annotations

from typing import Any

import numpy as np

from importers.tflite_case import Known, T, case, floats, known, out, q

SAME, VALID = 0, 1
NONE, RELU, RELU_N1_TO_1, RELU6 = range(4)
CONV, DEPTHWISE, FULL, TURNED = (
    "Conv2DOptions",
    "DepthwiseConv2DOptions",
    "FullyConnectedOptions",
    "TransposeConvOptions",
)


def weights(dtype: str, *shape: int, axis: int | None = None, salt: int = 5) -> Any:
    """A kernel of 8 bits, with one scale, or one for each channel along an axis."""
    found = q(dtype, *shape, scale=0.02, zero=0 if dtype == "int8" else 119, salt=salt)
    if axis is None:
        return known(found.array, scale=0.02, zero=found.zero)
    scales = np.linspace(0.001, 0.05, shape[axis]).astype("float32")
    return known(found.array, scale=scales, zero=0, axis=axis)


def bias(count: int) -> Any:
    return known(np.random.default_rng(9).integers(-4000, 4000, count).astype("int32"), scale=0.001, zero=0)


def image(dtype: str, *shape: int) -> T:
    return q(dtype, *shape, scale=0.05, zero=-7 if dtype == "int8" else 121)


# Floats

for padding in (SAME, VALID):
    for stride in (1, 2):
        case("CONV_2D", floats(2, 7, 8, 3), known(floats(5, 3, 3, 3)), known(floats(5)), kind=CONV, padding=padding,
             stride_h=stride, stride_w=stride, fused_activation_function=RELU6)  # fmt: skip
        case("DEPTHWISE_CONV_2D", floats(2, 7, 8, 3), known(floats(1, 3, 3, 6)), known(floats(6)), kind=DEPTHWISE,
             padding=padding, stride_h=stride, stride_w=stride, depth_multiplier=2)  # fmt: skip
    case("CONV_2D", floats(1, 9, 9, 2), known(floats(4, 3, 2, 2)), known(floats(4)), kind=CONV,
         padding=padding, stride_h=1, stride_w=1,
         dilation_h_factor=2, dilation_w_factor=3)  # fmt: skip
    case("TRANSPOSE_CONV", known([1, 8, 8, 3] if padding == SAME else [1, 9, 9, 3]), known(floats(3, 3, 3, 2)),
         floats(1, 4, 4, 2), kind=TURNED, padding=padding, stride_h=2, stride_w=2)  # fmt: skip
    for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"):
        case(name, floats(2, 7, 8, 3), kind="Pool2DOptions", padding=padding, stride_h=2, stride_w=1, filter_height=3,
             filter_width=2, fused_activation_function=RELU)  # fmt: skip
case(
    "CONV_2D",
    floats(1, 5, 5, 4),
    known(floats(6, 3, 3, 2)),
    known(floats(6)),
    kind=CONV,
    padding=SAME,
    stride_h=1,
    stride_w=1,
)
case("DEPTHWISE_CONV_2D", floats(1, 9, 9, 4), known(floats(1, 3, 3, 4)), known(floats(4)), kind=DEPTHWISE, padding=SAME,
     stride_h=1, stride_w=1, depth_multiplier=1, dilation_h_factor=2, dilation_w_factor=2)  # fmt: skip
case("FULLY_CONNECTED", floats(3, 8), known(floats(5, 8)), known(floats(5)), kind=FULL, fused_activation_function=RELU)
case("FULLY_CONNECTED", floats(3, 8), floats(5, 8, salt=1), None, kind=FULL)
case("FULLY_CONNECTED", floats(2, 3, 8), known(floats(5, 8)), known(floats(5)), kind=FULL, keep_num_dims=True)
case("FULLY_CONNECTED", floats(2, 2, 4), known(floats(5, 8)), known(floats(5)), kind=FULL)
case("BATCH_MATMUL", floats(2, 3, 4), floats(2, 4, 5, salt=1), kind="BatchMatMulOptions")
case("BATCH_MATMUL", floats(2, 4, 3), floats(2, 5, 4, salt=1), kind="BatchMatMulOptions", adj_x=True, adj_y=True)

SEQUENCE = "UnidirectionalSequenceLSTMOptions"
for major in (False, True):
    gates = [known(floats(5, n, salt=k + 10 * n) * 0.4) for n in (3, 5) for k in range(4)]
    biases = [known(floats(5, salt=k)) for k in range(4)]
    states = [Known(T((4 if major else 2, 5), is_variable=True)) for _ in range(2)]
    operands = [*gates, None, None, None, *biases, None, None, *states, None, None, None, None]
    case("UNIDIRECTIONAL_SEQUENCE_LSTM", floats(2, 4, 3), *operands, kind=SEQUENCE, fused_activation_function=4,
         time_major=major, cell_clip=1.0)  # fmt: skip

# 8 bits

for dtype in ("int8", "uint8"):
    zero = -9 if dtype == "int8" else 100
    axes: Any = (None, 0) if dtype == "int8" else (None,)
    x = image(dtype, 2, 7, 8, 3)
    for axis in axes:
        for activation in (NONE, RELU6):
            case("CONV_2D", x, weights(dtype, 5, 3, 3, 3, axis=axis), bias(5), made=out(dtype, 0.06, zero), kind=CONV,
                 padding=SAME, stride_h=2, stride_w=1, fused_activation_function=activation)  # fmt: skip
        case("CONV_2D", x, weights(dtype, 70, 1, 1, 3, axis=axis), bias(70), made=out(dtype, 0.0009, zero), kind=CONV,
             padding=VALID, stride_h=1, stride_w=1)  # fmt: skip
        case("FULLY_CONNECTED", q(dtype, 3, 8, zero=zero), weights(dtype, 5, 8, axis=axis), bias(5),
             made=out(dtype, 0.06, zero), kind=FULL, fused_activation_function=RELU)  # fmt: skip
        case("TRANSPOSE_CONV", known([1, 8, 8, 3]), weights(dtype, 3, 3, 3, 2, axis=axis), image(dtype, 1, 4, 4, 2),
             made=out(dtype, 0.06, zero), kind=TURNED, padding=SAME, stride_h=2, stride_w=2)  # fmt: skip
    for axis in (None, 3) if dtype == "int8" else (None,):
        for stride, times in ((1, 1), (2, 2)):
            case("DEPTHWISE_CONV_2D", x, weights(dtype, 1, 3, 3, 3 * times, axis=axis), bias(3 * times),
                 made=out(dtype, 0.04, zero), kind=DEPTHWISE, padding=SAME, stride_h=stride, stride_w=stride,
                 depth_multiplier=times, fused_activation_function=RELU)  # fmt: skip
    case("DEPTHWISE_CONV_2D", image(dtype, 1, 30, 30, 2), weights(dtype, 1, 20, 20, 2), bias(2),
         made=out(dtype, 1.5, zero),
         kind=DEPTHWISE, padding=VALID, stride_h=1, stride_w=1, depth_multiplier=1)  # fmt: skip
    case("CONV_2D", x, weights(dtype, 5, 3, 3, 3), bias(5), made=out(dtype, 0.06, zero), kind=CONV,
         padding=VALID, stride_h=1,
         stride_w=1)  # fmt: skip
    for padding in (SAME, VALID):
        for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
            case(name, x, made=out(dtype, x.scale, int(x.zero)), kind="Pool2DOptions", padding=padding,
                 stride_h=2, stride_w=1,
                 filter_height=3, filter_width=2, fused_activation_function=RELU)  # fmt: skip
    case("AVERAGE_POOL_2D", x, made=out(dtype, x.scale, int(x.zero)), kind="Pool2DOptions", padding=VALID, stride_h=1,
         stride_w=1, filter_height=7, filter_width=8)  # fmt: skip
case("BATCH_MATMUL", q("int8", 2, 3, 4), q("int8", 2, 4, 5, salt=1, scale=0.03), made=out("int8", 0.2, 4),
     kind="BatchMatMulOptions")  # fmt: skip

# Floats with weights of 8 bits: TensorFlow Lite rounds what comes in, to 127 steps each way; Fanlight does not.

# Sizes

for corners, centres in ((False, False), (True, False), (False, True)):
    for name in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
        kind = "ResizeBilinearOptions" if name.endswith("R") and "BI" in name else "ResizeNearestNeighborOptions"
        said = {"align_corners": corners, "half_pixel_centers": centres}
        for size in ([7, 9], [3, 2]):
            case(name, floats(1, 4, 5, 2), known(size), kind=kind, **said)
        for dtype in ("int8", "uint8"):
            case(name, image(dtype, 1, 4, 5, 2), known([7, 9]), kind=kind,
                 made=out(dtype, 0.05, -7 if dtype == "int8" else 121), **said)  # fmt: skip
case("LOCAL_RESPONSE_NORMALIZATION", floats(1, 3, 4, 8), kind="LocalResponseNormalizationOptions", radius=2, bias=1.0,
     alpha=0.5, beta=0.75)  # fmt: skip
