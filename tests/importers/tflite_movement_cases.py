"""The cases of TensorFlow Lite's operators that make, move and pick elements."""

from __future__ import annotations

import numpy as np

from importers.tflite_case import case, floats, known, out, q

x = floats(2, 3, 4)
b = q("int8", 2, 3, 4)
same = out("int8", 0.05, 3)


def both(op, *rest, **more):
    """A case of floats, and one of 8-bit numbers as they are."""
    count = more.pop("count", 1)
    case(op, x, *rest, made=(out(),) * count, **more)
    case(op, b, *rest, made=(same,) * count, **more)


both("RESHAPE", known([4, 6]), kind="ReshapeOptions", new_shape=[4, 6])
both("RESHAPE", known([-1]), kind="ReshapeOptions", new_shape=[-1])
case("RESHAPE", x, kind="ReshapeOptions", new_shape=[3, 8])
case("SQUEEZE", floats(1, 3, 1, 2), kind="SqueezeOptions", squeeze_dims=[0, 2])
case("SQUEEZE", floats(1, 3, 1, 2), kind="SqueezeOptions")
both("EXPAND_DIMS", known(1), kind="ExpandDimsOptions")
both("TRANSPOSE", known([2, 0, 1]), kind="TransposeOptions")
both("TILE", known([1, 2, 3]), kind="TileOptions")
both("BROADCAST_TO", known([5, 2, 3, 4]), kind="BroadcastToOptions")
both("REVERSE_V2", known([1]), kind="ReverseV2Options")
both("SLICE", known([0, 1, 1]), known([2, -1, 2]), kind="SliceOptions")
both("STRIDED_SLICE", known([0, 1, 3]), known([2, 3, 0]), known([1, 1, -1]), kind="StridedSliceOptions", begin_mask=1)
case(
    "STRIDED_SLICE",
    x,
    known([1, 0, 0]),
    known([2, 3, 4]),
    known([1, 1, 2]),
    kind="StridedSliceOptions",
    shrink_axis_mask=1,
)
case("STRIDED_SLICE", x, known([0, 0, 1]), known([0, 0, 3]), known([1, 1, 1]), kind="StridedSliceOptions",
     new_axis_mask=1,
     ellipsis_mask=2)  # fmt: skip
both("PAD", known([[0, 1], [2, 0], [1, 1]]), kind="PadOptions")
case("PADV2", x, known([[0, 1], [2, 0], [1, 1]]), known(np.float32(7)), kind="PadV2Options")
case(
    "PADV2", b, known([[0, 1], [2, 0], [1, 1]]), known(np.int8(-20), scale=0.05, zero=3), kind="PadV2Options", made=same
)
for mode in (0, 1):
    both("MIRROR_PAD", known([[0, 1], [2, 0], [1, 1]]), kind="MirrorPadOptions", mode=mode)
both("SPLIT_V", known([1, 2]), known(1), kind="SplitVOptions", num_splits=2, count=2)
case("SPLIT", known(2), x, kind="SplitOptions", num_splits=2, made=(out(), out()))
case("SPLIT", known(2), b, kind="SplitOptions", num_splits=2, made=(same, same))
both("UNPACK", kind="UnpackOptions", num=3, axis=1, count=3)
case("PACK", x, floats(2, 3, 4, salt=1), kind="PackOptions", values_count=2, axis=1)
case("PACK", b, q("int8", 2, 3, 4, salt=1), kind="PackOptions", values_count=2, axis=-1, made=same)
case("CONCATENATION", x, floats(2, 1, 4), kind="ConcatenationOptions", axis=1)
case("CONCATENATION", x, floats(2, 3, 2), kind="ConcatenationOptions", axis=-1)
case("CONCATENATION", b, q("int8", 2, 2, 4), kind="ConcatenationOptions", axis=1, made=same)
case("CONCATENATION", q("uint8", 2, 30, scale=0.05, zero=100), q("uint8", 2, 40, scale=0.02, zero=7),
     kind="ConcatenationOptions", axis=1, made=out("uint8", 0.06, 120))  # fmt: skip
both("GATHER", known([2, 0, 2]), kind="GatherOptions", axis=1)
case("GATHER", x, np.array([[0, 1], [1, 0]], "int32"), kind="GatherOptions", axis=2, batch_dims=1)
both("GATHER_ND", known([[1, 2], [0, 0]]), kind="GatherNdOptions")
case("SCATTER_ND", known([[1], [3]]), floats(2, 4), known([5, 4]), kind="ScatterNdOptions")
case("EMBEDDING_LOOKUP", np.array([2, 0, 3], "int32"), known(floats(5, 6)))
case(
    "ONE_HOT",
    np.array([2, 0, 3], "int32"),
    known(4),
    known(np.float32(1)),
    known(np.float32(0)),
    kind="OneHotOptions",
    axis=-1,
)
case("SHAPE", x, kind="ShapeOptions", out_type=2, made=out("int32"))
case("RANK", x, kind="RankOptions", made=out("int32"))
case("FILL", known([2, 3]), np.float32(1.5).reshape(()), kind="FillOptions")
case("RANGE", known(1), known(9), known(3), kind="RangeOptions", made=out("int32"))
case("MATRIX_DIAG", floats(2, 3), kind="MatrixDiagOptions")
case(
    "REVERSE_SEQUENCE",
    floats(2, 3, 4),
    np.array([2, 3], "int32"),
    kind="ReverseSequenceOptions",
    seq_dim=1,
    batch_dim=0,
)
case(
    "SPARSE_TO_DENSE",
    known([[0, 1], [2, 3]]),
    known([3, 4]),
    floats(2),
    known(np.float32(-1)),
    kind="SparseToDenseOptions",
)
picture, small = floats(1, 4, 4, 4), q("int8", 1, 4, 4, 4)
for op, kind in (("SPACE_TO_DEPTH", "SpaceToDepthOptions"), ("DEPTH_TO_SPACE", "DepthToSpaceOptions")):
    case(op, picture, kind=kind, block_size=2)
    case(op, small, kind=kind, block_size=2, made=same)
case("SPACE_TO_BATCH_ND", picture, known([2, 2]), known([[0, 0], [2, 0]]), kind="SpaceToBatchNDOptions")
case("SPACE_TO_BATCH_ND", small, known([2, 2]), known([[0, 0], [2, 0]]), kind="SpaceToBatchNDOptions", made=same)
case("BATCH_TO_SPACE_ND", floats(4, 2, 2, 3), known([2, 2]), known([[0, 1], [0, 0]]), kind="BatchToSpaceNDOptions")
