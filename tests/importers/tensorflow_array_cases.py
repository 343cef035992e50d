"""Which cases are there of TensorFlow's operations on arrays? Moving, picking, writing, making, choosing elements."""

from __future__ import annotations

import numpy as np

from importers.tensorflow_case import bools, case, floats, ints, known, listed

case("Reshape", floats(2, 6), known([3, -1]))
case("Reshape", floats(2, 6), known([12], "int64"))
case("Reshape", floats(1), known([]))
case("Transpose", floats(2, 3, 4), known([2, 0, 1]))
case("Transpose", floats(2, 3), known([1, 0]))
for axis in (0, 1, -1):
    case("ExpandDims", floats(2, 3), known(axis))
case("Squeeze", floats(1, 2, 1, 3))
case("Squeeze", floats(1, 2, 1, 3), squeeze_dims=[2])
case("Squeeze", floats(1, 2, 1, 3), squeeze_dims=[-4])
for axis in (0, 1, -1):
    shapes = [(2, 3, 2)] * 3
    case("ConcatV2", *(floats(*shape, salt=k) for k, shape in enumerate(shapes)), known(axis), N=3)
case("ConcatV2", ints(2), ints(3), known(0), N=2)
case("Concat", known(1), floats(2, 3), floats(2, 1), N=2)
for axis in (0, 1, -1):
    case("Pack", floats(2, 3), floats(2, 3, salt=1), axis=axis)
    case("Unpack", floats(2, 3, 2), axis=axis, num=(2, 3, 2)[axis])
case("Split", known(1), floats(2, 6), num_split=3)
case("Split", known(-2), ints(4, 3), num_split=2)
case("SplitV", floats(2, 7), known([2, 4, 1]), known(1), num_split=3)
case("SplitV", floats(7, 2), known([2, -1, 1]), known(0), num_split=3)
case("Tile", floats(2, 3), known([2, 1]))
case("Tile", ints(2, 3), known([1, 3], "int64"))
case("BroadcastTo", floats(3, 1), known([2, 3, 4]))
case("BroadcastTo", floats(), known([2]))
for axes in ([0], [-1], [0, 1], []):
    case("ReverseV2", floats(2, 3), known(axes))
case("Reverse", floats(2, 3), known([False, True], "bool"))
case("ReverseSequence", floats(3, 4, 2), ints(3, low=0, high=5), seq_dim=1, batch_dim=0)
case("ReverseSequence", floats(4, 2, 3), ints(3, low=0, high=5, dtype="int64"), seq_dim=0, batch_dim=2)
case("InvertPermutation", listed(2, 0, 3, 1, dtype="int32"))
case("Roll", floats(3, 4), known(1), known(0))
case("Roll", floats(3, 4), known([-3, 2]), known([1, 0]))
case("Roll", floats(3, 4), known([1, 2]), known([1, 1]))
case("Roll", floats(3, 4), ints(1, low=-9, high=9), known([-1]))
case("Pad", floats(2, 3), known([[1, 0], [2, 1]]))
case("PadV2", floats(2, 3), known([[1, 0], [2, 1]]), listed(2.5)[0], unlike=(1,))
case("PadV2", ints(2, 3), known([[1, 0], [0, 1]], "int64"), known(7))
for mode in ("REFLECT", "SYMMETRIC"):
    case("MirrorPad", floats(3, 4), known([[1, 2], [2, 0]]), mode=mode)
case("SpaceToBatchND", floats(2, 4, 6, 1), known([2, 3]), known([[0, 0], [0, 0]]))
case("SpaceToBatchND", floats(1, 3, 5, 2), known([2, 2]), known([[1, 0], [0, 1]]))
case("SpaceToBatchND", floats(2, 6), known([3]), known([[0, 0]]))
case("BatchToSpaceND", floats(12, 2, 2, 1), known([2, 3]), known([[0, 0], [0, 0]]))
case("BatchToSpaceND", floats(4, 3, 2, 2), known([2, 2]), known([[1, 2], [0, 1]]))
case("SpaceToBatch", floats(1, 4, 4, 2), known([[0, 0], [0, 0]]), block_size=2)
case("BatchToSpace", floats(4, 2, 2, 2), known([[0, 1], [1, 0]]), block_size=2)
for name, shape in (("SpaceToDepth", (1, 4, 6, 2)), ("DepthToSpace", (1, 2, 3, 8))):
    case(name, floats(*shape), block_size=2)
    case(name, floats(*(shape[k] for k in (0, 3, 1, 2))), block_size=2, data_format="NCHW")

# Slices

X = floats(3, 4, 5)
for start, size in (((0, 1, 2), (2, 2, 3)), ((1, 0, 0), (-1, -1, 1))):
    case("Slice", X, known(start), known(size))
    case("Slice", X, known(start, "int64"), known(size, "int64"))
case("Slice", X, listed(1, 0, 1, dtype="int32"), known([2, 4, 2]))


