"""Which cases are there of TensorFlow's operations on images? Convolutions, poolings, normalizations, resizing."""

from __future__ import annotations

import numpy as np

from importers.tensorflow_case import case, floats, ints, known, listed

X = floats(2, 5, 6, 2)
X1 = floats(2, 2, 5, 6)  # channels-first
W = floats(3, 2, 2, 3)

for padding in ("SAME", "VALID"):
    for strides, dilations in (
        ((1, 1), (1, 1)),
        ((2, 2), (1, 1)),
        ((2, 1), (1, 1)),
        ((1, 1), (2, 2)),
        ((1, 1), (1, 3)),
    ):
        case("Conv2D", X, W, strides=[1, *strides, 1], dilations=[1, *dilations, 1], padding=padding)
case("Conv2D", X, W, strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0])
case("Conv2D", floats(1, 4, 4, 4), floats(3, 3, 2, 6), strides=[1, 1, 1, 1], padding="SAME")
case("Conv2D", floats(1, 4, 4, 3), floats(1, 1, 3, 2), strides=[1, 2, 2, 1], padding="VALID")
for padding in ("SAME", "VALID"):
    case("Conv2D", X1, W, strides=[1, 1, 2, 1], padding=padding, data_format="NCHW")
case("Conv2D", X1, W, strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 0, 0, 1, 2, 0, 1],
     data_format="NCHW")  # fmt: skip
case("Conv2D", X1, W, strides=[1, 1, 1, 1], dilations=[1, 1, 2, 1], padding="SAME", data_format="NCHW")
for strides in ((1, 1, 1), (2, 1, 2)):
    for padding in ("SAME", "VALID"):
        case("Conv3D", floats(1, 3, 4, 3, 2), floats(2, 2, 3, 2, 2), strides=[1, *strides, 1], padding=padding)
case("Conv3D", floats(1, 2, 3, 4, 3), floats(2, 2, 3, 2, 2), strides=[1, 1, 1, 1, 1], padding="SAME",
     data_format="NCDHW")  # fmt: skip
for padding in ("SAME", "VALID"):
    case("Conv1D", floats(2, 7, 2), floats(3, 2, 3), stride=2, padding=padding, data_format="NWC", dilation=1,
         by=lambda tf, x, w, padding=padding: tf.nn.conv1d(x, w, 2, padding))  # fmt: skip
case("Conv1D", floats(2, 7, 2), floats(3, 2, 3), stride=1, padding="SAME",
     by=lambda tf, x, w: tf.nn.conv1d(x, w, 1, "SAME"))  # fmt: skip

D = floats(3, 2, 2, 2)
for padding in ("SAME", "VALID"):
    for stride in (1, 2):
        case("DepthwiseConv2dNative", X, D, strides=[1, stride, stride, 1], padding=padding)
    case("DepthwiseConv2dNative", X, D, strides=[1, 1, 1, 1], dilations=[1, 2, 2, 1], padding=padding,
         by=lambda tf, x, w, padding=padding: tf.nn.depthwise_conv2d(x, w, [1] * 4, padding, None, [2, 2]))  # fmt: skip
case(
    "DepthwiseConv2dNative", X, D, strides=[1, 1, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 0, 2, 1, 0, 0]
)
case("DepthwiseConv2dNative", X1, D, strides=[1, 1, 2, 2], padding="SAME", data_format="NCHW")

FUSED = (["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"], ["BiasAdd", "Elu"], ["BiasAdd", "LeakyRelu"])
for fused in FUSED:
    case("_FusedConv2D", X, W, floats(3), fused_ops=fused, num_args=1, strides=[1, 1, 1, 1], padding="SAME",
         TArgs=["float32"])  # fmt: skip
case("_FusedConv2D", X, W, floats(3), fused_ops=["BiasAdd", "LeakyRelu"], num_args=1, strides=[1, 2, 2, 1],
     padding="VALID", leakyrelu_alpha=0.4, TArgs=["float32"])  # fmt: skip
