"""What is a program made of? Loop nests over buffers.

`Nest` is one op's loop nest over its operands; `Kernel` is what fusion makes of several nests; `Loop` and `Branch`
are around kernels; `Program` is all in order with one memory plan. Indices are integer expressions (`ir.dim`) over the
names of the axes. Knows no target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fanlight.ir import dim as dims
from fanlight.ir.dim import DimLike
from fanlight.ir.number import integer_range
from fanlight.ir.scalar import Scalar
from fanlight.ir.types import Shape, Type, contiguous_strides, item_bytes

SLACK = 128  # bytes in front of and after every buffer that vector loads may touch, but not change
COMBINES = ("add", "mul", "max", "min")  # how a reduction joins two values; NaN wins in max and min
FOLD = "fold"  # in a prefix: the value itself holds the accumulator, which starts at 0
SORT = "sort"  # values are put in ascending order


@dataclass(frozen=True, slots=True)
class Axis:
    """One loop: a name, unique within its kernel, and an extent."""

    name: str
    extent: DimLike

    @property
    def index(self) -> DimLike:
        """The loop index as an integer expression, `0 .. extent-1`."""
        return dims.size(self.name, 0, max(dims.upper(self.extent) - 1, 0))


@dataclass(frozen=True, slots=True)
class Nest:
    """`out[axes] = combine over reduce of value`, where `read(k, ...)` in the value is the op's k-th operand.

    The other kinds store at `place`. `prefix` does so at each point of `axes` and `reduce`, in order, what has been
    combined so far. `sort` puts the int64 values along its one reduce axis in ascending order and stores `result`, over
    the accumulator, for as many ranks as the result is long. `scatter` begins with a copy of operand 0, of which
    `read(0, ...)` is the current content, and stores at each point of `axes`, in order; places may come from data."""

    axes: tuple[Axis, ...]
    value: Scalar
    reduce: tuple[Axis, ...] = ()
    combine: str = ""
    kind: str = ""  # or prefix, sort, scatter
    place: tuple[DimLike, ...] = ()
    result: Scalar | None = None


def make_axes(shape: Shape, prefix: str = "i") -> tuple[Axis, ...]:
    """One axis for each dim of a shape: `i0, i1, ...`."""
    return tuple(Axis(f"{prefix}{k}", extent) for k, extent in enumerate(shape))


def identity(combine: str, dtype: str) -> float | int | bool:
    """The value that a reduction starts from."""
    if combine in ("add", "mul", FOLD):
        return int(combine == "mul")
    low = combine == "max"
    if dtype == "float32":
        return float("-inf") if low else float("inf")
    if dtype == "bool":
        return 0 if low else 1
    return integer_range(dtype)[0 if low else 1]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the elements of a value lie in a buffer: `offset + sum(index * stride)`, in elements."""

    strides: Shape
    offset: DimLike = 0

    def address(self, indices: tuple[DimLike, ...]) -> DimLike:
        total = self.offset
        for index, stride in zip(indices, self.strides, strict=True):
            total = total + index * stride
        return total


def dense(type: Type) -> Layout:
    return Layout(contiguous_strides(type.shape))


@dataclass(frozen=True, slots=True)
class Operand:
    """A buffer as one kernel sees it: the logical type of the view and where its elements lie."""

    buffer: str
    type: Type
    layout: Layout


@dataclass(frozen=True, slots=True)
class Store:
    """`operands[slot][indices] = value`; the value may contain the accumulator."""

    slot: int
    indices: tuple[DimLike, ...]
    value: Scalar


@dataclass(frozen=True, slots=True)
class Contraction:
    """How a `contract` kernel runs. Its value is `mul(read a, read b)` of float32, or of int16 cast to int32: then the
    last reduce axis is a pair of neighbours in both, and B has stride 2 along `lane`. Axes are rows (outer to inner),
    `panel`, then `lane` (`tile_columns` long). B's address is affine with stride 1 along `lane`; A's does not depend
    on `panel` and `lane`, B's on no rows but leading ones (a batch of products). Of the columns `panel * tile_columns
    + lane` only those below `columns` are stored: what B holds beyond them is arbitrary and may be read. `split`
    leading reduce axes run outside the tiles; partial sums then rest in the output, and the epilogue is a plain
    store."""

    a: int
    b: int
    columns: DimLike
    tile_rows: int
    tile_columns: int
    unroll: int = 2
    split: int = 0


@dataclass(frozen=True, slots=True)
class Sorting:
    """How a `sort` kernel runs: the operand `scratch` (int64) is its own while it runs, and the first `keep` ranks are
    stored. Where `selects`, the scratch holds the `keep` smallest values so far, else all values, twice."""

    scratch: int
    keep: DimLike
    selects: bool