def subscript(first, past, strides=None, x=X, **masks):
    steps = known([1] * len(first) if strides is None else strides)
    case("StridedSlice", x, known(first), known(past), steps, **{f"{name}_mask": bits for name, bits in masks.items()})


subscript([0, 1, 2], [2, 3, 5])
subscript([1], [3])
subscript([0, 0], [3, 4], [2, 3])
subscript([-2, -3], [3, -1])
subscript([9, -9], [-9, 9])
subscript([0, 0, 4], [3, 4, 0], [1, 1, -2])
subscript([-1], [-9], [-1])
subscript([0, 3], [0, 0], [1, -1], begin=3, end=3)
subscript([0, 1, 2], [0, 2, 3], end=1, begin=1, shrink_axis=2)
subscript([1, -1, 0], [2, 0, 1], shrink_axis=7)
subscript([0, 1], [0, 3], ellipsis=1)
subscript([1, 0, 1], [2, 0, 2], ellipsis=2, shrink_axis=4)
subscript([0, 0, 1], [0, 0, 3], new_axis=1, ellipsis=2)
subscript([0, 0, 1, 1], [0, 0, 3, 2], new_axis=1, end=2, shrink_axis=8)
subscript([0, 0, 0], [1, 0, 2], new_axis=2, ellipsis=4)
subscript([1, 0], [3, 0], begin=3, end=3, x=ints(4, 3))
subscript([2], [3], x=listed(5, 6, 7, dtype="int64"), shrink_axis=1)
case("StridedSlice", X, listed(2, dtype="int32"), listed(3, dtype="int32"), known([1]), shrink_axis_mask=1)
case("StridedSlice", X, listed(0, 3, dtype="int32"), listed(0, 4, dtype="int32"), known([1, 1]), shrink_axis_mask=2,
     begin_mask=1, end_mask=1)  # fmt: skip

# Gather, scatter

for axis in (0, 1, -1):
    case("GatherV2", X, ints(2, 2, low=0, high=3), known(axis))
case("GatherV2", X, ints(2, low=0, high=3, dtype="int64"), known(1, "int64"))
case("GatherV2", X, np.asarray(2, "int32"), known(1))
case("GatherV2", X, ints(3, 2, low=0, high=4), known(1), batch_dims=1)
case("GatherV2", X, ints(3, 2, low=0, high=5), known(2), batch_dims=1)
case("GatherV2", X, ints(3, 4, 2, low=0, high=5), known(-1), batch_dims=-1)
case("GatherV2", ints(4), ints(3, low=0, high=4), known(0))
case("Gather", X, ints(2, low=0, high=3))
case("ResourceGather", X, ints(2, low=0, high=3), by=lambda tf, x, i: tf.gather(x, i))
case("GatherNd", X, ints(2, 2, low=0, high=3))
case("GatherNd", X, ints(4, 1, low=0, high=3))
case("GatherNd", X, ints(2, 2, 3, low=0, high=3, dtype="int64"))
case("GatherNd", floats(2, 3), ints(4, 0))
case("ScatterNd", ints(4, 1, low=0, high=5), floats(4, 2), known([5, 2]))
case("ScatterNd", ints(3, 2, low=0, high=3), floats(3), known([3, 4]))
case("ScatterNd", listed(1, 1, 2, dtype="int32").reshape(3, 1), ints(3), known([4]))
for name in ("Update", "Add", "Sub", "Max", "Min"):
    places = listed(3, 0, 2, dtype="int32").reshape(3, 1)
    case(f"TensorScatter{name}", floats(5, 2), places, floats(3, 2, salt=1))
    case(f"TensorScatter{name}", ints(4, 4), ints(1, 2, low=0, high=4), ints(1, salt=1))
case("TensorScatterAdd", floats(4), listed(1, 1, 3, dtype="int32").reshape(3, 1), floats(3, salt=1))
case("SparseToDense", listed(0, 2, dtype="int32"), known([4]), floats(2), listed(-1)[0])
case("SparseToDense", listed([0, 1], [2, 0], dtype="int32"), known([3, 2]), floats(2), listed(0)[0])
case("SparseToDense", np.asarray(1, "int32"), known([3]), listed(5.0)[0], listed(0)[0])
case("SparseToDense", listed([0, 1], [2, 0], dtype="int64"), known([3, 2], "int64"), listed(7)[0], listed(0)[0])
for axis in (-1, 0, 1):
    case("OneHot", ints(2, 3, low=-1, high=5), known(4), listed(1.0)[0], listed(0.0)[0], axis=axis, unlike=(0, 1))
case("OneHot", ints(3, low=0, high=4, dtype="int64"), known(4), known(5), known(-1))
case("OneHot", ints(3, low=0, high=4, dtype="uint8"), known(4), listed(2.5)[0], listed(0.5)[0], unlike=(0, 1))
for lower, upper in ((0, 0), (1, -1), (-1, 0), (1, 2)):
    case("MatrixBandPart", floats(2, 4, 3), known(lower), known(upper))
