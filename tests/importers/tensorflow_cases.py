"""Which cases are there of TensorFlow's operations? Those of each family, and those that are refused."""

from __future__ import annotations

from typing import Any

from importers import tensorflow_array_cases, tensorflow_image_cases, tensorflow_number_cases
from importers.tensorflow_case import CASES, Case, bools, floats, ints, known, listed, pairs

FAMILIES = (tensorflow_array_cases, tensorflow_image_cases, tensorflow_number_cases)
assert FAMILIES

X = floats(2, 5, 6, 2)
ENDS = known(0.5, "float32"), known(0.0, "float32")
BOXES = floats(7, 4), floats(7), known(4), *ENDS


def refused(word: str, op: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> tuple[str, Case]:
    return word, Case(op, inputs, attributes, outputs)


# With a word of what is said.
REFUSED = [
    refused("data", "Reshape", floats(2, 3), ints(2)),
    refused("data", "Where", bools(4)),
    refused("data", "Unique", ints(4)),
    refused("data", "ListDiff", ints(4), ints(2)),
    refused("data", "SegmentSum", floats(3), ints(3)),
    refused("data", "Fill", ints(2), floats()),
    refused("data", "Range", ints(), known(3), known(1)),
    refused("data", "StridedSlice", floats(4), ints(1), known([3]), known([1])),
    refused("pad_to_max_output_size", "NonMaxSuppressionV3", *BOXES),
    refused("pad_to_max_output_size", "NonMaxSuppressionV4", *BOXES),
    refused("pad_to_max_output_size", "NonMaxSuppressionV5", *BOXES, known(0.0, "float32")),
    refused("complex", "Sqrt", pairs(3), T="complex64"),
    refused("complex", "Cast", pairs(3), SrcT="complex64", DstT="float32"),
    refused("int16", "Cast", floats(3), DstT="int16"),
    refused("ksize", "MaxPool", X, ksize=[1, 1, 1, 2], strides=[1, 1, 1, 2], padding="VALID"),
    refused("strides", "Conv2D", X, floats(2, 2, 2, 2), strides=[2, 1, 1, 1], padding="SAME"),
    refused("data_format", "MaxPool", X, ksize=[1, 1, 2, 2], strides=[1, 1, 1, 1], padding="SAME",
            data_format="NCHW_VECT_C"),
    refused("padding", "Conv2D", X, floats(2, 2, 2, 2), strides=[1, 1, 1, 1], padding="FULL"),
    refused("FULL", "_FusedConv2D", X, floats(2, 2, 2, 2), strides=[1, 1, 1, 1], padding="SAME", fused_ops=["FULL"]),
    refused("operand for BiasAdd", "_FusedMatMul", floats(2, 3), floats(3, 2), fused_ops=["BiasAdd"]),
    refused("half_pixel", "ResizeBicubic", X, known([4, 4])),
    refused("WRAP", "ImageProjectiveTransformV3", X, floats(1, 8), known([4, 4]), floats(), fill_mode="WRAP",
            interpolation="BILINEAR"),
    refused("exclusive", "CumulativeLogsumexp", floats(3), known(0), exclusive=True),
    refused("bytes", "Bitcast", floats(3), type="uint8"),
    refused("shape", "EnsureShape", floats(2, 3), shape=(2, 4)),
    refused("positive", "Conv2D", X, floats(2, 2, 2, 2), strides=[1, 0, 1, 1], padding="SAME"),
    refused("rank", "Conv2D", X, floats(2, 2, 2), strides=[1, 1, 1, 1], padding="SAME"),
    refused("channels", "DepthwiseConv2dNative", X, floats(2, 2, 3, 1), strides=[1, 1, 1, 1], padding="SAME"),
    refused("images", "Conv2DBackpropInput", known([2, 9, 9, 2]), floats(3, 2, 2, 3), floats(2, 4, 4, 3),
            strides=[1, 1, 1, 1], padding="SAME"),
    refused("length", "Split", known(1), floats(2, 5), num_split=2),
    refused("divide", "SpaceToBatchND", X, known([2, 4]), known([[0, 0], [0, 0]])),
    refused("make up", "SplitV", floats(2, 5), known([2, 2]), known(1), num_split=2),
    refused("outputs", "FusedBatchNorm", X, *[floats(2)] * 4, outputs=4),
    refused("axes", "Sum", floats(2, 3), known([5])),
    refused("num_bits", "FakeQuantWithMinMaxVars", floats(3), floats(), floats(), num_bits=1),
    refused("index", "StridedSlice", listed(1, 2), known([5]), known([6]), known([1]), shrink_axis_mask=1),
]  # fmt: skip
__all__ = ["CASES", "REFUSED"]