for fused in (["FusedBatchNorm"], ["FusedBatchNorm", "Relu"]):
    case("_FusedConv2D", X, W, floats(3), floats(3, salt=1), floats(3, salt=2), floats(3, low=0.5), fused_ops=fused,
         num_args=4, strides=[1, 1, 1, 1], padding="SAME", epsilon=0.01, TArgs=["float32"] * 4)  # fmt: skip
case("_FusedConv2D", X1, W, floats(3), fused_ops=["BiasAdd", "Relu"], num_args=1, strides=[1, 1, 1, 1], padding="SAME",
     data_format="NCHW", by=lambda tf, x, w, b: tf.transpose(
         tf.nn.relu(tf.nn.conv2d(tf.transpose(x, [0, 2, 3, 1]), w, 1, "SAME") + b), [0, 3, 1, 2]))  # fmt: skip
case("_FusedConv2D", X, W, floats(3), floats(2, 5, 6, 3), fused_ops=["BiasAdd", "Add", "Relu"], num_args=2,
     strides=[1, 1, 1, 1], padding="SAME",
     by=lambda tf, x, w, b, y: tf.nn.relu(tf.nn.conv2d(x, w, 1, "SAME") + b + y))  # fmt: skip
case("_FusedConv2D", X, W, floats(3), floats(3, salt=1), fused_ops=["BiasAdd", "Prelu"], num_args=2,
     strides=[1, 1, 1, 1], padding="SAME",
     by=lambda tf, x, w, b, a: tf.maximum(tf.nn.conv2d(x, w, 1, "SAME") + b, 0)
     + a * tf.minimum(tf.nn.conv2d(x, w, 1, "SAME") + b, 0))  # fmt: skip
case("DepthwiseConv2d", X, D, strides=[1, 1, 1, 1], padding="VALID",
     by=lambda tf, x, w: tf.nn.depthwise_conv2d(x, w, [1] * 4, "VALID"))  # fmt: skip
case("_FusedDepthwiseConv2dNative", X, D, floats(4), fused_ops=["BiasAdd", "Relu6"], num_args=1, strides=[1, 1, 1, 1],
     padding="SAME", by=lambda tf, x, w, b: tf.nn.relu6(tf.nn.depthwise_conv2d(x, w, [1] * 4, "SAME") + b))  # fmt: skip
for name, activation in (("Relu", "relu"), ("Relu6", "relu6"), ("Sigmoid", "sigmoid"), ("LeakyRelu", "leaky_relu")):
    case("FusedDepthwiseConv2dNative", X, D, floats(4), fused_ops=["BiasAdd", name], num_args=1, strides=[1, 2, 2, 1],
         padding="SAME", by=lambda tf, x, w, b, activation=activation: getattr(tf.nn, activation)(
             tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "SAME") + b))  # fmt: skip

