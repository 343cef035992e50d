"""What do TensorFlow's operations mean that move elements? Shapes, order, joining, splitting, borders, blocks."""

from __future__ import annotations

from typing import Any

from fanlight.importers.tensorflow.rules.table import COMPLEX, op
from fanlight.importers.tensorflow.rules.windows import back, last
from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.graph import Value
from fanlight.ops import functions as fn
from fanlight.ops.known import known

MOST_PARTS = 16384  # that one node cuts an array into


@op("Reshape", settings=(1,), takes_complex=True)
def reshape(use: Any, x: Value, shape: Value) -> Value:
    wanted = use.dims(shape, "a shape")
    if use["T"] in COMPLEX:
        wanted = (*wanted, 2)
    if -1 in wanted and 0 in wanted:
        raise use.refuse("a shape without both 0 and -1", wanted)
    return fn.reshape(x, wanted)


@op("Transpose", settings=(1,))
def transpose(use: Any, x: Value, order: Value) -> Value:
    return fn.transpose(x, use.ints(order, "an order of axes"))


@op("ExpandDims", settings=(1,))
def expand_dims(use: Any, x: Value, axis: Value) -> Value:
    return fn.expand_dims(x, use.ints(axis, "an axis"))


@op("Squeeze")
def squeeze(use: Any, x: Value) -> Value:
    return fn.squeeze(x, tuple(use["squeeze_dims"] or ()) or None)


@op("ConcatV2")
def concatenate(use: Any, *operands: Value) -> Value:
    *xs, axis = operands
    return fn.concatenate(xs, *use.ints(axis, "an axis"))


@op("Concat", settings=(0,))
def concatenate_along(use: Any, axis: Value, *xs: Value) -> Value:
    return fn.concatenate(xs, *use.ints(axis, "an axis"))


@op("Pack")
def pack(use: Any, *xs: Value) -> Value:
    return fn.stack(xs, use["axis"])


@op("Unpack")
def unpack(use: Any, x: Value) -> tuple[Value, ...]:
    axis = use.axis(x.rank)
    count = x.shape[axis]
    if not isinstance(count, int):
        raise use.refuse("an axis of known length", x.type)
    return tuple(fn.squeeze(part, axis) for part in parts(x, [1] * count, axis))


@op("Split", settings=(0,))
def split(use: Any, axis: Value, x: Value) -> tuple[Value, ...]:
    (k,) = use.ints(axis, "an axis")
    k += x.rank if k < 0 else 0
    count = use["num_split"]
    if dims.modulo(x.shape[k], count) != 0:
        raise use.error(f"a length that {count} divides", x.type)
    return parts(x, [dims.floor_divide(x.shape[k], count)] * count, k)


@op("SplitV", settings=(1, 2))
def split_by(use: Any, x: Value, sizes: Value, axis: Value) -> tuple[Value, ...]:
    (k,) = use.ints(axis, "an axis")
    k += x.rank if k < 0 else 0
    lengths = list(use.dims(sizes, "lengths"))
    if lengths.count(-1) == 1:  # what is left
        place = lengths.index(-1)
        lengths[place] = x.shape[k] - sum((each for each in lengths if each != -1), start=0)
    if sum(lengths, start=0) != x.shape[k]:
        raise use.error(f"lengths that make up {x.shape[k]}", lengths)
    return parts(x, lengths, k)


def parts(x: Value, lengths: list[DimLike], axis: int) -> tuple[Value, ...]:
    """The parts of these lengths along an axis, one after the other."""
    if len(lengths) > MOST_PARTS:
        raise NotImplementedError(f"more than {MOST_PARTS} parts: {len(lengths)}")
    found: list[Value] = []
    start: DimLike = 0
    for length in lengths:
        starts = [start if k == axis else 0 for k in range(x.rank)]
        found.append(fn.slice(x, starts, (*x.shape[:axis], length, *x.shape[axis + 1 :])))
        start = start + length
    return tuple(found)


@op("Tile", settings=(1,))
def tile(use: Any, x: Value, counts: Value) -> Value:
    times = use.dims(counts, "counts")
    if all(isinstance(each, int) for each in times):
        return fn.tile(x, times)  # type: ignore[arg-type]  # all are numbers
    pairs = [pair for each, extent in zip(times, x.shape, strict=True) for pair in ((each, 1), (1, extent))]
    spread = fn.reshape(x, [extent for _, extent in pairs])
    wide = fn.broadcast_to(spread, [extent if each == 1 else each for each, extent in pairs])
    return fn.reshape(wide, [each * extent for each, extent in zip(times, x.shape, strict=True)])


@op("BroadcastTo", settings=(1,))
def broadcast_to(use: Any, x: Value, shape: Value) -> Value:
    return fn.broadcast_to(x, use.dims(shape, "a shape"))


@op("ReverseV2", settings=(1,))
def reverse(use: Any, x: Value, axes: Value) -> Value:
    found = use.ints(axes, "axes")
    return fn.flip(x, found) if found else x


@op("Reverse", settings=(1,))
def reverse_where(use: Any, x: Value, flags: Value) -> Value:
    axes = [k for k, flag in enumerate(use.ints(flags, "axes")) if flag]
    return fn.flip(x, axes) if axes else x


@op("ReverseSequence")
def reverse_rows(use: Any, x: Value, lengths: Value) -> Value:
    along, batch = (use[name] + (x.rank if use[name] < 0 else 0) for name in ("seq_dim", "batch_dim"))
    moved = fn.moveaxis(x, (batch, along), (0, 1))
    place = fn.iota(moved.shape[:2], 1)
    length = fn.expand_dims(fn.cast(lengths, "int32"), 1)
    turned = fn.where(fn.less(place, length), fn.subtract(fn.subtract(length, 1), place), place)
    return fn.moveaxis(fn.gather(moved, [turned], (1,), 1), (0, 1), (batch, along))


