"""What do lists of tensors mean, those of TensorFlow 2 (TensorList) and of 1 (TensorArray)?

A list is known by its length, and one array of all items. A TensorArray is what flows through it: its handle, a number
that nobody needs, only names it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fanlight.errors import ModelFormatError
from fanlight.importers.graphs.run import Held
from fanlight.importers.tensorflow.rules.table import dtype_named, op
from fanlight.ir import dim as dims
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.ops import functions as fn
from fanlight.ops.known import known

MOST_GROWN = 512  # items of a list that becomes longer item by item: each time all are copied
WAY_OUT = "make the list as long as it becomes, with dynamic_size=False"


@dataclass(frozen=True)
class TensorList(Held):
    """A list of tensors: `whole` has them one after the other along its first axis; until the first one is written
    only their number and dtype are known."""

    length: Any
    dtype: str
    whole: Value | None = None
    shape: tuple[Any, ...] | None = None  # of an item, as it was declared, with None for what is unknown
    grows: bool = False  # where one behind its end is written
    wrong: ModelFormatError | None = None  # what is said where its items are read

    @property
    def values(self) -> tuple[Value, ...]:
        return () if self.whole is None else (self.whole,)


def item_shape(use: Any, shape: Value) -> tuple[Any, ...] | None:
    """The shape of an item as an operand says it; None where its rank is unknown."""
    content = known(shape)
    if content is None or content.ndim == 0:
        return None
    return tuple(None if isinstance(n, int) and n < 0 else n for n in (use.dims(shape, "a shape")))


def empty(use: Any, count: Any, dtype: str, item: Any) -> TensorList:
    """A list of so many items, which are 0 where their shape is known."""
    dtype = dtype_named(use, dtype)
    whole = None if item is None or None in item else fn.zeros((count, *item), dtype)
    return TensorList(count, dtype, whole, item)


def length_of(use: Any, length: Value) -> Any:
    return use.dims(fn.reshape(length, (1,)), "a length")[0]


@op("TensorListReserve", settings=(0, 1))
def reserve(use: Any, shape: Value, length: Value) -> TensorList:
    return empty(use, length_of(use, length), use["element_dtype"], item_shape(use, shape))


@op("EmptyTensorList", settings=(0,))
def empty_list(use: Any, shape: Value, most: Value) -> TensorList:
    return empty(use, 0, use["element_dtype"], item_shape(use, shape))


@op("TensorListFromTensor", settings=(1,))
def from_tensor(use: Any, x: Value, shape: Value) -> TensorList:
    return TensorList(x.shape[0], x.dtype, x, x.shape[1:])


def checked(use: Any, found: Any) -> TensorList:
    if not isinstance(found, TensorList):
        raise use.error("a list of tensors", found)
    return found


def described(found: TensorList) -> str:
    """A list, for messages."""
    items = f"{found.dtype} of unknown shape" if found.whole is None else Type(found.whole.dtype, found.whole.shape[1:])
    return f"a list of {dims.text(found.length)} items {items}"


def stacked(use: Any, found: Any, shape: Value | None = None) -> Value:
    """All items as one array; 0 where none was written and the reader says their shape."""
    found = checked(use, found)
    if found.wrong is not None:
        raise found.wrong
    if found.whole is None and shape is not None:
        found = empty(use, found.length, found.dtype, item_shape(use, shape))
    if found.whole is None:
        raise use.refuse("items that were written before, or their shape", described(found))
    return found.whole


def check_item(use: Any, found: TensorList, dtype: str, shape: tuple[Any, ...]) -> None:
    """Raises ModelFormatError for an item that the list declares otherwise, UnsupportedOp for one of a shape of its
    own, which TensorFlow allows."""
    if dtype != found.dtype or (found.shape is not None and not agree(shape, found.shape)):
        extents = "..." if found.shape is None else ", ".join("?" if n is None else dims.text(n) for n in found.shape)
        raise use.error(f"an item of {found.dtype}[{extents}]", f"{dtype}[{', '.join(map(dims.text, shape))}]")
    if found.whole is not None and found.length != 0 and not agree(shape, found.whole.shape[1:]):
        raise use.refuse("items of one shape", f"{found.whole.shape[1:]} and {shape}")


def agree(shape: tuple[Any, ...], declared: tuple[Any, ...]) -> bool:
    """Whether an item of the one shape may be one of the other: what is open fits anything."""
    return len(shape) == len(declared) and not any(
        isinstance(a, int) and isinstance(b, int) and a != b for a, b in zip(shape, declared, strict=True)
    )


def taken(use: Any, found: Any, index: Value, shape: Value | None = None) -> Value:
    return fn.take(stacked(use, found, shape), fn.reshape(index, ()), axis=0)


@op("TensorListGetItem", settings=(2,))
def get_item(use: Any, found: Any, index: Value, shape: Value) -> Value:
    return taken(use, found, index, shape)


@op("TensorListSetItem")
def set_item(use: Any, found: Any, index: Value, item: Value) -> TensorList:
    return put(use, replace(checked(use, found), grows=bool(use["resize_if_index_out_of_bounds"])), index, item)


def put(use: Any, found: Any, index: Value, item: Value) -> TensorList:
    """The list in which the item of this number is another one."""
    found = checked(use, found)
    check_item(use, found, item.dtype, item.shape)
    if found.grows:
        found = grown(use, found, index, item)
    number = known(fn.reshape(index, ()))
    if number is not None and isinstance(found.length, int) and not 0 <= number.item() < found.length:
        # Who computes both sides of a branch computes this one too, and does not read it.
        return replace(found, wrong=use.error(f"the number of one of {found.length} items", number.item()))
    whole = found.whole
    if found.length == 1:
        return replace(found, whole=fn.reshape(item, (1, *item.shape)))
    if whole is None:
        whole = fn.zeros((found.length, *item.shape), item.dtype)
    start = (fn.cast(fn.reshape(index, ()), "int32"), *[fn.full((), 0, "int32")] * item.rank)
    changed = fn.slice_update(whole, fn.stack(list(start)), fn.reshape(item, (1, *item.shape)))
    return replace(found, whole=changed)


def grown(use: Any, found: TensorList, index: Value, item: Value) -> TensorList:
    """The list with so many items that there is one of this number."""
    number = known(fn.reshape(index, ()))
    if number is None or not isinstance(found.length, int):
        raise use.refuse("lists that grow by numbers that constants tell", "one by what depends on data", WAY_OUT)
    return resized(use, found, max(found.length, int(number) + 1), item.dtype, item.shape)


def resized(use: Any, found: TensorList, length: int, dtype: str, shape: Any) -> TensorList:
    """The list with so many items: new ones are 0."""
    if length < 0:
        raise use.error("a length of at least 0", length)
    if found.whole is not None and length > found.length >= MOST_GROWN:
        raise use.refuse(f"lists that grow up to {MOST_GROWN} items", length)
    if length <= found.length:
        whole = None if found.whole is None else found.whole[:length]
        return replace(found, length=length, whole=whole)
    more = fn.zeros((length - found.length, *shape), dtype)
    whole = more if found.whole is None or not found.length else fn.concatenate([found.whole, more], 0)
    return replace(found, length=length, whole=whole)


@op("TensorListResize", settings=(1,))
def resize(use: Any, found: Any, length: Value) -> TensorList:
    found, wanted = checked(use, found), length_of(use, length)
    if not isinstance(wanted, int) or not isinstance(found.length, int):
        raise use.refuse("a length that constants tell", wanted)
    if found.whole is None and (found.shape is None or None in found.shape):
        return replace(found, length=wanted)
    return resized(use, found, wanted, found.dtype, found.shape if found.whole is None else found.whole.shape[1:])


@op("TensorListPushBack")
def push_back(use: Any, found: Any, item: Value) -> TensorList:
    found, last = checked(use, found), fn.reshape(item, (1, *item.shape))
    check_item(use, found, item.dtype, item.shape)
    if found.length == 0:
        return replace(found, length=1, whole=last)
    stacked(use, found)
    if not isinstance(found.length, int) or found.length >= MOST_GROWN:
        raise use.refuse(f"lists that grow up to {MOST_GROWN} items", found.length + 1)
    return replace(found, length=found.length + 1, whole=fn.concatenate([found.whole, last], 0))


@op("TensorListPopBack", settings=(1,))
def pop_back(use: Any, found: Any, shape: Value) -> tuple[TensorList, Value]:
    found = checked(use, found)
    if found.length == 0:
        raise use.error("a list with items", "an empty one")
    whole, last = stacked(use, found, shape), found.length - 1
    if not isinstance(last, int):
        raise use.refuse("a list of a known number of items", dims.text(found.length))
    return replace(found, length=last, whole=whole[:last]), whole[last]


@op("TensorListScatter", "TensorListScatterV2", settings=(1, 2, 3))
def scatter(use: Any, x: Value, indices: Value, shape: Value, length: Value | None = None) -> TensorList:
    """The rows of x as items of these numbers; those that none has are 0."""
    count = None if length is None else use.ints(fn.reshape(length, (1,)), "a length")[0]
    if count is None or count < 0:
        count = max((int(each) + 1 for each in use.array(indices, "numbers of items").ravel()), default=0)
    return scattered(use, TensorList(count, x.dtype), x, indices)


def scattered(use: Any, found: TensorList, x: Value, indices: Value) -> TensorList:
    """The list in which the rows of x are the items of these numbers."""
    check_item(use, found, x.dtype, x.shape[1:])
    content = known(indices)
    numbers = [] if content is None else [int(each) for each in content.ravel() if not isinstance(each, dims.Dim)]
    end = found.length if isinstance(found.length, int) else None
    if any(each < 0 or (end is not None and each >= end) for each in numbers):
        raise use.error("numbers of items" if end is None else f"numbers of {end} items", numbers[:8])
    begin = found.whole if found.whole is not None else fn.zeros((found.length, *x.shape[1:]), x.dtype)
    whole = fn.scatter_update(begin, fn.expand_dims(fn.cast(indices, "int32"), -1), x)
    return replace(found, whole=whole)


@op("TensorListSplit", settings=(1, 2))
def split(use: Any, x: Value, shape: Value, lengths: Value) -> TensorList:
    return in_parts(use, x, lengths)


def in_parts(use: Any, x: Value, lengths: Value) -> TensorList:
    """Parts of x, all of one length, as items."""
    parts = use.ints(lengths, "lengths of parts")
    if len(set(parts)) != 1 or parts[0] < 1:
        raise use.refuse("parts of one length, which are rows of one array", parts)
    return TensorList(
        len(parts), x.dtype, fn.reshape(x, (len(parts), parts[0], *x.shape[1:])), (parts[0], *x.shape[1:])
    )


@op("TensorListStack", settings=(1,))
def stack(use: Any, found: Any, shape: Value) -> Value:
    return stacked(use, found, shape)


@op("TensorListGather", settings=(2,))
def gather(use: Any, found: Any, indices: Value, shape: Value | None = None) -> Value:
    return fn.take(stacked(use, found, shape), indices, axis=0)


@op("TensorListConcat", "TensorListConcatV2")
def concat(use: Any, found: Any, *_: Value) -> tuple[Value, Value]:
    return concatenated(use, found)


def concatenated(use: Any, found: Any) -> tuple[Value, Value]:
    """The items one after another, and how long each is along its first axis: all have one shape here."""
    whole = stacked(use, found)
    if whole.rank < 2:
        raise use.error("items of at least one axis", whole.type)
    count, extent, *rest = whole.shape
    lengths = fn.broadcast_to(fn.cast(fn.size_of(extent), "int64"), (count,))
    return fn.reshape(whole, (count * extent, *rest)), lengths


@op("TensorListLength")
def length(use: Any, found: Any) -> Value:
    count = checked(use, found).length
    return fn.full((), count, "int32") if not isinstance(count, dims.Dim) else fn.cast(fn.size_of(count), "int32")


# TensorFlow 1


@op("TensorArrayV3", settings=(0,))
def array(use: Any, length: Value) -> tuple[Value, TensorList]:
    said = use["element_shape"]
    item = None if said is None else tuple(None if n is None or n < 0 else n for n in said)
    found = empty(use, length_of(use, length), use["dtype"], item)
    return fn.full((), 0, "int32"), replace(found, grows=bool(use["dynamic_size"]))


@op("TensorArrayWriteV3")
def write(use: Any, handle: Any, index: Value, item: Value, flow: Any) -> TensorList:
    return put(use, flow, index, item)


@op("TensorArrayReadV3")
def read(use: Any, handle: Any, index: Value, flow: Any) -> Value:
    return taken(use, flow, index)


@op("TensorArrayGatherV3")
def gather_array(use: Any, handle: Any, indices: Value, flow: Any) -> Value:
    return gather(use, flow, indices)


@op("TensorArrayScatterV3")
def scatter_array(use: Any, handle: Any, indices: Value, x: Value, flow: Any) -> TensorList:
    found = checked(use, flow)
    if found.grows:
        last = max((int(each) for each in use.array(indices, "numbers of items").ravel()), default=-1)
        found = resized(use, found, max(found.length, last + 1), x.dtype, x.shape[1:])
    return scattered(use, found, x, indices)


@op("TensorArrayConcatV3")
def concat_array(use: Any, handle: Any, flow: Any) -> tuple[Value, Value]:
    return concatenated(use, flow)


@op("TensorArraySplitV3", settings=(2,))
def split_array(use: Any, handle: Any, x: Value, lengths: Value, flow: Any) -> TensorList:
    return replace(in_parts(use, x, lengths), grows=checked(use, flow).grows)


@op("TensorArraySizeV3")
def size_of_array(use: Any, handle: Any, flow: Any) -> Value:
    return length(use, flow)