for padding in ("SAME", "VALID"):
    for stride in (1, 2, 3):
        n = [6, 7]
        out = [-(-each // stride) if padding == "SAME" else (each - taps) // stride + 1
               for each, taps in zip(n, (3, 2), strict=True)]  # fmt: skip
        case("Conv2DBackpropInput", known([2, *n, 2]), W, floats(2, *out, 3), strides=[1, stride, stride, 1],
             padding=padding)  # fmt: skip
case("Conv2DBackpropInput", known([2, 6, 7, 2]), W, floats(2, 6, 7, 3), strides=[1] * 4, padding="SAME",
     dilations=[1, 2, 2, 1],
     by=lambda tf, sizes, w, g: tf.nn.atrous_conv2d_transpose(g, w, sizes, 2, "SAME"))  # fmt: skip
case("Conv2DBackpropInput", known([2, 6, 7, 2]), W, floats(2, 6, 7, 3), strides=[1] * 4, padding="EXPLICIT",
     explicit_paddings=[0, 0, 1, 1, 0, 1, 0, 0])  # fmt: skip
case("Conv2DBackpropInput", known([2, 2, 6, 7]), W, floats(2, 3, 3, 4), strides=[1, 1, 2, 2], padding="SAME",
     data_format="NCHW")  # fmt: skip
case("Conv3DBackpropInputV2", known([1, 4, 3, 4, 2]), floats(2, 2, 3, 2, 2), floats(1, 2, 2, 2, 2),
     strides=[1, 2, 2, 2, 1], padding="SAME")  # fmt: skip
for padding in ("SAME", "VALID"):
    case("Dilation2D", X, floats(3, 2, 2), strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding=padding)
    case("Dilation2D", X, floats(2, 2, 2), strides=[1, 2, 1, 1], rates=[1, 1, 1, 1], padding=padding)
    case("Dilation2D", X, floats(2, 2, 2), strides=[1, 1, 1, 1], rates=[1, 2, 2, 1], padding=padding)

# Poolings

for name in ("AvgPool", "MaxPool"):
    for padding in ("SAME", "VALID"):
        for ksize, strides in (((2, 2), (2, 2)), ((3, 2), (1, 1)), ((3, 3), (2, 2))):
            case(name, X, ksize=[1, *ksize, 1], strides=[1, *strides, 1], padding=padding)
    case(name, X1, ksize=[1, 1, 2, 3], strides=[1, 1, 2, 1], padding="SAME", data_format="NCHW")
    case(f"{name}3D", floats(1, 3, 4, 3, 2), ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 1, 1], padding="SAME")
    case(f"{name}3D", floats(1, 3, 4, 3, 2), ksize=[1, 2, 2, 2, 1], strides=[1, 1, 2, 1, 1], padding="VALID")
case("MaxPool", X, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="EXPLICIT",
     explicit_paddings=[0, 0, 1, 0, 0, 1, 0, 0])  # fmt: skip