@dataclass(frozen=True, slots=True)
class Kernel:
    """One loop nest. Without `reduce`, `value` is None and the stores are the body; with it, `value` is what is
    combined over `reduce` and the stores are the epilogue, at each point of `axes`. The scheduler chooses `kind` and
    `schedule`.

    Kernels of kind `prefix` and `sort` store at each point of `axes` and `reduce`, in order: what is combined so far,
    or the values in ascending order. A `scatter` runs in order: it may store to one place several times, and what it
    reads of the stored operand is the current content."""

    name: str
    kind: str  # map, reduce, contract, prefix, sort, scatter
    axes: tuple[Axis, ...]
    operands: tuple[Operand, ...]
    stores: tuple[Store, ...]
    value: Scalar | None = None
    reduce: tuple[Axis, ...] = ()
    combine: str = ""
    schedule: Contraction | Sorting | None = None

    def __repr__(self) -> str:  # as of a program
        return f"Kernel({self.name}: {self.kind})"

    @property
    def touched(self) -> frozenset[str]:
        """The buffers that it reads or writes."""
        return frozenset(o.buffer for o in self.operands)

    @property
    def written(self) -> frozenset[str]:
        """The buffers that it stores to, and what it scribbles on."""
        slots = [store.slot for store in self.stores]
        slots += [self.schedule.scratch] if isinstance(self.schedule, Sorting) else []
        return frozenset(self.operands[slot].buffer for slot in slots)


@dataclass(frozen=True, slots=True)
class Loop:
    """Runs `steps` for `size` = 0 .. extent-1, backwards where `reverse`. `carries` are buffers that hold something
    before the first step already. With a `guard`, a bool scalar read after step number `guard_after` of each round, the
    loop ends where it is false."""

    name: str
    size: dims.Size  # the loop index; index expressions and extents of the steps may name it
    extent: DimLike
    steps: tuple[Step, ...]
    carries: tuple[str, ...] = ()
    reverse: bool = False
    guard: str = ""
    guard_after: int = -1

    @property
    def touched(self) -> frozenset[str]:
        guard = {self.guard} if self.guard else set()
        return frozenset(self.carries).union(guard, *(step.touched for step in self.steps))

    @property
    def written(self) -> frozenset[str]:
        return frozenset[str]().union(*(step.written for step in self.steps))


@dataclass(frozen=True, slots=True)
class Branch:
    """Runs `yes` where the bool scalar in buffer `condition` is true, else `no`."""

    name: str
    condition: str
    yes: tuple[Step, ...]
    no: tuple[Step, ...]

    @property
    def touched(self) -> frozenset[str]:
        return frozenset([self.condition]).union(*(step.touched for step in (*self.yes, *self.no)))

    @property
    def written(self) -> frozenset[str]:
        return frozenset[str]().union(*(step.written for step in (*self.yes, *self.no)))


Step = Kernel | Loop | Branch


def kernels_of(steps: Iterable[Step]) -> Iterator[Kernel]:
    """Every kernel of a tree of steps, once, in the order in which they are written down."""
    for step in steps:
        if isinstance(step, Kernel):
            yield step
        elif isinstance(step, Loop):
            yield from kernels_of(step.steps)
        else:
            yield from kernels_of((*step.yes, *step.no))


SPACES = ("input", "output", "state", "derived", "arena")


@dataclass(frozen=True, slots=True)
class Buffer:
    """A piece of memory: `type` gives dtype and logical extents, `count` elements are reserved at byte `offset`."""

    name: str
    type: Type
    space: str
    count: int
    offset: int = -1

    @property
    def bytes(self) -> int:
        return self.count * item_bytes(self.type.dtype)


@dataclass(frozen=True, slots=True)
class Derivation:
    """Kernels that compute derived buffers from state: run again when one of `groups` has changed."""

    kernels: tuple[Kernel, ...]
    buffers: tuple[str, ...]
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Procedure:
    """One exported function: derivations it relies on, then kernels, loops and branches. After step number
    `guard_after` the int or bool scalar in buffer `guard` is read: zero ends the call with status 1 before any state is
    written. `groups` are the state groups that it writes."""

    name: str
    sizes: tuple[dims.Size, ...]
    inputs: Mapping[str, str]  # input name -> buffer
    outputs: Mapping[str, str]
    kernels: tuple[Step, ...]
    derivations: tuple[int, ...] = ()
    guard: str = ""
    guard_after: int = -1
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """All functions of a module, for one target, in one memory plan."""

    buffers: Mapping[str, Buffer]
    procedures: Mapping[str, Procedure]
    derivations: tuple[Derivation, ...]
    state: Mapping[str, str]  # state name -> buffer
    groups: Mapping[str, int]  # state name -> version group
    bytes: int  # all memory, the header included
    versions: int = 0  # byte offset of the group versions (int32 each), then one stamp for each derivation

    def __repr__(self) -> str:  # its expressions share parts, and written out have no end
        return f"Program({', '.join(self.procedures)}; {self.bytes:,} bytes)"