case("MatrixBandPart", floats(3, 3), known(0, "int64"), known(-1, "int64"))
case("Diag", floats(3))
case("Diag", floats(2, 2))
case("DiagPart", floats(3, 3))
case("DiagPart", floats(2, 2, 2, 2))
case("MatrixDiag", floats(2, 3))
case("MatrixDiagPart", floats(2, 3, 3))
case("MatrixDiagPart", floats(2, 3, 4))

# Made

for dtype in ("int32", "int64"):
    case("Shape", floats(2, 3), out_type=dtype)
    case("Size", floats(2, 3), out_type=dtype)
case("Shape", floats(2, 3))
case("ShapeN", floats(2, 3), floats(4))
case("Rank", floats(2, 3))
case("BroadcastArgs", known([2, 1, 3]), known([4, 1]))
case("Const", value=listed(1.5, 2.5), dtype="float32")
case("Const", value=np.asarray(3, "int64"), dtype="int64")
case("Fill", known([2, 3]), listed(1.5)[0])
case("Fill", known([], "int64"), known(4))
for name in ("ZerosLike", "OnesLike"):
    case(name, floats(2, 3))
    case(name, ints(3))
    case(name, bools(3))
case("Range", known(2), known(9), known(3))
case("Range", known(5, "int64"), known(0, "int64"), known(-2, "int64"))
case("Range", known(0.5, "float32"), known(2.0, "float32"), known(0.3, "float32"))
case("Range", known(3), known(3), known(1))
case("LinSpace", listed(1.0)[0], listed(3.0)[0], known(5), unlike=(0, 1))
case("LinSpace", listed(-2.0)[0], listed(3.0)[0], known(7), unlike=(0, 1))
case("LinSpace", listed(1.0)[0], listed(3.0)[0], known(1), unlike=(0, 1))
for name in ("RandomUniform", "RandomStandardNormal", "TruncatedNormal"):
    case(name, known([2, 3]), lot=True, dtype="float32")
case("RandomUniform", known([4], "int64"), lot=True, dtype="float32", seed=7, seed2=9)
case("RandomUniformInt", known([2, 3]), known(-3), known(9), lot=True)
case("RandomUniformInt", known([5]), known(0, "int64"), known(9, "int64"), lot=True, seed=3)
case("Multinomial", floats(2, 4), known(5), lot=True)
case("Multinomial", floats(2, 4), known(3), lot=True, output_dtype="int32")

# Chosen

for count in (1, 3, 5):
    case("TopKV2", floats(2, 5), known(count))
case("TopKV2", listed(3, 1, 3, 2, 3, dtype="int32"), known(4))
case("TopKV2", floats(3, 4), known(2), index_type="int64")
case("TopK", floats(2, 5), k=2, by=lambda tf, x: tf.math.top_k(x, 2))
case("InTopKV2", floats(3, 4), ints(3, low=0, high=4), known(2))
case("InTopK", floats(3, 4), ints(3, low=0, high=4), k=1)
SORTED = np.sort(ints(2, 5, low=0, high=6), -1)
for name in ("LowerBound", "UpperBound"):
    case(name, SORTED, ints(2, 4, low=-1, high=8))
    case(name, SORTED.astype("float32"), floats(2, 3), out_type="int64")
case("Where", known([[True, False], [True, True]], "bool"))
case("Where", known([0.0, 1.5, 0.0, 2.0], "float32"))
case("Unique", known([3, 1, 3, 2, 1]))
case("Unique", known([3.0, 1.0, 3.0], "float32"), out_idx="int64")
case("UniqueV2", known([3, 1, 3, 2, 1]), known([0]))
case("UniqueV2", known([3, 1, 3, 2, 1]), known([], "int64"))
case("ListDiff", known([3, 1, 3, 2, 1]), known([1, 7]))
BOXES = np.concatenate([floats(7, 2, low=0.0), floats(7, 2, low=0.0) + floats(7, 2, low=0.2, salt=3)], 1)
POINTS = floats(7, low=0.0)
for most, overlap, least in ((4, 0.5, 0.0), (7, 0.2, 0.3), (9, 0.9, -1.0), (3, 0.0, 0.95)):
    ends = known(overlap, "float32"), known(least, "float32")
    case("NonMaxSuppressionV4", BOXES, POINTS, known(most), *ends, pad_to_max_output_size=True)
    for sigma in (0.0, 0.5):
        case("NonMaxSuppressionV5", BOXES, POINTS, known(most), *ends, known(sigma, "float32"),
             pad_to_max_output_size=True)  # fmt: skip
case("NonMaxSuppressionV4", BOXES[:, [2, 1, 0, 3]], POINTS * 0 + 1, known(5), known(0.4, "float32"),
     known(0.0, "float32"), pad_to_max_output_size=True)  # fmt: skip
