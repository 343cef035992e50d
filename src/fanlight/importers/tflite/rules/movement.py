"""What do TensorFlow Lite's operators mean that make, move and pick elements? What TensorFlow's of these names do."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules import choices, creation, indexing, movement
from fanlight.importers.tflite.rules.activations import activated
from fanlight.importers.tflite.rules.fixed import BYTES, narrowed, requantized, rounded, single
from fanlight.importers.tflite.rules.table import given, is_quantized, made, op
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn

for _name, _function, _settings in (
    ("BATCH_TO_SPACE_ND", movement.batch_to_space, (1, 2)),
    ("BROADCAST_ARGS", creation.broadcast_shape, (0, 1)),
    ("BROADCAST_TO", movement.broadcast_to, (1,)),
    ("DEPTH_TO_SPACE", movement.depth_to_space, ()),
    ("EXPAND_DIMS", movement.expand_dims, (1,)),
    ("FILL", creation.fill, (0,)),
    ("GATHER_ND", indexing.gather_nd, ()),
    ("MATRIX_DIAG", indexing.matrix_diagonal, ()),
    ("MIRROR_PAD", movement.mirror_pad, (1,)),
    ("ONE_HOT", indexing.one_hot, (1,)),
    ("PADV2", movement.pad_with, (1,)),
    ("RANGE", creation.arange, (0, 1, 2)),
    ("RANK", creation.rank, ()),
    ("REVERSE_SEQUENCE", movement.reverse_rows, ()),
    ("REVERSE_V2", movement.reverse, (1,)),
    ("SCATTER_ND", indexing.scatter_nd, (2,)),
    ("SHAPE", creation.shape, ()),
    ("SLICE", indexing.slice_, (2,)),
    ("SPACE_TO_DEPTH", movement.space_to_depth, ()),
    ("SPARSE_TO_DENSE", indexing.sparse_to_dense, (1,)),
    ("SPLIT_V", movement.split_by, (1, 2)),
    ("SQUEEZE", movement.squeeze, ()),
    ("STRIDED_SLICE", indexing.strided_slice, (1, 2, 3)),
    ("TILE", movement.tile, (1,)),
    ("TRANSPOSE", movement.transpose, (1,)),
    ("UNPACK", movement.unpack, ()),
    ("ZEROS_LIKE", creation.zeros_like, ()),
):
    op(_name, bytes_="raw", settings=_settings)(_function)
op("SPLIT", bytes_="raw", settings=(0,), said={"num_split": "num_splits"})(movement.split)


@op("RESHAPE", bytes_="raw", settings=(1,))
def reshape(use: Any, x: Value, shape: Value | None = None) -> Value:
    if shape is not None:
        return movement.reshape(use, x, shape)
    wanted = use["new_shape"]
    if wanted is None:
        raise use.error("a shape", "none")
    return fn.reshape(x, () if wanted == [0] else wanted)


def zero_of(use: Any) -> int:
    """The 8-bit number that stands for 0."""
    said = made(use) if is_quantized(use) else None
    return said["zero"] if said else 0


@op("PAD", bytes_="raw", settings=(1,))
def pad(use: Any, x: Value, pads: Value) -> Value:
    return fn.pad(x, movement.pairs_of(use, x, pads), constant_values=zero_of(use))


@op("SPACE_TO_BATCH_ND", bytes_="raw", settings=(1, 2))
def space_to_batch(use: Any, x: Value, block: Value, pads: Value) -> Value:
    sizes, around = use.ints(block, "a block"), use.dims(pads, "pads")
    rest = [(0, 0)] * (x.rank - 1 - len(sizes))
    padded = fn.pad(x, [(0, 0), *zip(around[::2], around[1::2], strict=True), *rest], constant_values=zero_of(use))
    return movement.to_batch(use, padded, sizes, (0,) * len(around))


def joined(use: Any, xs: tuple[Value, ...]) -> list[Value]:
    """Operands with the scale of the result."""
    new = made(use)
    if not is_quantized(use) or new is None:
        return list(xs)
    return [brought(x, said, new) if x.dtype in BYTES and (said := given(use, k)) else x for k, x in enumerate(xs)]


def brought(x: Value, old: dict[str, Any], new: dict[str, Any]) -> Value:
    """One operand with the scale of the result: uint8 by a product of floats, int8 in whole numbers."""
    if x.dtype != "uint8" or all(old[name] == new[name] for name in ("scale", "zero")):
        return requantized(x, old, new)
    factor = single(old["scale"] * single(1 / new["scale"]))
    y = fn.add(fn.multiply(fn.cast(x, "float32"), factor), single(-old["zero"] * factor))
    return narrowed(fn.cast(rounded(y), "int32"), new)


@op("CONCATENATION", bytes_="own")
def concatenate(use: Any, *xs: Value) -> Value:
    y = fn.concatenate(joined(use, xs), use.axis(xs[0].rank))
    return activated(use, y) if y.dtype == "float32" else y


@op("PACK", bytes_="own")
def pack(use: Any, *xs: Value) -> Value:
    return fn.stack(joined(use, xs), use["axis"])


@op("GATHER", bytes_="raw")
def gather(use: Any, x: Value, indices: Value) -> Value:
    return indexing.gathered(x, indices, use["axis"] or 0, use["batch_dims"] or 0)


@op("EMBEDDING_LOOKUP", bytes_="own", parameters=(1,))
def embedding(use: Any, indices: Value, table: Value) -> Value:
    rows = fn.gather(table, [indices], (0,))
    said = given(use, 1)
    if said is None or rows.dtype not in BYTES or made(use) is not None:
        return rows
    if "axis" in said:
        raise use.refuse("one scale for all of a table", "one for each row")
    from fanlight.importers.tflite.rules.fixed import dequantized

    return dequantized(rows, said)


@op("TOPK_V2", bytes_="raw", settings=(1,))
def top_k(use: Any, x: Value, count: Value) -> tuple[Value, Value]:
    (k,) = use.dims(count, "k")
    return choices.largest(use, x, k, "int32")