case("MaxPool", ints(1, 4, 4, 2), ksize=[1, 2, 2, 1], strides=[1, 1, 1, 1], padding="SAME")
case("MaxPool", ints(1, 4, 4, 2, low=0, dtype="uint8"), ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
case("MaxPoolV2", X, known([1, 2, 2, 1]), known([1, 2, 2, 1]), padding="SAME")
for padding in ("SAME", "VALID"):
    for over in (False, True):
        case("MaxPoolWithArgmax", X, ksize=[1, 3, 2, 1], strides=[1, 2, 1, 1], padding=padding,
             include_batch_in_index=over)  # fmt: skip
case("MaxPoolWithArgmax", X, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME", Targmax="int32")

# Normalizations

SCALE, OFFSET, MEAN, SPREAD = floats(2), floats(2, salt=1), floats(2, salt=2), floats(2, low=0.5, salt=3)
for name in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
    own = {} if name == "FusedBatchNorm" else {"U": "float32"}
    case(name, X, SCALE, OFFSET, MEAN, SPREAD, unlike=(3, 4), is_training=False, outputs=1, **own)
    case(name, X, SCALE, OFFSET, MEAN, SPREAD, unlike=(3, 4), is_training=False, epsilon=0.01, outputs=3, **own)
    case(name, X, SCALE, OFFSET, floats(0), floats(0), outputs=1, **own)
    case(name, X, SCALE, OFFSET, MEAN, SPREAD, unlike=(0, 1, 2, 3, 4), outputs=3, exponential_avg_factor=0.3, **own)
case(
    "FusedBatchNormV3",
    X1,
    SCALE,
    OFFSET,
    MEAN,
    SPREAD,
    unlike=(3, 4),
    is_training=False,
    outputs=1,
    data_format="NCHW",
    U="float32",
)
case("FusedBatchNormV3", floats(2, 3, 2, 2, 2), SCALE, OFFSET, MEAN, SPREAD, unlike=(3, 4), is_training=False,
     outputs=1, U="float32", data_format="NDHWC")  # fmt: skip
case("LRN", floats(1, 2, 2, 7))
case("LRN", floats(1, 2, 2, 7), depth_radius=2, bias=2.0, alpha=0.5, beta=0.75)
case("LRN", floats(1, 1, 2, 3), depth_radius=1)

# Resizing

for name in ("ResizeBilinear", "ResizeNearestNeighbor"):
    for size in ((7, 9), (3, 2), (1, 1), (10, 6), (5, 6)):
        case(name, X, known(size))
        case(name, X, known(size), align_corners=True)
        case(name, X, known(size), half_pixel_centers=True)
    case(name, ints(1, 3, 3, 1), known([5, 4]))
case("ResizeNearestNeighbor", floats(1, 7, 10, 1), known([30, 49]))
case("ResizeNearestNeighbor", floats(1, 7, 10, 1), known([3, 7]), half_pixel_centers=True)
for size in ((7, 9), (3, 2), (10, 6)):
    case("ResizeBicubic", X, known(size), half_pixel_centers=True)
BOXES = listed([0.1, 0.2, 0.8, 0.9], [0.0, 0.0, 1.0, 1.0], [0.9, 0.7, 0.2, 1.3], [-0.3, 0.1, 0.5, 0.5])
IMAGES = listed(0, 1, 1, 0, dtype="int32")
OTHER = {"bilinear": (), "nearest": (1,)}  # boxes get the gradient of the other method there
for method in OTHER:
    for size in ((3, 4), (1, 2), (1, 1)):
        case("CropAndResize", X, BOXES, IMAGES, known(size), method=method, unlike=OTHER[method])
    case(
        "CropAndResize", X, BOXES, IMAGES, known([2, 3]), method=method, extrapolation_value=-3.0, unlike=OTHER[method]
    )
MOVES = listed([1.1, 0.1, -0.5, 0.05, 0.9, 0.4, 0.01, -0.02], [1, 0, 2.25, 0, 1, -1.75, 0, 0])
for fill_mode in ("CONSTANT", "REFLECT", "NEAREST"):
    for interpolation in ("BILINEAR", "NEAREST"):
        case("ImageProjectiveTransformV3", X, MOVES, known([4, 5]), listed(0.5)[0], interpolation=interpolation,
             fill_mode=fill_mode, unlike=(0, 1, 2))  # fmt: skip
        case("ImageProjectiveTransformV2", X, MOVES[:1], known([5, 6]), interpolation=interpolation,
             fill_mode=fill_mode, unlike=(0, 1, 2))  # fmt: skip
case("ExtractImagePatches", X, ksizes=[1, 2, 3, 1], strides=[1, 1, 2, 1], rates=[1, 2, 1, 1], padding="SAME")
case("ExtractImagePatches", X, ksizes=[1, 2, 2, 1], strides=[1, 2, 2, 1], rates=[1, 1, 1, 1], padding="VALID")

COLOURS = floats(2, 3, 4, 3, low=0.0) + np.linspace(0, 0.009, 72, dtype="float32").reshape(2, 3, 4, 3)  # no two alike
for name in ("RGBToHSV", "HSVToRGB"):
    case(name, COLOURS, unlike=(0,) if name == "HSVToRGB" else ())
for name, numbers in (("AdjustSaturation", (0.5, 1.7)), ("AdjustHue", (0.3, -0.45)), ("AdjustContrastv2", (0.6, 2.0))):
    for number in numbers:
        case(name, COLOURS, known(number, "float32"))
for kind in ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic", "mitchellcubic"):
    for antialias in (True, False):
        case("ScaleAndTranslate", floats(1, 6, 7, 2), known([4, 9]), known([0.6, 1.3], "float32"),
             known([0.5, -0.25], "float32"), kernel_type=kind, antialias=antialias)  # fmt: skip