@op("InvertPermutation")
def invert_order(use: Any, x: Value) -> Value:
    return fn.cast(fn.argsort(x, 0), x.dtype)


@op("Roll", settings=(2,))
def roll(use: Any, x: Value, shifts: Value, axes: Value) -> Value:
    """One axis after the other, each by all that is said of it."""
    which = [axis % x.rank for axis in use.ints(axes, "axes")]
    steps = fn.reshape(shifts, (len(which),))
    for k, axis in enumerate(which):
        extent = fn.size_of(x.shape[axis])
        step = fn.cast(fn.slice(steps, (k,), (1,)), "int32")
        x = fn.gather(x, [fn.mod(fn.subtract(fn.iota((x.shape[axis],), 0), step), extent)], (axis,))
    return x


# Borders


def pairs_of(use: Any, x: Value, pads: Value) -> list[tuple[DimLike, DimLike]]:
    given = use.dims(pads, "pads")
    if len(given) != 2 * x.rank:
        raise use.error(f"a pair of pads for each of {x.rank} axes", given)
    return list(zip(given[::2], given[1::2], strict=True))


@op("Pad", settings=(1,))
def pad(use: Any, x: Value, pads: Value) -> Value:
    return fn.pad(x, pairs_of(use, x, pads))


@op("PadV2", settings=(1,))
def pad_with(use: Any, x: Value, pads: Value, fill: Value) -> Value:
    content = known(fill)
    value = fill if content is None or content.dtype == object else content.item()
    return fn.pad(x, pairs_of(use, x, pads), constant_values=value)


@op("MirrorPad", settings=(1,))
def mirror_pad(use: Any, x: Value, pads: Value) -> Value:
    if use["mode"] not in ("REFLECT", "SYMMETRIC"):
        raise use.error("mode REFLECT or SYMMETRIC", repr(use["mode"]))
    return fn.pad(x, pairs_of(use, x, pads), use["mode"].lower())


# Blocks


@op("SpaceToBatchND", settings=(1, 2))
def space_to_batch(use: Any, x: Value, block: Value, pads: Value) -> Value:
    return to_batch(use, x, use.ints(block, "a block"), use.dims(pads, "pads"))


@op("SpaceToBatch", settings=(1,))
def square_to_batch(use: Any, x: Value, pads: Value) -> Value:
    return to_batch(use, x, (use["block_size"],) * 2, use.dims(pads, "pads"))


def to_batch(use: Any, x: Value, block: tuple[int, ...], pads: tuple[DimLike, ...]) -> Value:
    count = len(block)
    rest = x.shape[1 + count :]
    x = fn.pad(x, [(0, 0), *zip(pads[::2], pads[1::2], strict=True), *[(0, 0)] * len(rest)])
    if any(dims.modulo(n, size) != 0 for n, size in zip(x.shape[1:], block, strict=False)):
        raise use.error(f"lengths that {block} divide", x.type)
    outs = [dims.floor_divide(n, size) for n, size in zip(x.shape[1:], block, strict=False)]
    split_up = fn.reshape(x, (x.shape[0], *(each for pair in zip(outs, block, strict=True) for each in pair), *rest))
    blocks = [2 + 2 * k for k in range(count)]
    order = (*blocks, 0, *(place - 1 for place in blocks), *range(1 + 2 * count, split_up.rank))
    return fn.reshape(fn.transpose(split_up, order), (dims.product((x.shape[0], *block)), *outs, *rest))


@op("BatchToSpaceND", settings=(1, 2))
def batch_to_space(use: Any, x: Value, block: Value, crops: Value) -> Value:
    return from_batch(use, x, use.ints(block, "a block"), use.dims(crops, "crops"))


@op("BatchToSpace", settings=(1,))
def batch_to_square(use: Any, x: Value, crops: Value) -> Value:
    return from_batch(use, x, (use["block_size"],) * 2, use.dims(crops, "crops"))


def from_batch(use: Any, x: Value, block: tuple[int, ...], crops: tuple[DimLike, ...]) -> Value:
    count = len(block)
    places, rest = x.shape[1 : 1 + count], x.shape[1 + count :]
    size = dims.product(block)
    if dims.modulo(x.shape[0], size) != 0:
        raise use.error(f"rows that {size} divides", x.type)
    n = dims.floor_divide(x.shape[0], size)
    split_up = fn.reshape(x, (*block, n, *places, *rest))
    inner = [axis for k in range(count) for axis in (count + 1 + k, k)]
    whole = [n * size for n, size in zip(places, block, strict=True)]
    y = fn.reshape(fn.transpose(split_up, (count, *inner, *range(1 + 2 * count, split_up.rank))), (n, *whole, *rest))
    low, high = crops[::2], crops[1::2]
    kept = [each - a - b for each, a, b in zip(whole, low, high, strict=True)]
    return fn.slice(y, (0, *low, *[0] * len(rest)), (n, *kept, *rest))


@op("SpaceToDepth")
def space_to_depth(use: Any, x: Value) -> Value:
    return back(use, fn.space_to_depth(last(use, x), use["block_size"]))


@op("DepthToSpace")
def depth_to_space(use: Any, x: Value) -> Value:
    return back(use, fn.depth_to_space(last(use, x), use["block_size"]))
